/**
 * A whole run, interrupted before and after each of its writes in turn, and taken up again: by a retry of the
 * task that was interrupted, or, where its execution ended for good, by the sweeper and a fresh run of the slice.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { mapAtOnce } from '../../../core/at-once.ts';
import { eventId } from '../../../core/events.ts';
import type { Job, RepeatedKeyPolicy } from '../../../core/job/model.ts';
import { type Manifest, manifestSchema } from '../../../core/manifest.ts';
import { manifestKey } from '../../../core/storage.ts';
import { readBatchBytes } from '../../support/envelope.ts';
import {
  deliver,
  execute,
  Interrupted,
  newPipeline,
  type Pipeline,
  partitionOf,
  sweepAll,
} from '../../support/pipeline.ts';
import { columnDefaults, job as plainJob } from '../../support/world.ts';

const slice = '2026-03-01';
const column = (name: string, type: 'bigint' | 'string') => ({
  ...{ name, type: { name: type }, nullable: false, from: null },
});
/** Room for as many rejects as are expected, and no more. */
const jobOf = (onRepeatedKey: RepeatedKeyPolicy): Job => ({
  ...plainJob,
  contract: {
    columns: [column('order_id', 'bigint'), column('email', 'string')],
    ...columnDefaults,
    ...{ filter: "email <> 'test'", key: ['order_id'], onRepeatedKey },
    ...{ onBadRecord: 'quarantine', maxRejects: { count: expected[onRepeatedKey].counts.rejected } },
  },
  privacy: { email: 'hash' },
});

/** Nine records: one is none of the contract's, one is left out, one has an earlier one's key. One file is unpacked. */
const files = {
  'a.csv': Buffer.from(
    'order_id,email\n1,ann@example.org\n2,bob@example.org\n3,test\nx,eve@example.org\n5,dan@example.org\n',
  ),
  'b.csv.gz': gzipSync(
    'order_id,email\n6,fay@example.org\n7,gus@example.org\n1,ann@example.org\n9,ivy@example.org\n',
  ),
};

/** What the files hold by the contract: keys with the number of their record in its file. */
const expected = {
  allow: {
    counts: { read: 9, written: 7, rejected: 1, filtered: 1, repeatedKeys: 1 },
    byCode: { CastFailed: 1 },
    rows: ['1 0', '1 2', '2 1', '5 4', '6 0', '7 1', '9 3'],
  },
  reject: {
    counts: { read: 9, written: 5, rejected: 3, filtered: 1, repeatedKeys: 1 },
    byCode: { CastFailed: 1, RepeatedKey: 2 },
    rows: ['2 1', '5 4', '6 0', '7 1', '9 3'],
  },
  'keep-first': {
    counts: { read: 9, written: 6, rejected: 1, filtered: 2, repeatedKeys: 1 },
    byCode: { CastFailed: 1 },
    rows: ['1 0', '2 1', '5 4', '6 0', '7 1', '9 3'],
  },
  'keep-last': {
    counts: { read: 9, written: 6, rejected: 1, filtered: 2, repeatedKeys: 1 },
    byCode: { CastFailed: 1 },
    rows: ['1 2', '2 1', '5 4', '6 0', '7 1', '9 3'],
  },
};

const manifestOf = async ({ job, ports }: Pipeline, runId: string): Promise<Manifest> =>
  manifestSchema.parse(
    JSON.parse(String(await ports.objects.get({ bucket: 'ops', key: manifestKey(job.name, runId) }))),
  );

type Rows = Array<[string, unknown]>;
const known = new Map<string, Promise<Rows>>();

/** Hundreds of runs leave the same bytes, and an engine is opened for each that is read. */
function readRows(bytes: Buffer): Promise<Rows> {
  const digest = createHash('sha256').update(bytes).digest('hex');
  const rows = known.get(digest) ?? rowsIn(bytes);
  known.set(digest, rows);
  return rows;
}

const rowsIn = async (bytes: Buffer): Promise<Rows> =>
  (await readBatchBytes(bytes)).map(({ metadata: { id, lineage }, data }) => [id, [lineage.record, data]]);

