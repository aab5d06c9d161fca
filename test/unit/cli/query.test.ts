import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOutput } from '../../../cli/output.ts';
import { csvCell, type QueryDeps, query } from '../../../cli/query/query.ts';
import { neededSlices } from '../../../cli/query/slices.ts';
import { readStatement } from '../../../cli/query/statement.ts';
import { duckType } from '../../../cli/query/types.ts';

let lake: string;
let instance: DuckDBInstance;
let duck: DuckDBConnection;

/** A lake of files on disk: two slices of before the column `added`, one behind it, and the metadata of each row. */
beforeAll(async () => {
  lake = mkdtempSync(join(tmpdir(), 'forebay-lake-'));
  instance = await DuckDBInstance.create(':memory:');
  duck = await instance.connect();
  const metadata = "{'id': 'm' || id} AS metadata";
  await write(
    '2026-03-01',
    `SELECT id, 1.10::DECIMAL(10,2) AS price, ${metadata} FROM (VALUES (9007199254740993)) t(id)`,
  );
  await write(
    '2026-03-02',
    `SELECT id, 2.20::DECIMAL(10,2) AS price, ${metadata} FROM (VALUES (2::BIGINT)) t(id)`,
  );
  await write(
    '2026-03-03',
    `SELECT id, 3.30::DECIMAL(10,2) AS price, 7 AS added, ${metadata} FROM (VALUES (3::BIGINT)) t(id)`,
  );
});
afterAll(() => {
  instance.closeSync();
  rmSync(lake, { recursive: true, force: true });
});

async function write(slice: string, sql: string): Promise<void> {
  const dir = join(lake, 'lake', 'order-items', `slice=${slice}`, 'run=r');
  mkdirSync(dir, { recursive: true });
  await duck.run(`COPY (${sql}) TO '${join(dir, 'part-00000.parquet')}' (FORMAT parquet)`);
}

const columns = [
  { name: 'id', type: 'bigint' },
  { name: 'price', type: 'decimal(10,2)' },
  { name: 'added', type: 'int' },
  { name: 'never', type: 'timestamp' },
  { name: 'metadata', type: 'struct<id:string>' },
];

const location = (slice: string) => `s3://bucket/lake/order-items/slice=${slice}/run=r`;

function world(options: { yes?: boolean; bytes?: number } = {}) {
  const seen = { fetched: [] as string[], out: '', questions: [] as string[] };
  const deps: QueryDeps = {
    listTables: async () => [
      { name: 'order_items', versionId: '1', columns, location: '', parameters: {} },
      { name: 'empty', versionId: '1', columns, location: '', parameters: {} },
    ],
    listPartitions: async (table) =>
      table === 'empty'
        ? []
        : ['2026-03-01', '2026-03-02', '2026-03-03'].map((slice) => ({
            slice,
            location: location(slice),
            columns,
          })),
    list: async (_bucket, prefix) =>
      readdirSync(join(lake, prefix)).map((name) => ({
        key: `${prefix}${name}`,
        versionId: null,
        etag: '',
        bytes: options.bytes ?? statSync(join(lake, prefix, name)).size,
      })),
    stream: async ({ key }) => {
      seen.fetched.push(key.replace(/.*slice=([^/]*).*/, '$1'));
      return createReadStream(join(lake, key));
    },
    output: createOutput({
      json: false,
      stdout: {
        write: (text) => {
          seen.out += text;
        },
      },
      stderr: { write: () => undefined },
      environment: {},
    }),
    confirm: async (question) => {
      seen.questions.push(question);
      return options.yes ?? false;
    },
  };
  return { deps, seen };
}

const ndjson = async (sql: string) => {
  const { deps, seen } = world();
  await query(deps, sql, { format: 'ndjson', yes: false });
  const rows = seen.out.split('\n').filter(Boolean);
  return { rows: rows.map((row) => JSON.parse(row) as unknown), fetched: seen.fetched.sort() };
};

