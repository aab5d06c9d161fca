/** Streams of any size into S3: one put where they fit into a part, a multipart upload where not. */
import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ForebayError } from '../core/errors.ts';
import type { ObjectRef } from '../core/run.ts';
import { httpStatus, translate } from './errors.ts';

export interface UploadOptions {
  partBytes: number;
  ifNoneMatch: boolean;
}

export interface Uploaded {
  /** `false`: there was an object of this key, and it stays as it is. */
  created: boolean;
  versionId: string | null;
  /** Base64, as S3 computes it: of the whole for a single put, of the parts' digests, with `-n`, for n parts. */
  compositeSha256: string;
}

/** Parts on their way at once: with the one being filled they bound the memory. */
const partsInFlight = 2;

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

export async function putStream(
  client: S3Client,
  ref: ObjectRef,
  body: AsyncIterable<Uint8Array>,
  options: UploadOptions,
): Promise<Uploaded> {
  const parts = partsOf(body, options.partBytes);
  const first = await parts.next();
  const second = first.done ? first : await parts.next();
  if (second.done) return putWhole(client, ref, first.done ? Buffer.alloc(0) : first.value, options);
  return putParts(client, ref, prepend([first.value as Buffer, second.value], parts), options);
}

async function putWhole(
  client: S3Client,
  ref: ObjectRef,
  bytes: Buffer,
  options: UploadOptions,
): Promise<Uploaded> {
  const checksum = sha256(bytes).toString('base64');
  const command = new PutObjectCommand({
    Bucket: ref.bucket,
    Key: ref.key,
    Body: bytes,
    ChecksumSHA256: checksum,
    ...(options.ifNoneMatch ? { IfNoneMatch: '*' } : {}),
  });
  return finish(ref, checksum, () => client.send(command));
}

async function putParts(
  client: S3Client,
  ref: ObjectRef,
  parts: AsyncIterable<Buffer>,
  options: UploadOptions,
): Promise<Uploaded> {
  const target = { Bucket: ref.bucket, Key: ref.key };
  const created = await client
    .send(
      new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' }),
    )
    .catch(translate);
  const upload = { ...target, UploadId: created.UploadId };
  try {
    const done = await uploadParts(client, upload, parts);
    const digests = done.map(({ ChecksumSHA256 = '' }) => Buffer.from(ChecksumSHA256, 'base64'));
    const composite = `${sha256(Buffer.concat(digests)).toString('base64')}-${done.length}`;
    const complete = new CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: { Parts: done },
      ...(options.ifNoneMatch ? { IfNoneMatch: '*' } : {}),
    });
    const uploaded = await finish(ref, composite, () => client.send(complete));
    if (!uploaded.created) await abort(client, upload);
    return uploaded;
  } catch (error) {
    await abort(client, upload);
    throw error;
  }
}

interface Upload {
  Bucket: string;
  Key: string;
  UploadId: string | undefined;
}

async function uploadParts(
  client: S3Client,
  upload: Upload,
  parts: AsyncIterable<Buffer>,
): Promise<CompletedPart[]> {
  const done: CompletedPart[] = [];
  const underWay = new Set<Promise<void>>();
  let number = 0;
  try {
    for await (const bytes of parts) {
      number += 1;
      const part = { PartNumber: number, ChecksumSHA256: sha256(bytes).toString('base64') };
      const sending = client
        .send(new UploadPartCommand({ ...upload, ...part, Body: bytes }))
        .catch(translate)
        .then(({ ETag }) => {
          done.push({ ...part, ...(ETag === undefined ? {} : { ETag }) });
          underWay.delete(sending);
        });
      // Awaited below; until then a failure must not count as unhandled.
      sending.catch(() => undefined);
      underWay.add(sending);
      if (underWay.size >= partsInFlight) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  } catch (error) {
    await Promise.allSettled(underWay);
    throw error;
  }
  return done.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
}

/** The last call of an upload, with S3's own checksum compared with ours. */
async function finish(
  ref: ObjectRef,
  checksum: string,
  send: () => Promise<{ VersionId?: string | undefined; ChecksumSHA256?: string | undefined }>,
): Promise<Uploaded> {
  try {
    const answer = await send();
    if (answer.ChecksumSHA256 !== undefined && answer.ChecksumSHA256 !== checksum) {
      const what = `S3 has ${answer.ChecksumSHA256} for ${ref.key}, what was sent has ${checksum}`;
      throw new ForebayError('ChecksumMismatch', what);
    }
    return { created: true, versionId: answer.VersionId ?? null, compositeSha256: checksum };
  } catch (error) {
    if (httpStatus(error) === 412) return { created: false, versionId: null, compositeSha256: checksum };
    if (httpStatus(error) === 409) {
      throw new ForebayError(
        'ServiceUnavailable',
        `two uploads of ${ref.key} met; this one is to be done anew`,
      );
    }
    return translate(error);
  }
}

/** What cannot be aborted is left to the bucket's lifecycle rule; the error that led here matters more. */
async function abort(client: S3Client, upload: Upload): Promise<void> {
  await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
}

/** The body cut into parts of exactly `partBytes`, but for the last. */
async function* partsOf(
  body: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Buffer, undefined> {
  let part = Buffer.allocUnsafe(partBytes);
  let filled = 0;
  for await (const chunk of body) {
    let from = 0;
    while (from < chunk.length) {
      const take = Math.min(partBytes - filled, chunk.length - from);
      part.set(chunk.subarray(from, from + take), filled);
      filled += take;
      from += take;
      if (filled === partBytes) {
        yield part;
        part = Buffer.allocUnsafe(partBytes);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

async function* prepend(first: Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* rest;
}
