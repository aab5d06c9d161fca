/** Slices whose data brings columns and needs wider types: whole runs, undisturbed, interrupted, and side by side. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseType } from '../../../core/contract/types.ts';
import type { Job } from '../../../core/job/model.ts';
import { type Manifest, manifestSchema } from '../../../core/manifest.ts';
import { manifestKey, surveyKey } from '../../../core/storage.ts';
import { readBatch } from '../../support/envelope.ts';
import {
  deliver,
  execute,
  Interrupted,
  newPipeline,
  type Pipeline,
  partitionOf,
  sweepAll,
} from '../../support/pipeline.ts';
import { job as plainJob } from '../../support/world.ts';

const [first, second, third, small] = ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04'] as const;
const column = (name: string, word: string) => {
  const parsed = parseType(word);
  if (parsed === null) throw new Error(`${word} is no type`);
  return { name, ...parsed, from: null };
};
const job: Job = {
  ...plainJob,
  format: { kind: 'ndjson', header: null, required: false, encoding: 'utf-8' },
  contract: {
    ...plainJob.contract,
    columns: [column('id', 'bigint'), column('qty', 'int')],
    ...{ onNewColumn: 'evolve', onRetypedColumn: 'evolve' },
  },
};
const lines = (...all: object[]) => Buffer.from(all.map((line) => `${JSON.stringify(line)}\n`).join(''));

/** `b` is in one of the second slice's files alone, and an integer in all but one of its records. */
const slices: Record<string, Record<string, Buffer>> = {
  [first]: { 'a.ndjson': lines({ id: 1, qty: 1, a: 'x' }, { id: 2, qty: 2, a: null }) },
  [second]: {
    'a.ndjson': lines({ id: 3, qty: 3, a: 'y' }, { id: 4, qty: 4 }),
    'b.ndjson': lines(
      { id: 5, qty: 5, b: 1, c: '2026-03-02' },
      { id: 6, qty: 6, b: 2, c: null },
      { id: 7, qty: 7, b: 2.5, a: '7' },
    ),
  },
  [third]: { 'a.ndjson': lines({ id: 8, qty: 2_147_483_648, b: 4, a: 'z' }, { id: 9, qty: 'many', b: 1 }) },
  [small]: {
    'a.ndjson': lines({ id: 1, qty: 2_147_483_648, b: 1 }),
    'b.ndjson': lines({ id: 2, qty: 2, b: 2.5 }),
  },
};

let directory: string;
let files = 0;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'forebay-evolve-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function newSlices(...names: string[]): Promise<Pipeline> {
  const pipeline = await newPipeline(job, {}, first);
  for (const name of names) {
    for (const [file, body] of Object.entries(slices[name] ?? {})) {
      await pipeline.ports.objects.put({ bucket: 'inbox', key: `${job.name}/${name}/${file}` }, body);
    }
  }
  return pipeline;
}

const manifestOf = async ({ ports }: Pipeline, runId: string): Promise<Manifest> =>
  manifestSchema.parse(
    JSON.parse(String(await ports.objects.get({ bucket: 'ops', key: manifestKey(job.name, runId) }))),
  );

/** The rows of a slice's partition by their id, each with the columns that its file has. */
async function rowsOf(pipeline: Pipeline, slice: string): Promise<Array<Record<string, string | null>>> {
  const prefix = (partitionOf(pipeline, slice)?.location ?? '').slice('s3://lake/'.length);
  const { objects } = pipeline.ports;
  const rows: Array<Record<string, string | null>> = [];
  for (const { key } of await objects.list('lake', prefix)) {
    const path = join(directory, `${files++}.parquet`);
    writeFileSync(path, await objects.get({ bucket: 'lake', key }));
    rows.push(...(await readBatch(path)).map(({ data }) => data));
  }
  return rows.sort((a, b) => Number(a.id) - Number(b.id));
}

const tableOf = async ({ ports }: Pipeline): Promise<Record<string, string>> => {
  const table = await ports.catalog.getTable('orders');
  const columns = table?.columns.filter(({ name }) => name !== 'metadata') ?? [];
  return Object.fromEntries(columns.map(({ name, type }) => [name, type]));
};

test('F40 a column comes with a slice, is null in slices before it, and gets wider with a later one', async () => {
  const pipeline = await newSlices(first, second, third);
  await execute(pipeline, 'r1', first);
  expect(await tableOf(pipeline)).toEqual({ id: 'bigint', qty: 'int', a: 'string' });
  await execute(pipeline, 'r2', second);
  expect(await tableOf(pipeline)).toEqual({
    ...{ id: 'bigint', qty: 'int', a: 'string', b: 'double', c: 'date' },
  });
  await execute(pipeline, 'r3', third);
  expect(await tableOf(pipeline)).toEqual({
    ...{ id: 'bigint', qty: 'bigint', a: 'string', b: 'double', c: 'date' },
  });
  expect(await rowsOf(pipeline, first)).toEqual([
    { id: '1', qty: '1', a: 'x' },
    { id: '2', qty: '2', a: null },
  ]);
  // Every file of a slice has all of its columns, whichever object brought them.
  expect(await rowsOf(pipeline, second)).toEqual([
    { id: '3', qty: '3', a: 'y', b: null, c: null },
    { id: '4', qty: '4', a: null, b: null, c: null },
    { id: '5', qty: '5', a: null, b: '1.0', c: '2026-03-02' },
    { id: '6', qty: '6', a: null, b: '2.0', c: null },
    { id: '7', qty: '7', a: '7', b: '2.5', c: null },
  ]);
  expect(await rowsOf(pipeline, third)).toEqual([{ id: '8', qty: '2147483648', b: '4.0', a: 'z' }]);
  expect((await manifestOf(pipeline, 'r3')).rejects.byCode).toEqual({ CastFailed: 1 });
  expect((await manifestOf(pipeline, 'r1')).table.columns.slice(1)).toEqual([
    { name: 'id', type: 'bigint' },
    { name: 'qty', type: 'int' },
    { name: 'a', type: 'string' },
  ]);
});

