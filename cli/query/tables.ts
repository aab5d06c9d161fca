/** The query's tables: which files of the lake they are, fetched, and as views of DuckDB. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Catalog, CatalogColumn, ObjectStore } from '../../aws/interfaces.ts';
import { sqlName, sqlText } from '../../core/contract/sql.ts';
import type { ObjectRef } from '../../core/run.ts';
import { unknownName } from '../session.ts';
import { neededSlices } from './slices.ts';
import type { TableUse } from './statement.ts';
import { duckType } from './types.ts';

export interface TableDeps {
  listTables: Catalog['listTables'];
  listPartitions: Catalog['listPartitions'];
  list: ObjectStore['list'];
  stream: ObjectStore['stream'];
}

export interface PlannedTable {
  name: string;
  columns: CatalogColumn[];
  slices: { needed: number; total: number };
  files: Array<{ ref: ObjectRef; slice: string; bytes: number }>;
}

/** A table goes by its own name and by its job's: `-` and `_` are alike. */
const tableNameOf = (written: string): string => written.toLowerCase().replaceAll('-', '_');

export async function planTables(
  deps: TableDeps,
  duck: DuckDBConnection,
  uses: readonly TableUse[],
): Promise<PlannedTable[]> {
  const known = await deps.listTables();
  const names = [...new Set(uses.map((use) => tableNameOf(use.name)))];
  return Promise.all(
    names.map(async (name) => {
      const table = known.find((candidate) => candidate.name === name);
      if (table === undefined)
        throw unknownName(
          'table',
          name,
          known.map((candidate) => candidate.name),
        );
      const partitions = await deps.listPartitions(name);
      const mentions = uses.filter((use) => tableNameOf(use.name) === name);
      const all = partitions.map(({ slice }) => slice).sort();
      const needed = await neededSlices(duck, all, mentions);
      const files = await Promise.all(
        partitions
          .filter(({ slice }) => needed.includes(slice))
          .map(({ slice, location }) => filesOf(deps, slice, location)),
      );
      const slices = { needed: needed.length, total: all.length };
      return { name, columns: table.columns, slices, files: files.flat() };
    }),
  );
}

async function filesOf(deps: TableDeps, slice: string, location: string): Promise<PlannedTable['files']> {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(location) ?? [];
  const objects = await deps.list(bucket, prefix.endsWith('/') ? prefix : `${prefix}/`);
  return objects
    .filter(({ key }) => key.endsWith('.parquet'))
    .map(({ key, bytes }) => ({ ref: { bucket, key }, slice, bytes }));
}

const atOnce = 8;

/** Downloads the files to `<dir>/<table>/slice=<slice>/`. `onFile` is told of each that is there. */
export async function fetchFiles(
  deps: TableDeps,
  tables: readonly PlannedTable[],
  dir: string,
  onFile: (done: number, total: number) => void,
): Promise<void> {
  const all = tables.flatMap((table) =>
    table.files.map((file, n) => ({ file, path: localPath(dir, table, n) })),
  );
  const pending = [...all];
  let done = 0;
  const worker = async () => {
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      await mkdir(join(next.path, '..'), { recursive: true });
      await pipeline(await deps.stream(next.file.ref), createWriteStream(next.path));
      onFile(++done, all.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
}

const localPath = (dir: string, table: PlannedTable, n: number): string =>
  join(dir, table.name, `slice=${table.files[n]?.slice}`, `${n}.parquet`);

/** A view a table, under its own name and, where they differ, under its job's. */
export async function createViews(
  duck: DuckDBConnection,
  tables: readonly PlannedTable[],
  dir: string,
): Promise<void> {
  for (const table of tables) {
    const paths = table.files.map((_, n) => localPath(dir, table, n));
    const body = paths.length === 0 ? emptyTable(table) : await filesAsTable(duck, table, paths);
    await duck.run(`CREATE VIEW ${sqlName(table.name)} AS ${body}`);
    const job = table.name.replaceAll('_', '-');
    if (job !== table.name) await duck.run(`CREATE VIEW ${sqlName(job)} AS FROM ${sqlName(table.name)}`);
  }
}

const emptyTable = (table: PlannedTable): string =>
  `SELECT ${[...table.columns.map(nullColumn), 'NULL::VARCHAR AS slice'].join(', ')} WHERE false`;

const nullColumn = ({ name, type }: CatalogColumn): string => `NULL::${duckType(type)} AS ${sqlName(name)}`;

/** Files of before a column was added lack it; where all that are read do, it is null all over. */
async function filesAsTable(duck: DuckDBConnection, table: PlannedTable, paths: string[]): Promise<string> {
  const list = paths.map(sqlText).join(', ');
  const files = `read_parquet([${list}], union_by_name = true, hive_partitioning = true, hive_types = {'slice': VARCHAR})`;
  const described = await duck.runAndReadAll(`DESCRIBE SELECT * FROM ${files}`);
  const present = new Map(described.getRows().map(([name]) => [String(name).toLowerCase(), String(name)]));
  const columns = table.columns.map((column) => {
    const name = present.get(column.name.toLowerCase());
    return name === undefined ? nullColumn(column) : `${sqlName(name)} AS ${sqlName(column.name)}`;
  });
  return `SELECT ${[...columns, 'slice'].join(', ')} FROM ${files}`;
}
