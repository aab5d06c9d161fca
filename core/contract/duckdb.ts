import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** An in-memory DuckDB that reaches neither files nor network, for as long as `use` runs. */
export async function withDuckDB<T>(use: (duck: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { enable_external_access: 'false', threads: '1' });
  try {
    const duck = await instance.connect();
    // A text with an offset, read by strptime, becomes a timestamp by the session's zone: not the machine's.
    await duck.run("SET GLOBAL TimeZone = 'UTC'");
    await duck.run('SET lock_configuration = true');
    return await use(duck);
  } finally {
    instance.closeSync();
  }
}
