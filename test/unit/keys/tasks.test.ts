/** The tasks of keys by themselves: what they refuse, what they leave alone, and what a failed child leaves behind. */
import { expect, test } from 'vitest';
import { bucketsOf } from '../../../core/buckets.ts';
import type { RepeatedKeyPolicy } from '../../../core/job/model.ts';
import type { ShardRecord } from '../../../core/ledger.ts';
import type { Shard } from '../../../core/shard.ts';
import { type KeysDeps, settleKeys } from '../../../tasks/keys/keys.ts';
import { recordFailure } from '../../../tasks/record-failure/record-failure.ts';
import { type SettleDeps, settle } from '../../../tasks/settle/settle.ts';
import { runOf } from '../../support/envelope.ts';
import { memoryLedger } from '../../support/memory-ledger.ts';
import { job as plainJob } from '../../support/world.ts';

const jobOf = (onRepeatedKey: RepeatedKeyPolicy) => ({
  ...plainJob,
  contract: { ...plainJob.contract, key: ['order_id'], onRepeatedKey },
});
const run = runOf(jobOf('reject'));
const [bucket = { n: 0, from: 0, to: 0 }] = bucketsOf(1);
const error = { Error: 'Runtime.HandlerError', Cause: '{"errorMessage":"MemoryExceeded: too much"}' };

const enveloped = (n: number, rows: number): ShardRecord => ({
  ...{
    n,
    status: 'done',
    rejected: 1,
    filtered: 2,
    rejectsByCode: { CastFailed: 1 },
    error: null,
    trace: null,
  },
  batch: { bucket: 'ops', key: `batches/${n}.parquet`, rows, bytes: 100, sha256: 'a'.repeat(64) },
});

const unasked = async (): Promise<never> => expect.fail('nobody is to be asked for this');

function keysDeps(ledger = memoryLedger(), policy: RepeatedKeyPolicy = 'reject') {
  const puts: string[] = [];
  const deps: KeysDeps = {
    ...ledger,
    readJob: async () => jobOf(policy),
    readCells: unasked,
    linesOf: (_run, shards) => shards.map(() => async () => Buffer.alloc(0)),
    putOps: async (key) => puts.push(key),
    now: () => new Date('2026-03-02T12:00:00.000Z'),
  };
  return { ledger, puts, deps };
}

test('Keys merges nothing while a shard is not enveloped: a key of it would pass for one that comes once', async () => {
  const { ledger, puts, deps } = keysDeps();
  await ledger.putShard(run.runId, enveloped(0, 0));
  const acting = () => settleKeys(deps, { run, bucket, shards: 2 });
  await expect(acting()).rejects.toThrow(/^ShardIncomplete: bucket 0 of r1 needs the keys of shard 1/);
  await recordFailure(ledger, { run, failed: { shard: 1 }, error });
  await expect(acting()).rejects.toThrow(/^ShardIncomplete: bucket 0 of r1 needs the keys of shard 1/);
  expect([puts, await ledger.listBuckets(run.runId)]).toEqual([[], []]);
});

test('Keys of shards without a written record reads no list, and says that it found nothing', async () => {
  const { ledger, puts, deps } = keysDeps();
  await ledger.putShard(run.runId, enveloped(0, 0));
  expect(await settleKeys(deps, { run, bucket, shards: 1, attempt: 1 })).toEqual({});
  expect(puts).toEqual(['staging/orders/r1/losers/0.txt']);
  expect(await ledger.listBuckets(run.runId)).toMatchObject([
    { n: 0, status: 'done', ids: 0, repeats: 0, losers: 0, error: null, trace: { attempt: 2 } },
  ]);
});

const shard: Shard = {
  ...{ n: 1, object: 0, records: 10, firstRecord: 0, offset: 0, length: 100, header: null, unpacked: null },
  raw: { bucket: 'raw', key: 'raw/orders/a.csv', versionId: null, sha256: 'a'.repeat(64) },
};

function settleDeps() {
  const ledger = memoryLedger();
  const deps: SettleDeps = {
    ...ledger,
    ...{ readJob: unasked, readRaw: unasked, putOps: unasked, keepOps: unasked, readFile: unasked },
    ...{ secretKey: unasked, dataKey: unasked, secretsPath: '/none/', withDirectory: unasked },
    readLosers: async () => [],
    now: () => new Date('2026-03-02T12:00:00.000Z'),
    ...{ opsBucket: 'ops', region: 'eu-west-1' },
  };
  return { ledger, deps };
}
const done = { status: 'done' as const, ids: 7, repeats: 2, losers: 2, error: null, trace: null };

test('a shard that loses nothing goes on with the batch and the counts of its Envelope, and nothing is read of it', async () => {
  const { ledger, deps } = settleDeps();
  await ledger.putShard(run.runId, enveloped(1, 7));
  await ledger.putBucket(run.runId, { n: 0, ...done });
  const { batch } = enveloped(1, 7);
  expect(await settle(deps, { run, shard, shards: 2, buckets: 1 })).toEqual({ run, shard: { n: 1 }, batch });
  expect(await ledger.listSettled(run.runId)).toMatchObject([{ ...enveloped(1, 7), trace: { attempt: 1 } }]);
});

test('Settle asks no bucket that took nothing away', async () => {
  const { ledger, deps } = settleDeps();
  await ledger.putShard(run.runId, enveloped(1, 7));
  await ledger.putBucket(run.runId, { n: 0, ...done, repeats: 0, losers: 0 });
  await settle({ ...deps, readLosers: unasked }, { run, shard, shards: 2, buckets: 1 });
  expect(await ledger.listSettled(run.runId)).toHaveLength(1);
});

test('Settle decides nothing while a bucket is missing or has failed, and nothing of a shard that is not enveloped', async () => {
  const { ledger, deps } = settleDeps();
  const acting = () => settle(deps, { run, shard, shards: 2, buckets: 2 });
  await expect(acting()).rejects.toThrow(/^ShardIncomplete: shard 1 of r1 is not enveloped/);
  await ledger.putShard(run.runId, enveloped(1, 7));
  await ledger.putBucket(run.runId, { n: 0, ...done });
  await expect(acting()).rejects.toThrow(/^ShardIncomplete: 1 of 2 buckets of keys of r1 are done/);
  await recordFailure(ledger, { run, failed: { bucket: 1 }, error });
  await expect(acting()).rejects.toThrow(/^ShardIncomplete: 1 of 2 buckets of keys of r1 are done/);
  expect(await ledger.listSettled(run.runId)).toEqual([]);
});

test('a bucket and a settled shard that failed are recorded with their cause, and what is done stays done', async () => {
  const ledger = memoryLedger();
  const cause = { name: 'MemoryExceeded', message: 'too much' };
  await recordFailure(ledger, { run, failed: { bucket: 3 }, error });
  await recordFailure(ledger, { run, failed: { settled: 4 }, error });
  expect(await ledger.listBuckets(run.runId)).toEqual([
    { n: 3, status: 'failed', ids: null, repeats: null, losers: null, error: cause, trace: null },
  ]);
  expect(await ledger.listSettled(run.runId)).toMatchObject([{ n: 4, status: 'failed', error: cause }]);
  expect(await ledger.listShards(run.runId)).toEqual([]);
  await ledger.putBucket(run.runId, { n: 3, ...done });
  await recordFailure(ledger, { run, failed: { bucket: 3 }, error });
  expect(await ledger.listBuckets(run.runId)).toEqual([{ n: 3, ...done }]);
});
