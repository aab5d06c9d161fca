import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

let kept: Promise<DuckDBInstance> | null = null;

/**
 * A connection to an in-memory DuckDB that reaches neither files nor network, for as long as `use` runs. The database
 * is one for the process, since to open it takes longer than most of what is asked of it: what `use` makes has to be
 * temporary, and goes with its connection.
 */
export async function withDuckDB<T>(use: (duck: DuckDBConnection) => Promise<T>): Promise<T> {
  kept ??= openDuckDB().catch((error: unknown) => {
    // Who comes next tries again.
    kept = null;
    throw error;
  });
  const duck = await (await kept).connect();
  try {
    return await use(duck);
  } finally {
    duck.disconnectSync();
  }
}

async function openDuckDB(): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(':memory:', { enable_external_access: 'false', threads: '1' });
  const duck = await instance.connect();
  // A text with an offset, read by strptime, becomes a timestamp by the session's zone: not the machine's.
  await duck.run("SET GLOBAL TimeZone = 'UTC'");
  await duck.run('SET lock_configuration = true');
  duck.disconnectSync();
  return instance;
}