describe('query', () => {
  test('gives exact values: bigints and decimals as text, structs as objects', async () => {
    const { rows } = await ndjson(
      "SELECT id, price, metadata, slice FROM order_items WHERE slice = '2026-03-01'",
    );
    expect(rows).toEqual([
      { id: '9007199254740993', price: '1.10', metadata: { id: 'm9007199254740993' }, slice: '2026-03-01' },
    ]);
  });

  test('fetches only the slices that the conditions leave', async () => {
    expect(
      (await ndjson("SELECT id FROM order_items WHERE slice > '2026-03-01' AND id > 0")).fetched,
    ).toEqual(['2026-03-02', '2026-03-03']);
    expect((await ndjson("SELECT count(*) AS n FROM order_items WHERE slice = 'none'")).fetched).toEqual([]);
  });

  test('reads files of before a column was added, and a column that no file has yet, as null', async () => {
    const { rows } = await ndjson('SELECT id, added, never FROM order_items ORDER BY slice');
    expect(rows).toEqual([
      { id: '9007199254740993', added: null, never: null },
      { id: '2', added: null, never: null },
      { id: '3', added: 7, never: null },
    ]);
    const old = await ndjson(
      "SELECT added, typeof(never) AS type FROM order_items WHERE slice = '2026-03-02'",
    );
    expect(old.rows).toEqual([{ added: null, type: 'TIMESTAMP' }]);
  });

  test("knows a table by its job's name, too, and one without a slice as empty", async () => {
    expect((await ndjson('SELECT count(*)::INT AS n FROM "order-items"')).rows).toEqual([{ n: 3 }]);
    expect((await ndjson('SELECT * FROM empty')).rows).toEqual([]);
  });

  test('suggests the nearest name for a table that is not there', async () => {
    await expect(ndjson('SELECT * FROM order_item')).rejects.toThrow("did you mean 'order_items'?");
  });

  test.each([
    ['another statement', 'DROP TABLE order_items', /Only SELECT/],
    ['two statements', 'SELECT 1; SELECT 2', /one SELECT/],
    ['a file of the machine', "SELECT * FROM read_text('/etc/hostname')", /disabled|Permission/],
    ['a file by its name', "SELECT * FROM '/etc/hostname.csv'", /there is no table/],
    ['a syntax error', 'SELEC 1', /syntax error/],
  ])('refuses %s', async (_, sql, message) => {
    await expect(ndjson(sql)).rejects.toThrow(message);
  });

  test('asks before it fetches much, and fetches nothing where the answer is no', async () => {
    const no = world({ bytes: 2 ** 30 });
    await expect(
      query(no.deps, 'SELECT id FROM order_items', { format: 'table', yes: false }),
    ).rejects.toThrow(/3 files of 3\.0 GiB/);
    expect(no.seen.questions).toHaveLength(1);
    expect(no.seen.fetched).toEqual([]);
    const yes = world({ bytes: 2 ** 30 });
    await query(yes.deps, 'SELECT id FROM order_items', { format: 'csv', yes: true });
    expect(yes.seen.questions).toEqual([]);
  });

  test('leaves no file behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('forebay-query-'));
    await ndjson('SELECT id FROM order_items');
    await ndjson('SELECT nothing FROM order_items').catch(() => undefined);
    const behind = readdirSync(tmpdir()).filter((name) => name.startsWith('forebay-query-'));
    expect(behind).toEqual(before);
  });

  test('prints CSV by RFC 4180: null is an empty cell, an empty text is quoted', async () => {
    const { deps, seen } = world();
    const sql = "SELECT id, 'a,\"b\"' AS t, '' AS e, NULL AS n FROM order_items WHERE slice = '2026-03-02'";
    await query(deps, sql, { format: 'csv', yes: false });
    expect(seen.out).toBe('id,t,e,n\n2,"a,""b""","",\n');
    expect(csvCell({ a: [1, null] })).toBe('"{""a"":[1,null]}"');
  });
});

describe('the slices that a query needs', () => {
  const slices = ['2026-02-28', '2026-03-01', '2026-03-02', '2026-03-03'];
  const all = slices.join(' ');

  test.each([
    ['FROM t', all],
    ["SELECT * FROM t WHERE slice = '2026-03-01'", '2026-03-01'],
    ["FROM t AS x WHERE x.slice >= '2026-03-02' AND x.n = 1", '2026-03-02 2026-03-03'],
    ["FROM t WHERE slice IN ('2026-03-01', 'x') AND slice LIKE '2026%'", '2026-03-01'],
    ["FROM t WHERE slice BETWEEN '2026-03-01' AND '2026-03-02' AND NOT slice = '2026-03-02'", '2026-03-01'],
    ["FROM t WHERE (slice = '2026-03-01' OR slice = '2026-03-03')", '2026-03-01 2026-03-03'],
    // what may not prune
    ["FROM t WHERE slice = '2026-03-01' OR n = 1", all],
    ["FROM t WHERE metadata.slice = '2026-03-01'", all],
    ["FROM t WHERE upper(slice) = '2026-03-01'", all],
    ['FROM t WHERE slice > (SELECT min(slice) FROM t)', all],
    ["FROM t JOIN u ON true WHERE slice = '2026-03-01'", all],
    ["FROM (FROM t) WHERE slice = '2026-03-01'", all],
    ["SELECT * FROM t WHERE EXISTS (SELECT 1 FROM t AS i WHERE i.slice = '2026-03-01')", all],
    ['SUMMARIZE t', all],
    // several mentions need what each of them needs
    [
      "FROM t WHERE slice = '2026-03-01' UNION ALL FROM t WHERE slice = '2026-03-03'",
      '2026-03-01 2026-03-03',
    ],
    ["WITH t AS (FROM t WHERE slice = '2026-03-02') FROM t", '2026-03-02'],
    [
      "FROM t AS a JOIN t AS b ON a.n = b.n WHERE a.slice = '2026-03-01' AND b.slice = '2026-03-02'",
      '2026-03-01 2026-03-02',
    ],
    ["FROM u LEFT JOIN t ON true WHERE t.slice = '2026-03-01'", '2026-03-01'],
  ])('%s', async (sql, expected) => {
    const uses = (await readStatement(duck, sql)).filter(({ name }) => name === 't');
    expect((await neededSlices(duck, slices, uses)).join(' ')).toBe(expected);
  });
});

test.each([
  ['bigint', 'BIGINT'],
  ['decimal(10,2)', 'DECIMAL(10,2)'],
  ['array<string>', 'VARCHAR[]'],
  ['map<string,array<int>>', 'MAP(VARCHAR, INTEGER[])'],
  [
    'struct<id:string,lineage:struct<record:bigint,price:decimal(4,1)>,tags:array<string>>',
    'STRUCT("id" VARCHAR, "lineage" STRUCT("record" BIGINT, "price" DECIMAL(4,1)), "tags" VARCHAR[])',
  ],
])("the catalog's %s is DuckDB's %s", async (hive, duckdb) => {
  expect(duckType(hive)).toBe(duckdb);
  await duck.run(`SELECT NULL::${duckdb}`);
});