/** What a reader of the table finds: the rows of all objects at the partition's location, by id. */
async function tableOf(pipeline: Pipeline): Promise<Rows> {
  const location = partitionOf(pipeline, slice)?.location ?? '';
  const prefix = location.slice('s3://lake/'.length);
  const { objects } = pipeline.ports;
  const parts = await objects.list('lake', prefix);
  const rows = await Promise.all(
    parts.map(async ({ key }) => readRows(await objects.get({ bucket: 'lake', key }))),
  );
  return rows.flat().sort(([a], [b]) => (a < b ? -1 : 1));
}

/** By code, of the objects that the manifest names; no other has any. */
async function rejectsOf({ job, ports }: Pipeline, keys: string[]): Promise<Record<string, number>> {
  const runId = /^rejects\/[^/]+\/(\w+)\//.exec(keys[0] ?? '')?.[1] ?? '';
  const stored = await ports.objects.list('ops', `rejects/${job.name}/${runId}/`);
  expect(stored.map(({ key }) => key)).toEqual([...keys].sort());
  const found: Record<string, number> = {};
  for (const key of keys) {
    const lines = String(await ports.objects.get({ bucket: 'ops', key }))
      .trim()
      .split('\n');
    for (const { code } of lines.map((line) => JSON.parse(line))) found[code] = (found[code] ?? 0) + 1;
  }
  return found;
}

/** Before its commit nothing of a run is where a reader looks. */
async function nothingBeforeCommit(pipeline: Pipeline): Promise<void> {
  const location = partitionOf(pipeline, slice)?.location;
  if (location === undefined) return;
  const runId = /run=(\w+)/.exec(location)?.[1] ?? '';
  const status = (await pipeline.ports.ledger.getRun(pipeline.job.name, runId))?.status;
  expect(['COMMITTING', 'PARTIAL']).toContain(status);
}

async function newRun(policy: RepeatedKeyPolicy, interruption: Pipeline['interruption']): Promise<Pipeline> {
  const pipeline = await newPipeline(jobOf(policy), files, slice);
  pipeline.interruption = interruption;
  pipeline.watch = () => nothingBeforeCommit(pipeline);
  return pipeline;
}

/** What must be there in the end, whatever happened: the run that the slice has committed. */
async function assess(pipeline: Pipeline, table: Rows): Promise<string> {
  const { job } = pipeline;
  const { ledger, objects } = pipeline.ports;
  const { counts, byCode } = expected[job.contract.onRepeatedKey];
  const record = await ledger.getSlice(job.name, slice);
  const runId = record?.committed?.runId ?? 'none';
  expect(record).toMatchObject({ holder: null, mark: null });
  expect(await tableOf(pipeline)).toEqual(table);
  expect(await ledger.getRun(job.name, runId)).toMatchObject({ status: 'PARTIAL', counts });
  const manifest = await manifestOf(pipeline, runId);
  expect(manifest).toMatchObject({ counts, rejects: { byCode } });
  expect(await rejectsOf(pipeline, manifest.rejects.keys)).toEqual(byCode);
  const parts = await objects.list('lake', manifest.table.prefix);
  expect(parts.map(({ key }) => key)).toEqual(manifest.files.map(({ key }) => key).sort());
  expect(await ledger.pendingOutbox()).toEqual([]);
  const events = pipeline.sent.filter((sent) => sent.target === 'bus');
  const told = events.filter((sent) => sent.runId === runId);
  expect(new Set(told.map(({ id }) => id))).toEqual(new Set([eventId(runId, 'JobPartial')]));
  expect(events.filter(({ body }) => JSON.parse(body).data.status !== 'FAILED')).toEqual(told);
  for (const sent of events) {
    const status = (await ledger.getRun(job.name, sent.runId))?.status;
    expect(JSON.parse(sent.body).data.status).toBe(status);
  }
  return runId;
}

