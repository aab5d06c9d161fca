/** One object into the raw bucket in one pass over its bytes, with all that is learned of them as they go by. */
import { createHash } from 'node:crypto';
import type { ObjectStore, StoredObject } from '../../aws/interfaces.ts';
import { pathsOf } from '../../core/contract/paths.ts';
import { ForebayError } from '../../core/errors.ts';
import { maxRecordBytes, recordFormat } from '../../core/formats/format.ts';
import type { Scanner } from '../../core/formats/interfaces.ts';
import type { Format, Job } from '../../core/job/model.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import type { Scan, ScannedObject, SourceObject, StoredBytes } from '../../core/shard.ts';
import { rawKey, unpackedKey } from '../../core/storage.ts';
import { startBytes } from '../../core/unpack/encoding.ts';
import { inStep } from '../../core/unpack/in-step.ts';
import { peek } from '../../core/unpack/peek.ts';
import { isPacked, unpack } from '../../core/unpack/unpack.ts';

export interface CopyDeps extends Pick<ObjectStore, 'head' | 'putStream'> {
  rawBucket: string;
  shardBytes: number;
  maxObjectBytes: number;
}

const MiB = 1_024 * 1_024;
const MIN_PART_BYTES = 8 * MiB;
const MAX_PARTS = 10_000;

/**
 * By the object's size alone, so that a repeat makes the same parts and by that the same composite sha256. Of what
 * is unpacked only the largest size is known beforehand, which is the same for a repeat, too.
 */
export const partBytes = (bytes: number): number =>
  Math.max(MIN_PART_BYTES, Math.ceil(bytes / MAX_PARTS / MiB) * MiB);

/**
 * Copies an object as it is, and scans it on the way; where it is no UTF-8, its text is put beside it and scanned in
 * its place. Nothing is put of an object that is refused. Memory holds some parts of each upload, whatever its size.
 */
export async function copyObject(
  deps: CopyDeps,
  run: RunRef,
  object: SourceObject,
  { format, contract }: Job,
  source: AsyncIterable<Uint8Array>,
): Promise<Omit<ScannedObject, 'object'>> {
  const limits = { shardBytes: deps.shardBytes, maxRecordBytes, paths: pathsOf(contract) };
  const scanner = recordFormat(format, {}, contract.names).scanner(limits);
  const bytes = asListed(object, source);
  try {
    const { start, all } = await peek(bytes, startBytes);
    const copy = isPacked(start, format.encoding) ? copyPacked : copyPlain;
    return await copy({ deps, run, object, format, scanner }, all);
  } finally {
    await bytes.return(undefined);
  }
}

interface Copying {
  deps: CopyDeps;
  run: RunRef;
  object: SourceObject;
  format: Format;
  scanner: Scanner;
}

async function copyPlain(copying: Copying, bytes: AsyncIterable<Uint8Array>) {
  const text = scanned(copying.scanner, bytes);
  const raw = await storeRaw(copying, text.bytes);
  return { raw, unpacked: null, scan: text.scan() };
}

/**
 * Both uploads at once, over the same bytes. Neither completes before the source has given all that it listed and
 * the text has been read to its end; where one fails, so does the other.
 */
async function copyPacked(copying: Copying, bytes: AsyncIterable<Uint8Array>) {
  const { deps, run, object, format, scanner } = copying;
  const pair = inStep(bytes);
  const maxBytes = deps.maxObjectBytes;
  const limits = { packedBytes: object.bytes, maxBytes, encoding: format.encoding };
  const text = scanned(scanner, unpack(pair.other, limits));
  const key = unpackedKey(run.job, run.runId, object.name);
  const uploads = [
    storeRaw(copying, behind(pair.one, pair.meet)),
    store(deps, key, behind(text.bytes, pair.meet), partBytes(maxBytes)),
  ] as const;
  const both = Promise.all(uploads);
  both.catch(pair.fail);
  // The other upload is aborted before the first failure is told.
  await Promise.allSettled(uploads);
  const [raw, unpacked] = await both;
  return { raw, unpacked, scan: text.scan() };
}

