/** DuckDB as Envelope has it: one thread, bounded memory, and a folder of its own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { sqlText } from '../contract/sql.ts';
import { ForebayError } from '../errors.ts';

const memoryLimit = '384MiB';

/** `directory` takes what `use` writes, and what does not fit into memory. */
export async function withEngine<T>(
  directory: string,
  use: (duck: DuckDBConnection) => Promise<T>,
): Promise<T> {
  mkdirSync(directory, { recursive: true });
  const instance = await openDuckDB(directory);
  const duck = await instance.connect();
  try {
    return await use(duck);
  } catch (error) {
    throw named(error);
  } finally {
    // A connection holds the database and its memory until it is collected as garbage.
    duck.disconnectSync();
    instance.closeSync();
  }
}

/** Reaches nothing but the folder. */
async function openDuckDB(directory: string): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: memoryLimit });
  const duck = await instance.connect();
  await duck.run(`SET temp_directory = ${sqlText(join(directory, 'spill'))}`);
  await duck.run(`SET allowed_directories = [${sqlText(`${directory}/`)}]`);
  await duck.run("SET GLOBAL TimeZone = 'UTC'");
  // It moves what two expressions share out of their TRY, where one failing record would fail the shard.
  await duck.run("SET disabled_optimizers = 'common_subexpressions'");
  await duck.run('SET enable_external_access = false');
  await duck.run('SET lock_configuration = true');
  duck.disconnectSync();
  return instance;
}

/** DuckDB's own errors may quote a value; what a run can be helped with gets a name of ours. */
function named(error: unknown): unknown {
  const { message = '', code } = error as { message?: string; code?: string };
  if (/Out of Memory/i.test(message)) {
    return new ForebayError(
      'MemoryExceeded',
      `the shard needs more than ${memoryLimit} of memory; make shards smaller`,
    );
  }
  if (code === 'ENOSPC' || /No space left|max_temp_directory_size/i.test(message)) {
    return new ForebayError(
      'DiskFull',
      "the shard does not fit into the function's temporary storage; make shards smaller",
    );
  }
  if (error instanceof ForebayError) return error;
  // The first words are DuckDB's kind of error; what follows may quote a record, or the SQL.
  const kind = /^(?:\w+ )*Error/.exec(message)?.[0] ?? 'an error';
  return Object.assign(new Error(`DuckDB answered: ${kind}`), { name: 'EngineError' });
}
