/** Objects in S3. Every write carries a SHA-256 that S3 checks, and what S3 answers is compared with ours. */
import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { ForebayError } from '../core/errors.ts';
import type { ObjectRef } from '../core/run.ts';
import { httpStatus, isNamed, translate } from './errors.ts';
import type { ListedObject, ObjectStore, StoredObject } from './interfaces.ts';
import { putStream } from './s3-upload.ts';
import { deleteVersions, listVersions } from './s3-versions.ts';

export function objectStore(client: S3Client): ObjectStore {
  return {
    get: async (ref, options) => collect(await open(client, ref, options)),
    getRange: async (ref, { offset, length }, options) => {
      if (length === 0) return Buffer.alloc(0);
      return collect(
        await open(client, ref, { ...options, range: `bytes=${offset}-${offset + length - 1}` }),
      );
    },
    stream: (ref, options) => open(client, ref, options),
    head: (ref, options) => head(client, ref, options?.versionId),
    list: (bucket, prefix) => list(client, bucket, prefix),
    listVersions: (bucket, prefix) => listVersions(client, bucket, prefix),
    deleteVersions: (bucket, versions) => deleteVersions(client, bucket, versions),
    put: (ref, body, options) => put(client, ref, body, options),
    copy: (from, to) => copy(client, from, to),
    putStream: (ref, body, options) => putStream(client, ref, body, options),
  };
}

interface Read {
  versionId?: string | null;
  ifMatch?: string;
  range?: string;
}

const at = ({ bucket, key }: ObjectRef) => ({ Bucket: bucket, Key: key });
const version = (versionId: string | null | undefined) => (versionId == null ? {} : { VersionId: versionId });

async function open(
  client: S3Client,
  ref: ObjectRef,
  { versionId, ifMatch, range }: Read = {},
): Promise<AsyncIterable<Uint8Array>> {
  try {
    const answer = await client.send(
      new GetObjectCommand({
        ...at(ref),
        ...version(versionId),
        ...(ifMatch === undefined ? {} : { IfMatch: `"${ifMatch}"` }),
        ...(range === undefined ? {} : { Range: range }),
      }),
    );
    return body(answer.Body as AsyncIterable<Uint8Array>);
  } catch (error) {
    if (httpStatus(error) === 412) {
      throw new ForebayError(
        'SourceChanged',
        `s3://${ref.bucket}/${ref.key} is not the object that was listed any more; run the slice again`,
        { cause: error },
      );
    }
    return translate(error);
  }
}

/** What breaks in the middle of a body is named as what breaks before it. */
async function* body(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    translate(error);
  }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function head(
  client: S3Client,
  ref: ObjectRef,
  versionId?: string | null,
): Promise<StoredObject | null> {
  try {
    const found = await client.send(
      new HeadObjectCommand({ ...at(ref), ...version(versionId), ChecksumMode: 'ENABLED' }),
    );
    return {
      bytes: found.ContentLength ?? 0,
      etag: unquoted(found.ETag),
      versionId: found.VersionId ?? null,
      checksumSha256: found.ChecksumSHA256 ?? null,
    };
  } catch (error) {
    if (isNamed(error, 'NotFound', 'NoSuchKey', 'NoSuchVersion')) return null;
    return translate(error);
  }
}

async function list(client: S3Client, bucket: string, prefix: string): Promise<ListedObject[]> {
  const found: ListedObject[] = [];
  try {
    // Most control characters are not in XML 1.0, and a carriage return comes out of it as a line feed.
    const request = { Bucket: bucket, Prefix: prefix, EncodingType: 'url' } as const;
    for await (const page of paginateListObjectsV2({ client }, request)) {
      for (const { Key = '', ETag, Size = 0 } of page.Contents ?? []) {
        const key = decodeURIComponent(Key.replaceAll('+', ' '));
        found.push({ key, versionId: null, etag: unquoted(ETag), bytes: Size });
      }
    }
  } catch (error) {
    return translate(error);
  }
  return found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

async function put(
  client: S3Client,
  ref: ObjectRef,
  body: Uint8Array,
  options: { ifNoneMatch?: boolean; contentType?: string } = {},
): Promise<boolean> {
  try {
    await client.send(
      new PutObjectCommand({
        ...at(ref),
        Body: body,
        ChecksumSHA256: createHash('sha256').update(body).digest('base64'),
        ...(options.ifNoneMatch ? { IfNoneMatch: '*' } : {}),
        ...(options.contentType === undefined ? {} : { ContentType: options.contentType }),
      }),
    );
    return true;
  } catch (error) {
    if (options.ifNoneMatch && httpStatus(error) === 412) return false;
    if (httpStatus(error) === 409) {
      throw new ForebayError('ServiceUnavailable', `two puts of ${ref.key} met; this one is to be done anew`);
    }
    return translate(error);
  }
}

async function copy(client: S3Client, from: ObjectRef, to: ObjectRef): Promise<{ sha256: string }> {
  const source = `${from.bucket}/${from.key.split('/').map(encodeURIComponent).join('/')}`;
  const answer = await client
    .send(new CopyObjectCommand({ ...at(to), CopySource: source, ChecksumAlgorithm: 'SHA256' }))
    .catch(translate);
  const checksum = answer.CopyObjectResult?.ChecksumSHA256 ?? (await head(client, to))?.checksumSha256;
  return { sha256: Buffer.from(checksum ?? '', 'base64').toString('hex') };
}

const unquoted = (etag = ''): string => etag.replaceAll('"', '');
