import { createHash } from 'node:crypto';
import type { Ledger, ObjectStore, StoredObject } from '../../aws/interfaces.ts';
import { pathsOf } from '../../core/contract/paths.ts';
import { ForebayError } from '../../core/errors.ts';
import { maxRecordBytes, recordFormat } from '../../core/formats/format.ts';
import type { Scanner } from '../../core/formats/interfaces.ts';
import type { Job } from '../../core/job/model.ts';
import type { TaskMetrics, TaskTrace } from '../../core/ledger.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import type { Scan, ScannedObject, SourceObject } from '../../core/shard.ts';
import { rawKey, scanKey } from '../../core/storage.ts';
import { traceOf } from '../trace.ts';
import type { ExtractInput, ExtractOutput } from './contract.ts';

export interface ExtractDeps extends Pick<Ledger, 'putObject'>, Pick<ObjectStore, 'head' | 'putStream'> {
  readJob(run: RunRef): Promise<Job>;
  /** The source's object, of just this version or ETag. */
  read(object: SourceObject): Promise<AsyncIterable<Uint8Array>>;
  /** Puts an object into the ops bucket. */
  putOps(key: string, body: Buffer): Promise<unknown>;
  now(): Date;
  rawBucket: string;
  shardBytes: number;
  maxObjectBytes: number;
}

const MiB = 1_024 * 1_024;
const MIN_PART_BYTES = 8 * MiB;
const MAX_PARTS = 10_000;

/** By the object's size alone, so that a repeat makes the same parts and by that the same composite sha256. */
export const partBytes = (bytes: number): number =>
  Math.max(MIN_PART_BYTES, Math.ceil(bytes / MAX_PARTS / MiB) * MiB);

/**
 * Copies one object into the raw zone, byte by byte as it is, and learns in the same pass its sha256, where it
 * may be cut, and how many records it has. Memory holds some parts of the upload, whatever the object's size.
 */
export async function extract(
  deps: ExtractDeps,
  { run, object, attempt }: ExtractInput,
): Promise<ExtractOutput> {
  const startedAt = deps.now();
  if (object.bytes > deps.maxObjectBytes) {
    const what = `${object.key} has ${object.bytes} bytes, one function finishes ${deps.maxObjectBytes} in its time`;
    throw new ForebayError('ObjectTooLarge', `${what}; deliver it in smaller files`);
  }
  const { format, contract } = await deps.readJob(run);
  const limits = { shardBytes: deps.shardBytes, maxRecordBytes, paths: pathsOf(contract) };
  const scanner = recordFormat(format).scanner(limits);
  const pass = onePass(object, scanner);
  const target = { bucket: deps.rawBucket, key: rawKey(run.job, run.slice, run.runId, object.name) };
  const { compositeSha256 } = await deps.putStream(target, pass.over(await open(deps, object)), {
    partBytes: partBytes(object.bytes),
    ifNoneMatch: true,
  });
  const { versionId } = await verified(deps, target, object.bytes, compositeSha256);
  const { sha256, scan } = pass.result();
  const raw = { ...target, versionId, bytes: object.bytes, sha256 };
  await record(deps, run, { object, raw, scan }, (metrics) =>
    traceOf(startedAt, deps.now(), attempt, metrics),
  );
  return {};
}

/** An object that is gone since it was listed has changed, too. */
async function open(deps: ExtractDeps, object: SourceObject): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await deps.read(object);
  } catch (error) {
    if (['NoSuchKey', 'NoSuchVersion', 'NotFound'].includes((error as Error).name)) {
      throw changed(object, 'is gone since it was listed', error);
    }
    throw error;
  }
}

const changed = (object: SourceObject, what: string, cause?: unknown): ForebayError =>
  new ForebayError('SourceChanged', `s3://${object.bucket}/${object.key} ${what}; run the slice again`, {
    cause,
  });

interface Pass {
  over(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
  /** After the last byte. */
  result(): { sha256: string; scan: Scan };
}

/** All that is learned of an object while its bytes go by. What refuses it is thrown before the upload completes. */
function onePass(object: SourceObject, scanner: Scanner): Pass {
  const hash = createHash('sha256');
  let scan: Scan;
  return {
    async *over(bytes) {
      let read = 0;
      for await (const chunk of bytes) {
        read += chunk.length;
        if (read > object.bytes) break;
        hash.update(chunk);
        scanner.push(chunk);
        yield chunk;
      }
      if (read !== object.bytes) {
        throw changed(
          object,
          `was listed with ${object.bytes} bytes, ${read > object.bytes ? 'more' : read} came`,
        );
      }
      scan = scanner.end();
    },
    result: () => ({ sha256: hash.digest('hex'), scan }),
  };
}

/**
 * What lies in the raw zone is what was sent, whoever put it: this attempt, or an earlier one that ended before
 * it could say so (then `If-None-Match` answered 412).
 */
async function verified(
  deps: ExtractDeps,
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

/** The scan before the ledger: an object that the ledger calls done has one. */
async function record(
  deps: ExtractDeps,
  run: RunRef,
  scanned: ScannedObject,
  trace: (metrics: TaskMetrics) => TaskTrace,
): Promise<void> {
  const { object, raw, scan } = scanned;
  const { n, name, bytes } = object;
  await deps.putOps(scanKey(run.job, run.runId, n), Buffer.from(JSON.stringify(scanned)));
  const { records } = scan;
  const found = { records, bytes, sha256: raw.sha256, error: null };
  const metrics = { records, bytes, shards: scan.ranges.length };
  await deps.putObject(run.runId, { n, name, status: 'done', ...found, trace: trace(metrics) });
}