/** From raw nothing is put: what is there is compared with what the manifest says of it. */
const storeRaw = ({ deps, run, object }: Copying, bytes: AsyncIterable<Uint8Array>): Promise<StoredBytes> =>
  object.raw === undefined
    ? store(deps, rawKey(run.job, run.slice, run.runId, object.name), bytes, partBytes(object.bytes))
    : compare({ bucket: deps.rawBucket, ...object.raw }, bytes);

async function compare(
  { bucket, key, versionId, sha256 }: ObjectRef & { versionId: string | null; sha256: string },
  bytes: AsyncIterable<Uint8Array>,
): Promise<StoredBytes> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    length += chunk.length;
  }
  const found = hash.digest('hex');
  if (found === sha256) return { bucket, key, versionId, bytes: length, sha256 };
  const what = `s3://${bucket}/${key} has sha256 ${found}, its manifest says ${sha256}`;
  throw new ForebayError('ChecksumMismatch', `${what}; load the slice from its source`);
}

/** A source that gives more or fewer bytes than it listed is not the one that was listed. */
async function* asListed(
  object: SourceObject,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, undefined> {
  let read = 0;
  for await (const chunk of source) {
    read += chunk.length;
    if (read > object.bytes) break;
    yield chunk;
  }
  // Of what is read from raw the digest decides.
  if (read === object.bytes || object.raw !== undefined) return;
  const came = read > object.bytes ? 'more' : read;
  throw changed(object, `was listed with ${object.bytes} bytes, ${came} came`);
}

export const changed = (object: SourceObject, what: string, cause?: unknown): ForebayError =>
  new ForebayError('SourceChanged', `s3://${object.bucket}/${object.key} ${what}; run the slice again`, {
    cause,
  });

/** What the scan refuses is thrown before the last byte is given, so that no upload of it completes. */
function scanned(scanner: Scanner, bytes: AsyncIterable<Uint8Array>) {
  let scan: Scan;
  async function* passing(): AsyncGenerator<Uint8Array, undefined> {
    for await (const chunk of bytes) {
      scanner.push(chunk);
      yield chunk;
    }
    scan = scanner.end();
  }
  /** `scan`: after the last byte. */
  return { bytes: passing(), scan: () => scan };
}

async function* behind(
  bytes: AsyncIterable<Uint8Array>,
  then: () => Promise<void>,
): AsyncGenerator<Uint8Array, undefined> {
  yield* bytes;
  await then();
}

async function store(
  deps: CopyDeps,
  key: string,
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): Promise<StoredBytes> {
  const target = { bucket: deps.rawBucket, key };
  const hash = createHash('sha256');
  let length = 0;
  async function* passing(): AsyncGenerator<Uint8Array, undefined> {
    for await (const chunk of bytes) {
      hash.update(chunk);
      length += chunk.length;
      yield chunk;
    }
  }
  const { compositeSha256 } = await deps.putStream(target, passing(), { partBytes: size, ifNoneMatch: true });
  const { versionId } = await verified(deps, target, length, compositeSha256);
  return { ...target, versionId, bytes: length, sha256: hash.digest('hex') };
}

/**
 * What lies in the raw bucket is what was sent, whoever put it: this attempt, or an earlier one that ended before
 * it could say so (then `If-None-Match` answered 412).
 */
async function verified(
  deps: CopyDeps,
  target: ObjectRef,
  bytes: number,
  compositeSha256: string,
): Promise<StoredObject> {
  const stored = await deps.head(target);
  if (stored?.bytes === bytes && stored.checksumSha256 === compositeSha256) return stored;
  const found = stored === null ? 'nothing' : `${stored.bytes} bytes with checksum ${stored.checksumSha256}`;
  throw new ForebayError(
    'ChecksumMismatch',
    `${target.key} holds ${found}, sent were ${bytes} bytes with checksum ${compositeSha256}; run the slice again`,
  );
}
