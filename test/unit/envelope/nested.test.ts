/** Nested columns from a file to a batch, and what reads the batch. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFooter } from '../../../aws/parquet.ts';
import { duckType } from '../../../cli/query/types.ts';
import { catalogColumns } from '../../../core/contract/output.ts';
import { sqlText } from '../../../core/contract/sql.ts';
import { parseType } from '../../../core/contract/types.ts';
import type { ShardOutput } from '../../../core/envelope/shard.ts';
import type { Column, Job } from '../../../core/job/model.ts';
import { envelopeFile } from '../../support/envelope.ts';
import { memoryObjects } from '../../support/memory-objects.ts';
import { job as plainJob } from '../../support/world.ts';
import { plain } from '../formats/support.ts';

const column = (name: string, word: string, from: string | null = null): Column => {
  const parsed = parseType(word);
  if (parsed === null) throw new Error(`${word} is no type`);
  return { name, ...parsed, from };
};

const job: Job = {
  ...plainJob,
  format: plain,
  contract: {
    ...plainJob.contract,
    columns: [
      column('id', 'bigint'),
      column('lines', 'struct(sku string, price decimal(38,10)?, at timestamp?)[]'),
      column('place', 'struct(x double, y double)?'),
      column('prices', 'map(string, decimal(10,2)?)?'),
      column('flags', 'string[]?', `coalesce("more flags", '["none"]')`),
    ],
    filter: 'place IS NULL OR id <> 4',
    key: ['id'],
  },
};

/** Fields with JSON in them, between quotes as RFC 4180 has them. */
const row = (...fields: Array<string | null>) =>
  fields.map((field) => (field === null ? '' : `"${field.replaceAll('"', '""')}"`)).join(',');

const line = '[{"sku":"00123","price":1234567890123456789012345678.0123456789,"at":"2026-07-01T09:30"}]';
const rows = [
  row('1', line, '{"x":1,"y":-0.5}', '{"a":1.10,"b":null}', '["p","q\\n"]'),
  row('2', '[]', null, null, null),
  row('3', '[{"sku":"secret-1","price":1.00000000001}]', null, null, null),
  row('4', '[]', '{"x":1,"y":2}', null, null),
  row('5', '[]', '{"x":1}', null, null),
  row('6', '[]', '[]', '{"secret-2":1}', null),
  row('7', '[]', null, '{"secret-3":1,"secret-3":2}', null),
  row('8', '[]', null, null, '["secret-4"'),
  row('9', null, null, null, null),
  row('10', '[{"sku":null}]', null, null, null),
];
const input = `id,lines,place,prices,more flags\n${rows.join('\n')}\n`;

let scratch = '';
let shard: ShardOutput;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'forebay-nested-'));
  const [first] = await make('whole', 1_000_000);
  if (first === undefined) throw new Error('no shard');
  shard = first;
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const make = (name: string, shardBytes: number) =>
  envelopeFile(job, Buffer.from(input), { shardBytes, directory: join(scratch, name), object: 'a.csv' });

async function ask(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  try {
    const duck = await instance.connect();
    return (await duck.runAndReadAll(sql)).getRowsJson();
  } finally {
    instance.closeSync();
  }
}

const batch = () => `read_parquet(${sqlText(shard.file)})`;
const columns = 'id, lines, place, prices, flags';

test('a batch holds nested values as they were written', async () => {
  expect(await ask(`SELECT ${columns} FROM ${batch()} ORDER BY id`)).toEqual([
    [
      '1',
      [
        {
          sku: '00123',
          price: '1234567890123456789012345678.0123456789',
          // the job's timezone is Europe/Amsterdam
          at: '2026-07-01 07:30:00',
        },
      ],
      { x: 1, y: -0.5 },
      [
        { key: 'a', value: '1.10' },
        { key: 'b', value: null },
      ],
      ['p', 'q\n'],
    ],
    ['2', [], null, null, ['none']],
  ]);
});

