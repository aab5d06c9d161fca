import type { Ledger } from '../../aws/interfaces.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import { type Bucket, encodeLosers, settleBucket } from '../../core/buckets.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import type { NextLines } from '../../core/keys.ts';
import type { RunRef } from '../../core/run.ts';
import { losersKey } from '../../core/storage.ts';
import type { ShardLines } from '../key-lists.ts';
import { traceOf } from '../trace.ts';
import type { KeysInput, KeysOutput } from './contract.ts';

export interface KeysDeps extends Pick<Ledger, 'listShards' | 'putBucket'> {
  readJob(run: RunRef): Promise<Job>;
  /** The index of a shard's keys: the line at which each cell begins. */
  readCells(run: RunRef, n: number): Promise<number[]>;
  /** Of the shards' sorted keys the wanted lines, block by block. */
  linesOf(run: RunRef, shards: ShardLines[]): NextLines[];
  /** Puts an object into the ops bucket. */
  putOps(key: string, body: Buffer): Promise<unknown>;
  now(): Date;
}

/**
 * Finds, in one bucket of all shards' keys, the records that a repeated key costs. The ledger is written last:
 * whoever reads the losers has seen there that they are whole. A repeat puts the same bytes.
 */
export async function settleKeys(
  deps: KeysDeps,
  { run, bucket, shards, attempt }: KeysInput,
): Promise<KeysOutput> {
  const startedAt = deps.now();
  const { onRepeatedKey } = (await deps.readJob(run)).contract;
  if (onRepeatedKey === 'allow') {
    const what = `the version of ${run.job} that run ${run.runId} is pinned to lets repeated keys be`;
    throw new ForebayError('ShardIncomplete', `${what}, but its machine settles them; deploy the job again`);
  }
  const lines = await linesOfBucket(deps, run, bucket, shards);
  const { ids, repeats, losers } = await settleBucket(deps.linesOf(run, lines), onRepeatedKey);
  await deps.putOps(losersKey(run.job, run.runId, bucket.n), encodeLosers(losers, shards));
  const lost = [...losers.values()].reduce((sum, { length }) => sum + length, 0);
  await deps.putBucket(run.runId, {
    ...{ n: bucket.n, status: 'done', ids, repeats, losers: lost, error: null },
    trace: traceOf(startedAt, deps.now(), attempt, { shards, records: ids }),
  });
  return {};
}

/** Only where every shard is enveloped: a key that is in a missing one would pass for one that comes once. */
async function linesOfBucket(
  deps: KeysDeps,
  run: RunRef,
  { n: bucket, from, to }: Bucket,
  shards: number,
): Promise<ShardLines[]> {
  const records = new Map((await deps.listShards(run.runId)).map((record) => [record.n, record]));
  const numbers = Array.from({ length: shards }, (_, n) => n);
  const missing = numbers.find((n) => records.get(n)?.status !== 'done');
  if (missing !== undefined) {
    const what = `bucket ${bucket} of ${run.runId} needs the keys of shard ${missing}, which is not enveloped`;
    throw new ForebayError('ShardIncomplete', `${what}; correct its cause, then run the slice again`);
  }
  return mapAtOnce(numbers, readsAtOnce, async (n) => {
    if (records.get(n)?.batch?.rows === 0) return { n, first: 0, count: 0 };
    const cells = await deps.readCells(run, n);
    const [first = 0, end = 0] = [cells[from], cells[to]];
    return { n, first, count: end - first };
  });
}
