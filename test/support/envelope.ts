/** A whole file through scan and Envelope's engine, without a cloud; and its batches read back. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { pathsOf } from '../../core/contract/paths.ts';
import { sqlName, sqlText } from '../../core/contract/sql.ts';
import { runMetadata } from '../../core/envelope/metadata.ts';
import { envelopeShard, type ShardOutput } from '../../core/envelope/shard.ts';
import { recordFormat } from '../../core/formats/format.ts';
import type { Job } from '../../core/job/model.ts';
import { versionOf } from '../../core/job/version.ts';
import { keysOf, type PrivacyKeys } from '../../core/privacy/rules.ts';
import type { RunRef } from '../../core/run.ts';
import type { Lossless } from './duck.ts';
import { textOf } from './text.ts';

export const hashKey = Buffer.from('the key of the golden tests');
export const keys: PrivacyKeys = {
  hash: hashKey,
  token: Buffer.from('the key of tokens in tests'),
  sharedToken: Buffer.from('the shared key of tokens in tests'),
  data: {
    ...{ keyId: 'key-of-tests', wrapped: Buffer.from('a wrapped key') },
    ...{ plaintext: Buffer.alloc(32, 7), used: 0n },
  },
};

const unasked = (what: string) => async (): Promise<never> => {
  throw new Error(`${what} is for jobs that encrypt`);
};

/** Of Envelope's dependencies those that a job without encrypted columns does not use. */
export const withoutEncryption = {
  dataKey: unasked('a data key'),
  keepOps: unasked('a batch that is put once'),
  secretsPath: '/forebay/test/',
};

export const runOf = (job: Job): RunRef => ({
  job: job.name,
  jobVersion: versionOf(job).version,
  runId: 'r1',
  slice: job.cadence === 'once' ? 'once' : '2026-03-01',
  ...{ fence: 1, revision: 1, trigger: 'manual', force: false },
  time: '2026-03-02T01:15:00.000Z',
});

/** A file's shards, each with the number of records that the scan counted in it. */
export async function envelopeFile(
  job: Job,
  input: Uint8Array,
  options: { shardBytes: number; directory: string; object?: string },
): Promise<Array<ShardOutput & { records: number }>> {
  const text = await textOf(input, job.format.encoding);
  const scanner = recordFormat(job.format, {}, job.contract.names).scanner({
    shardBytes: options.shardBytes,
    maxRecordBytes: 16 * 1024 * 1024,
    paths: pathsOf(job.contract),
  });
  scanner.push(text.bytes);
  const scan = scanner.end();
  const part = (range: { offset: number; length: number }) =>
    text.bytes.subarray(range.offset, range.offset + range.length);
  const run = runOf(job);
  const key = options.object ?? 'input.csv';
  const shards: Array<ShardOutput & { records: number }> = [];
  // One data key for all shards of the file: no two of its values have the same IV. A job without one has none.
  const ofFile = { ...keys, data: keysOf(job).has('data') ? keys.data && { ...keys.data } : null };
  let firstRecord = 0;
  for (const [n, range] of scan.ranges.entries()) {
    const output = await envelopeShard({
      ...{ job, run, firstRecord, keys: ofFile },
      format: recordFormat(job.format, { ...scan, ...range }, job.contract.names),
      metadata: runMetadata(job, run, 'eu-west-1'),
      raw: { key, sha256: createHash('sha256').update(input).digest('hex') },
      unpacked: text.in === 'raw' ? null : { key },
      header: scan.header === null ? null : part(scan.header),
      bytes: part(range),
      offset: range.offset,
      directory: join(options.directory, String(n)),
    });
    shards.push({ ...output, records: range.records });
    firstRecord += range.records;
  }
  return shards;
}

export interface ReadRecord {
  metadata: Record<string, unknown> & {
    id: string;
    lineage: Record<string, unknown> & { record: number };
  };
  /** Each value in text. */
  data: Record<string, string | null>;
}

const read = new Map<string, Promise<ReadRecord[]>>();

/** The records of a batch by its bytes: the same bytes are read once. */
export function readBatchBytes(bytes: Buffer): Promise<ReadRecord[]> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const known = read.get(sha256);
  if (known !== undefined) return known;
  const directory = mkdtempSync(join(tmpdir(), 'forebay-batch-'));
  const file = join(directory, 'batch.parquet');
  writeFileSync(file, bytes);
  const records = readBatch(file).finally(() => rmSync(directory, { recursive: true, force: true }));
  read.set(sha256, records);
  return records;
}

/** The records of a batch, in its order. */
export function readBatch(file: string): Promise<ReadRecord[]> {
  return ofBatch(file, async (duck, from, columns) => {
    const texts = columns.map((name) => `CAST(${sqlName(name)} AS VARCHAR)`);
    const reader = await duck.runAndReadAll(
      `SELECT to_json(metadata), ${texts.join(', ')} FROM ${from} ORDER BY file_row_number`,
    );
    return reader.getRows().map(([metadata, ...values]) => ({
      metadata: JSON.parse(String(metadata)),
      data: Object.fromEntries(columns.map((name, i) => [name, (values[i] ?? null) as string | null])),
    }));
  });
}

/** The same without metadata, nested values as such. */
export function readValues(file: string): Promise<Array<Record<string, Lossless>>> {
  return ofBatch(file, async (duck, from, columns) => {
    const sql = `SELECT ${columns.map(sqlName).join(', ')} FROM ${from} ORDER BY file_row_number`;
    return (await duck.runAndReadAll(sql)).getRowObjectsJson() as Array<Record<string, Lossless>>;
  });
}

/** One for all batches: to open it takes longer than to read one. */
let reader: Promise<DuckDBInstance> | null = null;

async function ofBatch<T>(
  file: string,
  read: (duck: DuckDBConnection, from: string, columns: string[]) => Promise<T>,
): Promise<T> {
  reader ??= DuckDBInstance.create(':memory:', { threads: '1' });
  const duck = await (await reader).connect();
  try {
    const from = `read_parquet(${sqlText(file)}, file_row_number = true)`;
    const described = await duck.runAndReadAll(`DESCRIBE SELECT * FROM ${from}`);
    const columns = described
      .getRows()
      .map(([name]) => String(name))
      .filter((name) => name !== 'metadata' && name !== 'file_row_number');
    return await read(duck, from, columns);
  } finally {
    duck.disconnectSync();
  }
}
