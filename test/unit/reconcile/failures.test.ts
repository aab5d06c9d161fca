import { expect, test } from 'vitest';
import { runItem } from '../../../aws/ledger/runs.ts';
import { readError } from '../../../core/errors.ts';
import type { FailedPiece, ShardRecord, SinkRecord } from '../../../core/ledger.ts';
import type { RunRef } from '../../../core/run.ts';
import type { Shard } from '../../../core/shard.ts';
import { failuresKey } from '../../../core/storage.ts';
import { failOpened } from '../../../tasks/fail-run/fail-run.ts';
import type { ReconcileInput } from '../../../tasks/reconcile/contract.ts';
import { reconcileRun } from '../../../tasks/reconcile/reconcile.ts';
import { memoryObjects } from '../../support/memory-objects.ts';
import { held, job, newWorld } from '../../support/world.ts';

/** DynamoDB's limit for an item: its names and values in UTF-8. */
const itemBytes = 400 * 1_024;

/** As long as `describeError` lets it be, in characters of three bytes. */
const message = (n: number) => `${n} ${'€'.repeat(680)}`;

/** A run of so many shards, of which these failed, all of them or in the sink. */
async function setup(count: number, failed: { shards?: number[]; sinks?: number[] }) {
  const [world, objects] = [newWorld(), memoryObjects()];
  const run = await held(world, 'r1', { trigger: 'manual', slice: '2026-03-01' });
  const raw = { bucket: 'raw', key: 'raw/a', versionId: null, sha256: 'a'.repeat(64) };
  const planned: Shard[] = Array.from({ length: count }, (_, n) => ({
    ...{ n, object: 0, raw, unpacked: null, header: null, offset: n, length: 1, firstRecord: n, records: 1 },
  }));
  const broken = (n: number) => ({
    status: 'failed' as const,
    error: { name: 'ServiceUnavailable', message: message(n) },
    trace: null,
  });
  const shards: ShardRecord[] = (failed.shards ?? []).map((n) => ({
    ...{ n, rejected: null, filtered: null, batch: null, rejectsByCode: {}, ...broken(n) },
  }));
  const sinks: SinkRecord[] = (failed.sinks ?? []).map((n) => ({
    ...{ n, sink: 'lake', rows: null, bytes: null, sha256: null, key: null, ...broken(n) },
  }));
  const deps = {
    ...world.deps,
    ...world.ledger,
    readJob: async () => job,
    readShards: async () => planned,
    readScan: () => Promise.reject(new Error('not read')),
    listObjects: async () => [],
    listShards: async () => shards,
    listSinks: async () => sinks,
    ...{ linesOf: () => [], keepManifest: async (_key: string, body: Buffer) => body, opsBucket: 'ops' },
    putOps: (key: string, body: Buffer) => objects.put({ bucket: 'ops', key }, body),
  };
  const input = {
    ...{ outcome: 'held', run, discovered: 'new' },
    objects: { bucket: 'ops', key: 'objects.json', digest: 'd', count: 1 },
    shards: { bucket: 'ops', key: 'shards.json', count },
  } as ReconcileInput;
  return { world, objects, run, act: () => reconcileRun(deps, input) };
}

async function recordOf({ ledger }: ReturnType<typeof newWorld>, run: RunRef) {
  const record = await ledger.getRun(run.job, run.runId);
  if (record === null) throw new Error('no run');
  return record;
}

test('F30 of ten thousand failures the ledger has the first and their number, and S3 has them all', async () => {
  const all = Array.from({ length: 10_000 }, (_, n) => n);
  const { world, objects, run, act } = await setup(10_000, { shards: all.toReversed() });
  const thrown = await act().catch((error: Error) => error);
  expect(thrown).toMatchObject({ name: 'ServiceUnavailable' });
  const { message: said } = thrown as Error;
  expect(said).toMatch(/^ServiceUnavailable: 0 €/);
  expect(said.endsWith('(10000 of 10000 shards failed, first number 0)')).toBe(true);

  const error = readError({ Error: 'ServiceUnavailable', Cause: JSON.stringify({ errorMessage: said }) });
  await failOpened(world.deps, await recordOf(world, run), error);
  const record = await recordOf(world, run);
  const list = { bucket: 'ops', key: failuresKey('orders', 'r1'), count: 10_000 };
  expect(record).toMatchObject({ status: 'FAILED', failures: list });
  const [failure] = await world.ledger.listFailures({ job: 'orders' });
  expect(failure).toMatchObject({ pointer: list.key });
  const dead = world.sent.find(({ target }) => target === 'job-dlq');
  for (const item of [runItem(record), failure, dead])
    expect(Buffer.byteLength(JSON.stringify(item))).toBeLessThan(itemBytes / 40);

  const lines = String(await objects.get(list))
    .trimEnd()
    .split('\n');
  const pieces = lines.map((line) => JSON.parse(line) as FailedPiece);
  expect(pieces.map(({ n }) => n)).toEqual(all);
  for (const { what, n, error: kept } of pieces)
    expect([what, kept]).toEqual(['shards', { name: 'ServiceUnavailable', message: message(n) }]);
  // The list itself would be no item.
  expect(Buffer.byteLength(lines.join('\n'))).toBeGreaterThan(itemBytes * 40);
});

test('F30 the list has what failed at each stage, in their order', async () => {
  const { objects, act } = await setup(5, { shards: [3, 1], sinks: [4] });
  await expect(act()).rejects.toThrow(/\(2 of 5 shards failed, first number 1\)$/);
  const lines = String(await objects.get({ bucket: 'ops', key: failuresKey('orders', 'r1') })).trimEnd();
  const places = lines.split('\n').map((line) => {
    const { what, n } = JSON.parse(line) as FailedPiece;
    return `${what} ${n}`;
  });
  expect(places).toEqual(['shards 1', 'shards 3', 'shards in lake 4']);
});

test("a single failure is the run's error, and has no list", async () => {
  const { world, objects, run, act } = await setup(5, { shards: [2] });
  await expect(act()).rejects.toThrow(/^ServiceUnavailable: 2 /);
  expect(await objects.list('ops', '')).toEqual([]);
  expect(await recordOf(world, run)).not.toHaveProperty('failures');
});