async function undisturbed(policy: RepeatedKeyPolicy) {
  const pipeline = await newRun(policy, null);
  await execute(pipeline, 'r1', slice);
  const table = await tableOf(pipeline);
  return { pipeline, table, writes: pipeline.writes, manifest: await manifestOf(pipeline, 'r1') };
}

/** Each write with what interrupts it before and after. */
const points = (writes: number) =>
  Array.from({ length: writes }, (_, i) => i + 1).flatMap((write) => [
    { write, when: 'before' as const },
    { write, when: 'after' as const },
  ]);

const policies = Object.keys(expected) as RepeatedKeyPolicy[];

test.each(policies)(
  'an undisturbed run has the records that contract and filter leave: %s',
  async (policy) => {
    const { pipeline, table, writes, manifest } = await undisturbed(policy);
    await assess(pipeline, table);
    expect(manifest.raw).toHaveLength(2);
    expect(manifest.files.length).toBeGreaterThan(2);
    const rows = table.map(([, row]) => row as [number, Record<string, string>]);
    expect(rows.map(([record, { order_id }]) => `${order_id} ${record}`).sort()).toEqual(
      expected[policy].rows,
    );
    expect(new Set(writes).size).toBeGreaterThan(15);
  },
);

test.each(policies.filter((policy) => policy !== 'allow'))(
  'a child of a Map that is done again at any later moment changes nothing: %s',
  async (policy) => {
    const { table, manifest } = await undisturbed(policy);
    const pipeline = await newRun(policy, null);
    pipeline.repeating = true;
    await execute(pipeline, 'r1', slice);
    await assess(pipeline, table);
    expect(await manifestOf(pipeline, 'r1')).toEqual(manifest);
  },
);

/** Each has a world of its own, and waits for its engines most of the time. */
const runsAtOnce = 4;

/** Those whose ways differ: without buckets, and with all that buckets can lead to. */
const ways: RepeatedKeyPolicy[] = ['allow', 'reject'];

test.each(ways)(
  'F01 F02 F03 F04 F06 F08 F09 a run that is interrupted at any write and tried again ends the same: %s',
  async (policy) => {
    const { table, writes, manifest } = await undisturbed(policy);
    await mapAtOnce(points(writes.length), runsAtOnce, async (point) => {
      const pipeline = await newRun(policy, { ...point, mode: 'tried again' });
      await execute(pipeline, 'r1', slice);
      expect(pipeline.interrupted).toBe(true);
      expect(await assess(pipeline, table), `${point.when} write ${point.write}`).toBe('r1');
      expect(await manifestOf(pipeline, 'r1')).toEqual(manifest);
    });
    console.log(`interrupted and tried again: ${2 * writes.length} points in ${writes.length} writes`);
  },
  240_000,
);

test.each(ways)(
  'F14 F21 F22 a run that ends for good at any write is finished by the sweeper and a fresh run: %s',
  async (policy) => {
    const { table, writes } = await undisturbed(policy);
    const committed = await mapAtOnce(points(writes.length), runsAtOnce, async (point) => {
      const pipeline = await newRun(policy, { ...point, mode: 'ends for good' });
      await expect(execute(pipeline, 'r1', slice)).rejects.toBeInstanceOf(Interrupted);
      pipeline.interruption = null;
      pipeline.now = new Date(pipeline.now.getTime() + 120_000);
      await sweepAll(pipeline);
      // What was left in the queue comes to the writers now.
      await deliver(pipeline);
      await execute(pipeline, 'r2', slice);
      pipeline.now = new Date(pipeline.now.getTime() + 120_000);
      await sweepAll(pipeline);
      return assess(pipeline, table);
    });
    // Up to the commit the fresh run loads the slice; from there on the first one is only rolled forward.
    const commit = 2 * writes.indexOf('beginCommit') + 1;
    expect(committed.slice(0, commit)).toEqual(Array(commit).fill('r2'));
    expect(committed.slice(commit)).toEqual(Array(committed.length - commit).fill('r1'));
    console.log(`interrupted for good: ${committed.length} points in ${writes.length} writes`);
  },
  240_000,
);
