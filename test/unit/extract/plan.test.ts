import { expect, test } from 'vitest';
import type { RepeatedKeyPolicy } from '../../../core/job/model.ts';
import type { ObjectRecord, RunTask, TaskTrace } from '../../../core/ledger.ts';
import { planShards } from '../../../core/plan.ts';
import type { ScannedObject } from '../../../core/shard.ts';
import { type PlanDeps, plan } from '../../../tasks/plan/plan.ts';
import { nothingBefore } from '../../support/nothing-before.ts';
import { clock, job, run, scanned } from './support.ts';

test('shards are numbered over all objects, and know the number of their first record within their own', () => {
  const shards = planShards([scanned(1, [5]), scanned(0, [3, 4])]);
  expect(shards.map(({ n, object, firstRecord, records }) => [n, object, firstRecord, records])).toEqual([
    [0, 0, 0, 3],
    [1, 0, 3, 4],
    [2, 1, 0, 5],
  ]);
});

test("a shard carries its range, its object's header and the raw object's version and sha256", () => {
  expect(planShards([scanned(2, [3, 4])])[1]).toEqual({
    n: 1,
    object: 2,
    raw: { bucket: 'raw', key: 'raw/k2', versionId: 'v2', sha256: '2'.repeat(64) },
    unpacked: null,
    header: { offset: 0, length: 9 },
    offset: 40,
    length: 40,
    firstRecord: 3,
    records: 4,
  });
});

test("a shard carries the delimiter that its object's scan found, and only where one was looked for", () => {
  const detected = scanned(1, [2, 1]);
  const shards = planShards([
    scanned(0, [1]),
    { ...detected, scan: { ...detected.scan, delimiter: ';' } },
    scanned(2, [1]),
  ]);
  expect(shards.map((shard) => ('delimiter' in shard ? shard.delimiter : null))).toEqual([
    null,
    ';',
    ';',
    null,
  ]);
});

test('a shard carries the context of its range, where there is one', () => {
  const object = scanned(0, [3, 4]);
  const [first, second] = object.scan.ranges;
  if (first !== undefined) first.context = '<a>';
  expect(planShards([object]).map((shard) => shard.context)).toEqual(['<a>', second?.context]);
  expect(planShards([object]).map((shard) => 'context' in shard)).toEqual([true, false]);
});

test('a shard of what was unpacked says where its bytes lie, and keeps the raw object that they come from', () => {
  const { raw, ...rest } = scanned(2, [3]);
  const unpacked = { ...raw, key: 'unpacked/k2' };
  expect(planShards([{ ...rest, raw, unpacked }])).toMatchObject([
    {
      raw: { bucket: 'raw', key: 'raw/k2', versionId: 'v2', sha256: '2'.repeat(64) },
      unpacked: { bucket: 'raw', key: 'unpacked/k2' },
    },
  ]);
});

test('objects without records have no shards', () => {
  expect(planShards([scanned(0, []), scanned(1, [])])).toEqual([]);
});

const record = (n: number, status: 'done' | 'failed'): ObjectRecord => ({
  n,
  name: `k${n}`,
  status,
  records: null,
  bytes: null,
  sha256: null,
  error: null,
  trace: null,
});

function prepare(
  scans: ScannedObject[],
  ledger: ObjectRecord[],
  missing: number[] = [],
  onRepeatedKey: RepeatedKeyPolicy = 'allow',
) {
  const written = new Map<string, unknown>();
  const traces: Array<[RunTask, TaskTrace]> = [];
  const deps: PlanDeps = {
    ...{ ...nothingBefore, listShards: nothingBefore.readShards },
    readJob: async () => job({ contract: { ...job().contract, onRepeatedKey } }),
    readObjects: async () => scans.map(({ object }) => object),
    listObjects: async () => ledger,
    readScan: async (key) => {
      const n = Number(/scans\/(\d+)\.json$/.exec(key)?.[1]);
      return missing.includes(n) ? null : (scans.find(({ object }) => object.n === n) ?? null);
    },
    putOps: async (key, body) => written.set(key, JSON.parse(body.toString())),
    traceTask: async (_run, task, trace) => void traces.push([task, trace]),
    now: clock(),
    opsBucket: 'ops',
  };
  const input = {
    outcome: 'held',
    run,
    discovered: 'new',
    objects: { bucket: 'ops', key: 'o', digest: 'd', count: scans.length },
    attempt: 1,
  } as const;
  return { act: () => plan(deps, input), written, traces };
}

test('Plan writes shards.json, hands on its key and count, and traces itself', async () => {
  const { act, written, traces } = prepare(
    [scanned(0, [3, 4]), scanned(1, [5])],
    [record(0, 'done'), record(1, 'done')],
  );
  const output = await act();
  expect(output.shards).toEqual({ bucket: 'ops', key: 'staging/orders/run-1/shards.json', count: 3 });
  expect(output).not.toHaveProperty('attempt');
  expect(written.get(output.shards.key)).toEqual(planShards([scanned(0, [3, 4]), scanned(1, [5])]));
  expect(traces).toEqual([
    [
      'Plan',
      {
        startedAt: '2026-03-02T00:00:00.000Z',
        endedAt: '2026-03-02T00:00:01.000Z',
        attempt: 2,
        metrics: { shards: 3, records: 12 },
      },
    ],
  ]);
});

test('a job that lets repeated keys be has no buckets, any other has a listing of them', async () => {
  const of = (onRepeatedKey: RepeatedKeyPolicy) =>
    prepare([scanned(0, [7])], [record(0, 'done')], [], onRepeatedKey);
  const allowing = of('allow');
  expect(await allowing.act()).not.toHaveProperty('buckets');
  expect([...allowing.written.keys()]).toEqual(['staging/orders/run-1/shards.json']);
  for (const policy of ['reject', 'keep-first', 'keep-last'] as const) {
    const { act, written } = of(policy);
    const key = 'staging/orders/run-1/buckets.json';
    expect(await act()).toMatchObject({ shards: { count: 1 }, buckets: { bucket: 'ops', key, count: 1 } });
    expect(written.get(key)).toEqual([{ n: 0, from: 0, to: 256 }]);
  }
});

test('a failed object is passed over, the others are planned', async () => {
  const ledger = [record(0, 'failed'), record(1, 'done')];
  const { act, written } = prepare([scanned(0, [3]), scanned(1, [5])], ledger, [0]);
  const { shards } = await act();
  expect(written.get(shards.key)).toMatchObject([{ n: 0, object: 1, records: 5 }]);
});

test('an object of which nothing is known is ShardIncomplete', async () => {
  const silent = prepare([scanned(0, [3]), scanned(1, [5])], [record(0, 'done')]);
  await expect(silent.act()).rejects.toThrow(/^ShardIncomplete: object 1 \(k1\) is neither done nor failed/);
  const lost = prepare([scanned(0, [3])], [record(0, 'done')], [0]);
  await expect(lost.act()).rejects.toThrow(/^ShardIncomplete: object 0 \(k0\) has no scan/);
});

test('the scans of thousands of objects are all read', async () => {
  const scans = Array.from({ length: 2_000 }, (_, n) => scanned(n, [1, 1]));
  const { act } = prepare(
    scans,
    scans.map(({ object }) => record(object.n, 'done')),
  );
  expect((await act()).shards.count).toBe(4_000);
});
