import type { Ledger } from '../../aws/interfaces.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import { ForebayError } from '../../core/errors.ts';
import type { ShardRecord } from '../../core/ledger.ts';
import type { RunRef } from '../../core/run.ts';
import type { Batch, Shard } from '../../core/shard.ts';
import { repeatedRejectsKey, settledBatchKey } from '../../core/storage.ts';
import {
  byCode,
  discardedOf,
  envelopeBytes,
  holdRejects,
  putBatch,
  putRejects,
  type ShardDeps,
} from '../envelope/envelope.ts';
import { traceOf } from '../trace.ts';
import type { SettleInput, SettleOutput } from './contract.ts';

export interface SettleDeps extends ShardDeps, Pick<Ledger, 'getShard' | 'listBuckets' | 'putSettled'> {
  /** Numbers, within the shard, of the records that the keys of a bucket cost it. `of`: how many shards there are. */
  readLosers(run: RunRef, bucket: number, shard: number, of: number): Promise<number[]>;
}

/** What Settle decides of a shard: the counts and the batch that count from here on. */
type Settled = Pick<ShardRecord, 'rejected' | 'filtered' | 'rejectsByCode' | 'discarded'> & { batch: Batch };

/**
 * Leaves out of a shard what repeated keys cost it. Envelope's objects and its record stay as they are, since an
 * Envelope whose answer was lost may put them again at any time; what takes their place lies under keys that only
 * this task writes, with the same bytes at each repeat.
 */
export async function settle(deps: SettleDeps, input: SettleInput): Promise<SettleOutput> {
  const { run, shard, attempt } = input;
  const startedAt = deps.now();
  const enveloped = await envelopedShard(deps, run, shard);
  const losers = await losersOf(deps, input);
  const settled = losers.length === 0 ? enveloped : await without(deps, run, shard, enveloped, losers);
  const { batch, rejected, filtered, rejectsByCode, discarded } = settled;
  const counts = { rejected: rejected ?? 0, filtered: filtered ?? 0 };
  await deps.putSettled(run.runId, {
    ...{ n: shard.n, status: 'done', rejected, filtered, batch, rejectsByCode, error: null },
    ...(discarded === undefined ? {} : { discarded }),
    trace: traceOf(startedAt, deps.now(), attempt, { rows: batch.rows, bytes: batch.bytes, ...counts }),
  });
  return { run, shard: { n: shard.n }, batch };
}

async function envelopedShard(deps: SettleDeps, run: RunRef, { n }: Shard): Promise<Settled> {
  const record = await deps.getShard(run.runId, n);
  if (record === null || record.status !== 'done' || record.batch === null) {
    const what = `shard ${n} of ${run.runId} is not enveloped, and has no keys to settle`;
    throw new ForebayError('ShardIncomplete', `${what}; correct its cause, then run the slice again`);
  }
  return { ...record, batch: record.batch };
}

/** Only where every bucket is done: a key of a missing one would keep its repeats. */
async function losersOf(deps: SettleDeps, { run, shard, shards, buckets }: SettleInput): Promise<number[]> {
  const records = await deps.listBuckets(run.runId);
  const done = records.filter(({ status }) => status === 'done');
  if (done.length !== buckets) {
    const what = `${done.length} of ${buckets} buckets of keys of ${run.runId} are done`;
    throw new ForebayError(
      'ShardIncomplete',
      `${what}; correct what kept the others, then run the slice again`,
    );
  }
  const costly = done.filter(({ losers }) => losers !== 0);
  const lists = await mapAtOnce(costly, readsAtOnce, ({ n }) => deps.readLosers(run, n, shard.n, shards));
  return lists.flat().sort((a, b) => a - b);
}

async function without(
  deps: SettleDeps,
  run: RunRef,
  shard: Shard,
  enveloped: Settled,
  losers: number[],
): Promise<Settled> {
  const job = await deps.readJob(run);
  const as = job.contract.onRepeatedKey === 'reject' ? 'rejected' : 'filtered';
  return deps.withDirectory(async (directory) => {
    const output = await envelopeBytes(deps, job, run, shard, directory, { as, records: losers });
    if (output.rows + losers.length !== enveloped.batch.rows) {
      const what = `shard ${shard.n}: ${enveloped.batch.rows} rows without ${losers.length} are ${output.rows}`;
      throw new ForebayError('CountMismatch', `${what}; nothing is published, please report it`);
    }
    const repeated = output.rejects.filter(({ code }) => code === 'RepeatedKey');
    holdRejects(repeated, job, run);
    const batch = await putBatch(deps, job, settledBatchKey(run.job, run.runId, shard.n), output);
    await putRejects(deps, repeatedRejectsKey(run.job, run.runId, shard.n), repeated);
    const { filtered, rejects } = output;
    return {
      ...{ rejected: rejects.length, filtered, batch, rejectsByCode: byCode(rejects) },
      ...discardedOf(output),
    };
  });
}