test('what does not fit rejects its record, by the way to it and without any value', () => {
  const misfit = (record: number, column: string, message: string) => ({
    ...{ code: 'CastFailed', record, column, message },
  });
  const rejects = shard.rejects.map(({ code, record, column: name, message }) => ({
    ...{ code, record, column: name, message },
  }));
  expect(rejects).toEqual([
    misfit(2, 'lines', 'lines[].price: not a decimal(38,10) (see docs/types.md#decimal)'),
    misfit(4, 'place', 'place.y: null or missing, where the contract allows none'),
    misfit(5, 'place', 'place: not a JSON object (see docs/types.md#struct)'),
    misfit(6, 'prices', 'prices: a key that comes twice'),
    {
      ...misfit(7, 'flags', 'flags: not a JSON list (see docs/types.md#list)'),
      code: 'ExpressionFailed',
    },
    {
      ...misfit(8, 'lines', 'lines: null, where the contract allows none'),
      code: 'NullNotAllowed',
    },
    misfit(9, 'lines', 'lines[].sku: null or missing, where the contract allows none'),
  ]);
  expect(JSON.stringify(shard.rejects)).not.toContain('secret');
  expect([shard.rows, shard.filtered]).toEqual([2, 1]);
});

test('any size of shard gives the same records and the same rejects', async () => {
  const shards = await make('cut', 1);
  expect(shards.length).toBe(rows.length);
  expect(shards.flatMap(({ rejects }) => rejects)).toEqual(shard.rejects);
  const files = shards.map(({ file }) => sqlText(file)).join(', ');
  expect(await ask(`SELECT ${columns} FROM read_parquet([${files}]) ORDER BY id`)).toEqual(
    await ask(`SELECT ${columns} FROM ${batch()} ORDER BY id`),
  );
});

test("the footer's count of rows is that of records, not of the values within them", async () => {
  const store = memoryObjects();
  const ref = { bucket: 'ops', key: 'batch.parquet' };
  await store.put(ref, readFileSync(shard.file));
  expect(await readFooter(store, ref)).toEqual({ rows: 2, bytes: shard.bytes });
});

test("a batch's types are those that the catalog tells, for a reader of either", async () => {
  const described = await ask(`DESCRIBE SELECT ${columns} FROM ${batch()}`);
  const told = catalogColumns(job).slice(1);
  expect(told).toEqual([
    { name: 'id', type: 'bigint' },
    { name: 'lines', type: 'array<struct<sku:string,price:decimal(38,10),at:timestamp>>' },
    { name: 'place', type: 'struct<x:double,y:double>' },
    { name: 'prices', type: 'map<string,decimal(10,2)>' },
    { name: 'flags', type: 'array<string>' },
  ]);
  const typed = await ask(
    `SELECT ${told.map(({ type }) => `typeof(CAST(NULL AS ${duckType(type)}))`).join(', ')}`,
  );
  expect(described.map(([name, type]) => [name, type])).toEqual(
    told.map(({ name }, i) => [name, typed[0]?.[i]]),
  );
});

/** Parquet's LogicalTypes: a LIST is a group of `list`, repeated, of `element`; a MAP one of `key_value`, repeated. */
test('lists and maps lie in Parquet as its format says', async () => {
  const parts = await ask(
    `SELECT name, repetition_type, num_children, converted_type FROM parquet_schema(${sqlText(shard.file)})`,
  );
  const from = (name: string) => parts.findIndex(([part]) => part === name);
  expect(parts.slice(from('flags'), from('flags') + 3)).toEqual([
    ['flags', 'OPTIONAL', '1', 'LIST'],
    ['list', 'REPEATED', '1', null],
    ['element', 'OPTIONAL', null, 'UTF8'],
  ]);
  const map = parts.slice(from('prices'), from('prices') + 4);
  expect(map.map(([name, repetition, children]) => [name, repetition, children])).toEqual([
    ['prices', 'OPTIONAL', '1'],
    ['key_value', 'REPEATED', '2'],
    ['key', 'REQUIRED', null],
    ['value', 'OPTIONAL', null],
  ]);
  expect(map[0]?.[3]).toBe('MAP');
});
