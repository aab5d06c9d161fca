import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, expect, test } from 'vitest';
import { withEngine, withFreshEngine } from '../../../core/envelope/engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'forebay-engine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shard = join(folder, 'shard');
const tablesOf = async (duck: DuckDBConnection) =>
  (await duck.runAndReadAll('SELECT table_name FROM duckdb_tables()')).getRows().flat();
/** 64 MiB of text. */
const large =
  'CREATE TEMP TABLE large AS SELECT repeat(md5(i::VARCHAR), 32768) AS text FROM range(64) numbers(i)';

test.each([
  ['kept', withEngine],
  ['fresh', withFreshEngine],
])('nothing of what a shard made is there for the next one: %s', async (_, withOne) => {
  await withOne(shard, async (duck) => {
    await duck.run('CREATE TEMP TABLE judged (record INTEGER)');
    expect(await tablesOf(duck)).toEqual(['judged']);
  });
  await withOne(shard, async (duck) => expect(await tablesOf(duck)).toEqual([]));
});

test('shards side by side do not see each other, and one goes on when the other fails', async () => {
  let fail = () => {};
  const told = new Promise<void>((resolve) => {
    fail = resolve;
  });
  const failing = withEngine(shard, async (duck) => {
    await duck.run('CREATE TEMP TABLE of_one (record INTEGER)');
    await told;
    await duck.run('SELECT error($$of one$$)');
  });
  await withEngine(shard, async (duck) => {
    expect(await tablesOf(duck)).toEqual([]);
    fail();
    await expect(failing).rejects.toThrow('DuckDB answered: Invalid Input Error');
    await duck.run('CREATE TEMP TABLE of_other (record INTEGER)');
    expect(await tablesOf(duck)).toEqual(['of_other']);
  });
  await withEngine(join(folder, 'others', 'shard'), async (duck) => expect(await tablesOf(duck)).toEqual([]));
});

test('an engine that is kept has its memory back behind each shard', async () => {
  for (let n = 0; n < 8; n++) {
    await withEngine(shard, async (duck) => {
      await duck.run(large);
      const rows = await duck.runAndReadAll('SELECT sum(length(text)) FROM large');
      expect(rows.getRows()).toEqual([[64n * 1_024n ** 2n]]);
    });
  }
  // Eight of them are more than it may have, and none of them went to the disk.
  expect(readdirSync(folder).filter((name) => name.startsWith('spill'))).toEqual([]);
}, 60_000);

test.each([
  ['kept', withEngine],
  ['fresh', withFreshEngine],
])('reaches its folder, and no other file, and nobody changes its settings: %s', async (_, withOne) => {
  await withOne(shard, async (duck) => {
    await duck.run(`COPY (SELECT 1 AS n) TO '${join(shard, 'one.csv')}'`);
    await expect(duck.run(`SELECT * FROM read_text('${import.meta.filename}')`)).rejects.toThrow(
      /Permission/,
    );
    await expect(duck.run("SET memory_limit = '8GiB'")).rejects.toThrow(/locked/);
  });
  expect(readdirSync(shard)).toContain('one.csv');
});

test('an engine that has failed is not kept, whatever it holds', async () => {
  const failed = withEngine(shard, async (duck) => {
    await duck.run('CREATE TABLE of_all_connections (record INTEGER)');
    await duck.run('SELECT * FROM nothing');
  });
  await expect(failed).rejects.toThrow('DuckDB answered: Catalog Error');
  await withEngine(shard, async (duck) => expect(await tablesOf(duck)).toEqual([]));
});
