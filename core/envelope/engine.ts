/** DuckDB as Envelope has it: one thread, bounded memory, and a folder of its own. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { sqlText } from '../contract/sql.ts';
import { ForebayError } from '../errors.ts';

const memoryLimit = '384MiB';

interface Kept {
  folder: string;
  instance: Promise<DuckDBInstance>;
  uses: number;
}

/** That of the last shard's folder: to open one and to close it takes as long as a small shard does. */
let kept: Kept | null = null;

/**
 * `directory` takes what `use` writes, and lies in a folder of this process's own, which takes what does not fit into
 * memory. The engine stays for the next shard there: what `use` makes has to be temporary, and goes with its connection.
 */
export async function withEngine<T>(
  directory: string,
  use: (duck: DuckDBConnection) => Promise<T>,
): Promise<T> {
  mkdirSync(directory, { recursive: true });
  const engine = engineIn(dirname(directory));
  engine.uses += 1;
  try {
    return await using(await engine.instance, use);
  } catch (error) {
    // Whatever is wrong with it, the next shard begins without.
    if (kept === engine) kept = null;
    throw error;
  } finally {
    engine.uses -= 1;
    await closeUnused(engine);
  }
}

/** One of its own, which is closed behind `use` with all that it was given. */
export async function withFreshEngine<T>(
  directory: string,
  use: (duck: DuckDBConnection) => Promise<T>,
): Promise<T> {
  mkdirSync(directory, { recursive: true });
  const instance = await openDuckDB(directory);
  try {
    return await using(instance, use);
  } finally {
    instance.closeSync();
  }
}

function engineIn(folder: string): Kept {
  if (kept?.folder === folder) return kept;
  const before = kept;
  kept = { folder, instance: openDuckDB(folder), uses: 0 };
  if (before !== null) void closeUnused(before);
  return kept;
}

async function closeUnused(engine: Kept): Promise<void> {
  if (engine === kept || engine.uses > 0) return;
  const instance = await engine.instance.catch(() => null);
  instance?.closeSync();
}

async function using<T>(instance: DuckDBInstance, use: (duck: DuckDBConnection) => Promise<T>): Promise<T> {
  const duck = await instance.connect();
  try {
    return await use(duck);
  } catch (error) {
    throw named(error);
  } finally {
    // A connection holds its tables and their memory until it is collected as garbage.
    duck.disconnectSync();
  }
}

/** Reaches nothing but the folder. */
async function openDuckDB(folder: string): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: memoryLimit });
  const duck = await instance.connect();
  await duck.run(`SET temp_directory = ${sqlText(join(folder, `spill-${randomUUID()}`))}`);
  await duck.run(`SET allowed_directories = [${sqlText(`${folder}/`)}]`);
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
