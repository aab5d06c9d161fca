/** A file's shards through the Envelope task itself, with a folder in the place of the cloud. */
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type DuckDBStructType } from '@duckdb/node-api';
import { sqlName, sqlText } from '../../core/contract/sql.ts';
import { hasOwnNames } from '../../core/job/format/format.ts';
import type { Contract, Job } from '../../core/job/model.ts';
import type { ShardRecord } from '../../core/ledger.ts';
import type { RunRef } from '../../core/run.ts';
import type { Shard } from '../../core/shard.ts';
import { batchKey, rejectsKey } from '../../core/storage.ts';
import { type EnvelopeDeps, envelope } from '../../tasks/envelope/envelope.ts';
import type { KeyDeps } from '../../tasks/envelope/keys.ts';
import { withFileColumns } from './columns.ts';
import type { ExtractedFile } from './extract.ts';
import { jsonSql, objectSql } from './json.ts';
import type { Lines } from './lines.ts';
import { refusing } from './refuse.ts';
import type { Reading } from './shards.ts';

export interface EnvelopeOptions {
  job: Job;
  run: RunRef;
  /** A folder of the caller's. */
  directory: string;
  /** Print `{ metadata, data }`. */
  envelope: boolean;
  note(text: string): void;
}

/** What differs from the metadata of a run: this is no function of AWS. */
const here: Record<string, string> = { hostPlatform: `'"local"'`, region: 'NULL' };

export async function withJob<T>(
  file: ExtractedFile,
  options: EnvelopeOptions,
  lines: Lines,
  use: (reading: Reading) => Promise<T>,
): Promise<T> {
  const { run, directory } = options;
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  try {
    const duck = await instance.connect();
    const job = await refusing(file.path, 'all', file.header?.offset ?? 0, () =>
      withFileColumns(file, options.job, directory),
    );
    const local = localDeps(file, { ...options, job });
    return await use(async (shard) => {
      const { record, put } = await local.envelope(run, shard);
      const batch = join(directory, 'batch.parquet');
      await writeFile(batch, put.get(batchKey(run.job, run.runId, shard.n)) ?? '');
      if (lines.left() > 0) await printBatch(duck, batch, lines, options.envelope);
      return {
        written: record.batch?.rows ?? 0,
        filtered: record.filtered ?? 0,
        rejectsByCode: record.rejectsByCode,
        discarded: record.discarded ?? {},
        rejects: put.get(rejectsKey(run.job, run.runId, shard.n)) ?? Buffer.alloc(0),
      };
    });
  } finally {
    instance.closeSync();
  }
}

interface Enveloped {
  record: ShardRecord;
  put: Map<string, Uint8Array>;
}

/** No run was there before the one that reads a file. */
const nothingBefore: Pick<EnvelopeDeps, 'getShard' | 'head' | 'copy'> = {
  getShard: async () => null,
  head: async () => null,
  copy: async () => ({ sha256: '' }),
};

/** Whether a bad record fails a run is for the caller to tell: here all of them are wanted. */
function localDeps(file: ExtractedFile, { job, directory, note }: EnvelopeOptions) {
  const lenient = { ...job, contract: withoutFailures(job) };
  const keys = localKeys(job.name, note);
  return {
    async envelope(run: RunRef, shard: Shard): Promise<Enveloped> {
      const put = new Map<string, Uint8Array>();
      const records: ShardRecord[] = [];
      const deps: EnvelopeDeps = {
        readJob: async () => lenient,
        readRaw: (object, range) => file.read(object, range),
        putOps: async (name, body) => put.set(name, body),
        putShard: async (_runId, record) => void records.push(record),
        keepOps: async (name, body) => {
          put.set(name, body);
          return body;
        },
        ...keys,
        withDirectory: (use) => emptied(join(directory, 'shard'), use),
        readFile: (path) => readFile(path),
        now: () => new Date(),
        ...{ opsBucket: 'local', region: 'local', ...nothingBefore },
      };
      await envelope(deps, { run, shard });
      const [record] = records;
      if (record === undefined) throw new Error(`Envelope kept no record of shard ${shard.n}`);
      return { record, put };
    },
  };
}

/** A header that is refused, and be it for a field that is new, is so all the same. */
function withoutFailures({ contract, format }: Job): Contract {
  const { onNewColumn, onRetypedColumn } = contract;
  return {
    ...contract,
    onBadRecord: 'quarantine',
    onNewColumn: onNewColumn === 'fail' && hasOwnNames(format) ? 'discard-record' : onNewColumn,
    onRetypedColumn: onRetypedColumn === 'fail' ? 'discard-record' : onRetypedColumn,
  };
}

async function emptied<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  try {
    return await use(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

/** The job's keys are not on this machine: these are of this call alone, and gone with it. */
function localKeys(job: string, note: (text: string) => void): KeyDeps {
  const secrets = new Map<string, Buffer>();
  let notes = 0;
  const told = (what: string) => {
    if (notes++ === 0)
      note(`${job}'s privacy keys are not on this machine: ${what} with keys of this call alone`);
  };
  return {
    async secretKey(name) {
      told('hashes and tokens are made');
      const key = secrets.get(name) ?? randomBytes(32);
      secrets.set(name, key);
      return key;
    },
    async dataKey() {
      told('values are encrypted, which nobody can undo,');
      return { keyId: 'local', wrapped: randomBytes(32), plaintext: randomBytes(32), used: 0n };
    },
    secretsPath: '/local/',
  };
}

async function printBatch(
  duck: DuckDBConnection,
  batch: string,
  lines: Lines,
  enveloped: boolean,
): Promise<void> {
  const from = `read_parquet(${sqlText(batch)})`;
  const empty = await duck.run(`SELECT * FROM ${from} LIMIT 0`);
  const types = empty.columnTypes();
  const columns = empty.columnNames().map((name, i) => {
    const type = types[i];
    if (type === undefined) throw new Error(`column ${name} has no type`);
    return { name, type };
  });
  const data = objectSql(
    columns.slice(1).map(({ name, type }) => ({ name, json: jsonSql(type, sqlName(name)) })),
  );
  const metadata = metadataJson(columns[0]?.type as DuckDBStructType);
  const line = enveloped ? `'{"metadata":' || ${metadata} || ',"data":' || ${data} || '}'` : data;
  const result = await duck.stream(`SELECT ${line} FROM ${from} LIMIT ${Math.min(lines.left(), 2 ** 52)}`);
  for (let chunk = await result.fetchChunk(); chunk !== null; chunk = await result.fetchChunk()) {
    if (chunk.rowCount === 0) break;
    await lines.print(chunk.getColumnValues(0).map(String));
  }
}

/** As an event has it: what a job does not give is left out, and the time has milliseconds. */
function metadataJson({ entryNames, entryTypes }: DuckDBStructType): string {
  return objectSql(
    entryNames.map((name, i) => {
      const type = entryTypes[i];
      if (type === undefined) throw new Error(`metadata.${name} has no type`);
      const value = `metadata.${sqlName(name)}`;
      if (name === 'timestamp')
        return { name, json: `'"' || strftime(${value}, '%Y-%m-%dT%H:%M:%S.%gZ') || '"'` };
      return { name, json: here[name] ?? `CASE WHEN ${value} IS NOT NULL THEN ${jsonSql(type, value)} END` };
    }),
  );
}