test('F40 a slice that is loaded again behind a later one has the types that the table has by then', async () => {
  const pipeline = await newSlices(second, third);
  await execute(pipeline, 'r1', third);
  expect(await tableOf(pipeline)).toEqual({ id: 'bigint', qty: 'bigint', b: 'bigint', a: 'string' });
  await execute(pipeline, 'r2', second);
  expect((await manifestOf(pipeline, 'r2')).table.columns.slice(1)).toEqual([
    { name: 'id', type: 'bigint' },
    { name: 'qty', type: 'bigint' },
    { name: 'a', type: 'string' },
    { name: 'b', type: 'bigint' },
    { name: 'c', type: 'date' },
  ]);
  // 2.5 is no bigint, which the column was before: a value that does not fit its column.
  expect((await manifestOf(pipeline, 'r2')).rejects.byCode).toEqual({ CastFailed: 1 });
});

/** The writes of Survey and Columns, and those from the table's first change to the partition, each from both sides. */
function points(writes: readonly string[]) {
  const between = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const deciding = between(writes.indexOf('putSurvey') - 1, writes.lastIndexOf('putSurvey') + 2);
  const committing = between(writes.indexOf('createTable'), writes.indexOf('setPartition'));
  return [...deciding, ...committing].flatMap((at) => [
    { write: at + 1, when: 'before' as const },
    { write: at + 1, when: 'after' as const },
  ]);
}

const endOf = async (pipeline: Pipeline) => [await rowsOf(pipeline, small), await tableOf(pipeline)];
const committedIn = async ({ ports }: Pipeline) =>
  (await ports.ledger.getSlice(job.name, small))?.committed?.runId;

test('F02 F07 F13 a run that is interrupted in deciding or committing and tried again ends the same', async () => {
  const undisturbed = await newSlices(small);
  await execute(undisturbed, 'r1', small);
  const end = [await endOf(undisturbed), await manifestOf(undisturbed, 'r1')];
  for (const point of points(undisturbed.writes)) {
    const pipeline = await newSlices(small);
    pipeline.interruption = { ...point, mode: 'tried again' };
    await execute(pipeline, 'r1', small);
    expect(pipeline.interrupted).toBe(true);
    const where = `${point.when} write ${point.write}, ${undisturbed.writes[point.write - 1]}`;
    expect([await endOf(pipeline), await manifestOf(pipeline, 'r1')], where).toEqual(end);
  }
}, 120_000);

test('F14 F21 a run that ends for good there is followed by a fresh one with the same columns', async () => {
  const undisturbed = await newSlices(small);
  await execute(undisturbed, 'r1', small);
  const end = await endOf(undisturbed);
  const commit = undisturbed.writes.indexOf('beginCommit') + 1;
  for (const point of points(undisturbed.writes)) {
    const pipeline = await newSlices(small);
    pipeline.interruption = { ...point, mode: 'ends for good' };
    await expect(execute(pipeline, 'r1', small)).rejects.toBeInstanceOf(Interrupted);
    pipeline.interruption = null;
    pipeline.now = new Date(pipeline.now.getTime() + 120_000);
    await sweepAll(pipeline);
    await deliver(pipeline);
    await execute(pipeline, 'r2', small);
    pipeline.now = new Date(pipeline.now.getTime() + 120_000);
    await sweepAll(pipeline);
    expect(await endOf(pipeline)).toEqual(end);
    // Up to the commit the fresh run loads the slice; from there on the first one is only rolled forward.
    const isCommitted = point.write > commit || (point.write === commit && point.when === 'after');
    expect(await committedIn(pipeline), `${point.when} write ${point.write}`).toBe(isCommitted ? 'r1' : 'r2');
  }
}, 120_000);

test('F28 of two slices that bring a column with two types at once, the later one fails before its commit', async () => {
  const pipeline = await newSlices(second);
  // Another slice commits `b` as a boolean, behind this one's Columns and before its Catalog.
  pipeline.watch = async () => {
    if (pipeline.writes.at(-1) !== 'putShard') return;
    await pipeline.ports.catalog.createTable({
      ...{ name: 'orders', location: 's3://lake/lake/orders/v1/', parameters: {} },
      columns: [{ name: 'b', type: 'boolean' }],
    });
  };
  await execute(pipeline, 'r1', second);
  const message = /^column b of table orders is boolean, the job says double.*run this one again/;
  expect(await pipeline.ports.ledger.getRun(job.name, 'r1')).toMatchObject({
    ...{ status: 'FAILED', manifest: null },
    error: { name: 'TableIncompatible', message: expect.stringMatching(message) },
  });
  expect(partitionOf(pipeline, second)).toBeUndefined();
});

test('no survey and no decision holds a text of a record', async () => {
  const pipeline = await newSlices(second);
  await execute(pipeline, 'r1', second);
  const staged = await pipeline.ports.objects.list('ops', `staging/${job.name}/r1/`);
  const ours = staged.filter(({ key }) => /surveys|columns/.test(key)).map(({ key }) => key);
  expect(ours).toContain(surveyKey(job.name, 'r1', 0));
  for (const key of ours) {
    const text = String(await pipeline.ports.objects.get({ bucket: 'ops', key }));
    expect(text).not.toMatch(/2\.5|2026-03-02|"y"/);
  }
});
