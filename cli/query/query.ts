/** `forebay query`: DuckDB over the files that the catalog points to, and over nothing else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { sqlText } from '../../core/contract/sql.ts';
import { counted } from '../../core/text.ts';
import { type Output, toJson } from '../output.ts';
import { Problem, wrongUsage } from '../problem.ts';
import type { Format } from './format.ts';
import { readStatement } from './statement.ts';
import { createViews, fetchFiles, type PlannedTable, planTables, type TableDeps } from './tables.ts';

export interface QueryDeps extends TableDeps {
  output: Output;
  /** Whether so much may be fetched. */
  confirm(question: string): Promise<boolean>;
}

/** More than this is asked about. */
const muchBytes = 1024 ** 3;
/** A table on a screen; the other formats print all rows. */
const tableRows = 500;

export async function query(
  deps: QueryDeps,
  sql: string,
  options: { format: Format; yes: boolean },
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'forebay-query-'));
  const instance = await DuckDBInstance.create(':memory:', { autoload_known_extensions: 'false' });
  try {
    const duck = await instance.connect();
    const tables = await planTables(deps, duck, await readStatement(duck, sql));
    await checkSize(deps, tables, options.yes);
    await fetchFiles(deps, tables, dir, (done, total) =>
      deps.output.tick(`fetched ${done} of ${total} files`),
    );
    await lock(duck, dir);
    await createViews(duck, tables, dir);
    await print(deps.output, duck, sql, options.format);
  } finally {
    instance.closeSync();
    await rm(dir, { recursive: true, force: true });
  }
}

async function checkSize(deps: QueryDeps, tables: PlannedTable[], yes: boolean): Promise<void> {
  const files = tables.flatMap((table) => table.files);
  const bytes = files.reduce((total, file) => total + file.bytes, 0);
  for (const { name, slices } of tables) {
    deps.output.progress(`${name}: ${slices.needed} of ${slices.total} slices`);
  }
  if (bytes <= muchBytes || yes) return;
  const size = `${files.length} files of ${(bytes / 1024 ** 3).toFixed(1)} GiB in all`;
  const fewer = "a condition on slice, e.g. WHERE slice = '2026-03-01', makes it fewer";
  if (!(await deps.confirm(`the query needs ${size} (${fewer}). Fetch them?`))) {
    throw new Problem(`the query needs ${size}: ${fewer}, and --yes fetches them all`);
  }
}

/** From here on DuckDB reads the fetched files and nothing else, and no setting changes that. */
async function lock(duck: DuckDBConnection, dir: string): Promise<void> {
  await duck.run(`SET temp_directory = ${sqlText(join(dir, 'spill'))}`);
  await duck.run(`SET allowed_directories = [${sqlText(`${dir}/`)}]`);
  await duck.run('SET enable_external_access = false');
  await duck.run('SET lock_configuration = true');
}

async function print(output: Output, duck: DuckDBConnection, sql: string, format: Format): Promise<void> {
  const result = await duck.stream(sql).catch((error: Error) => {
    throw wrongUsage(`the query failed: ${error.message}`);
  });
  const names = result.deduplicatedColumnNames();
  const screen: unknown[][] = [];
  let count = 0;
  if (format === 'csv') output.line(names.map(csvCell).join(','));
  // Bigints and decimals come as text: a JSON number would round them.
  for await (const rows of result.yieldRowsJson()) {
    for (const row of rows) {
      count++;
      if (format === 'csv') output.line(row.map(csvCell).join(','));
      else if (format === 'ndjson')
        output.line(toJson(Object.fromEntries(names.map((name, i) => [name, row[i]]))));
      else if (count <= tableRows) screen.push(row);
    }
  }
  if (format !== 'table') return;
  output.table(names, screen);
  const more = count > tableRows ? `, the first ${tableRows} shown: --format ndjson prints all` : '';
  output.note(output.paint('dim', `${counted(count, 'rows')}${more}`));
}

/** RFC 4180. Null is an empty cell, an empty text is `""`. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : toJson(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
