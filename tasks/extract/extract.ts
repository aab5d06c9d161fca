import type { Ledger } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import type { TaskMetrics, TaskTrace } from '../../core/ledger.ts';
import type { RunRef } from '../../core/run.ts';
import type { Finished, ScannedObject, SourceObject, StoredBytes } from '../../core/shard.ts';
import { scanKey } from '../../core/storage.ts';
import { traceOf } from '../trace.ts';
import type { ExtractInput, ExtractOutput } from './contract.ts';
import { type CopyDeps, changed, copyObject } from './copy.ts';

export interface ExtractDeps extends CopyDeps, Pick<Ledger, 'putObject'> {
  readJob(run: RunRef): Promise<Job>;
  /** The source's object, of just this version or ETag; from raw, the raw object of that version. */
  read(object: SourceObject): Promise<AsyncIterable<Uint8Array>>;
  /** Puts an object into the ops bucket. */
  putOps(key: string, body: Buffer): Promise<unknown>;
  /** The scan of an earlier run's object; `null`: there is none (any more). */
  readScan(key: string): Promise<ScannedObject | null>;
  now(): Date;
}

/**
 * Copies one object into the raw zone, byte by byte as it is, and learns in the same pass its sha256, where it
 * may be cut, and how many records it has.
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
  const kept = object.from === undefined ? null : await takenOver(deps, run.job, object, object.from);
  if (kept !== null) {
    await record(deps, run, kept, (metrics) => traceOf(startedAt, deps.now(), attempt, metrics));
    return {};
  }
  const { from: _from, ...listed } = object;
  const job = await deps.readJob(run);
  const copied = await copyObject(deps, run, listed, job, await open(deps, listed));
  await record(deps, run, { object: listed, ...copied }, (metrics) =>
    traceOf(startedAt, deps.now(), attempt, metrics),
  );
  return {};
}

/**
 * What a failed run found of the object, whose raw bytes stay where they are; `null` where its scan, the raw object or
 * its text is gone: then the source is read again.
 */
async function takenOver(
  deps: ExtractDeps,
  job: string,
  object: SourceObject,
  { runId, n }: Finished,
): Promise<ScannedObject | null> {
  const scanned = await deps.readScan(scanKey(job, runId, n));
  if (scanned === null) return null;
  const { raw, unpacked } = scanned;
  const parts = await Promise.all(
    [raw, ...(unpacked === null ? [] : [unpacked])].map((part) => isThere(deps, part)),
  );
  return parts.every(Boolean) ? { ...scanned, object } : null;
}

async function isThere(deps: Pick<ExtractDeps, 'head'>, part: StoredBytes): Promise<boolean> {
  const { bucket, key, versionId, bytes } = part;
  const found = await deps.head({ bucket, key });
  // A shard is read by its key alone.
  return found?.bytes === bytes && found.versionId === versionId;
}

/** An object that is gone since it was listed has changed, too. */
async function open(deps: ExtractDeps, object: SourceObject): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await deps.read(object);
  } catch (error) {
    if (['NoSuchKey', 'NoSuchVersion', 'NotFound'].includes((error as Error).name)) {
      if (object.raw !== undefined) throw missing(deps.rawBucket, object.raw.key, error);
      throw changed(object, 'is gone since it was listed', error);
    }
    throw error;
  }
}

const missing = (bucket: string, key: string, cause: unknown): ForebayError =>
  new ForebayError(
    'RawMissing',
    `s3://${bucket}/${key} is not there any more; load the slice from its source`,
    { cause },
  );

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
  const from = object.from === undefined ? {} : { from: object.from };
  const found = { records, bytes, sha256: raw.sha256, ...from, error: null };
  const metrics = { records, bytes, shards: scan.ranges.length };
  await deps.putObject(run.runId, { n, name, status: 'done', ...found, trace: trace(metrics) });
}
