/** The peer: DuckDB's own `COPY (read_csv or read_json) TO parquet` on one thread; its types are guessed, its casts are its own. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { sqlText } from '../../../core/contract/sql.ts';
import { jobFrom, report, scratch } from '../case.ts';

const [file = '', jobFile = ''] = process.argv.slice(2);
const { format } = jobFrom(jobFile).job;
const readers: Record<string, string> = {
  csv: `read_csv(${sqlText(file)}, header = ${'header' in format && format.header === true}, ignore_errors = true)`,
  ndjson: `read_json(${sqlText(file)}, format = 'newline_delimited', ignore_errors = true)`,
  json: `read_json(${sqlText(file)}, format = 'array')`,
};
const directory = scratch('duckdb-copy');

await report(async () => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const duck = await instance.connect();
  const from = readers[format.kind];
  const target = sqlText(join(directory, 'out.parquet'));
  const { rowsChanged } = await duck.run(
    `COPY (SELECT * FROM ${from}) TO ${target} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return `${rowsChanged} rows`;
});
rmSync(directory, { recursive: true, force: true });
