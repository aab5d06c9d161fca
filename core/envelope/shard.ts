/** One shard from its bytes to a Parquet batch: what the Envelope task does, without a cloud. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type AnalysedContract, analyseContract } from '../contract/analyse.ts';
import { type Fault, type Judgement, judge } from '../contract/judge.ts';
import { outputColumns } from '../contract/output.ts';
import { sqlName, sqlText } from '../contract/sql.ts';
import type { RecordFormat } from '../formats/interfaces.ts';
import type { Job } from '../job/model.ts';
import { recordDigits } from '../keys.ts';
import { protectedValue } from '../privacy/columns.ts';
import type { PrivacyKeys } from '../privacy/rules.ts';
import type { RunRef } from '../run.ts';
import type { Reject } from '../shard.ts';
import { withEngine, withFreshEngine } from './engine.ts';
import {
  nameByKey,
  nameByNumber,
  namespaceOfObject,
  recordNamespace,
  sha1OfName,
  uuidFromSha1,
} from './id.ts';
import { type LeftOut, leaveOut } from './leave-out.ts';
import type { EnvelopeMetadata } from './metadata.ts';
import { type Reading, readingOf } from './reading.ts';
import { type Found, place, refuseUnexpected } from './rejects.ts';
import { registerSealing } from './sealing.ts';
import { metadataSql } from './struct-sql.ts';
import { openTexts } from './texts.ts';

export interface ShardInput {
  job: Job;
  format: RecordFormat;
  run: Pick<RunRef, 'job' | 'runId' | 'slice' | 'jobVersion'>;
  metadata: Omit<EnvelopeMetadata, 'id'>;
  raw: { key: string; sha256: string };
  /** What `bytes` lie in, where that is not the raw object. */
  unpacked: { key: string } | null;
  header: Uint8Array | null;
  bytes: Uint8Array;
  /** Of the first byte and the first record of `bytes`, within the object that they lie in. */
  offset: number;
  firstRecord: number;
  /** Those that the job's privacy rules take. */
  keys: PrivacyKeys;
  /** A folder of the caller's, for the batch and for what does not fit into memory. */
  directory: string;
  /** Records that the slice as a whole costs; without it: none. */
  leaveOut?: LeftOut;
}

export interface ShardOutput {
  /** Path of the Parquet file. */
  file: string;
  rows: number;
  bytes: number;
  filtered: number;
  /** Values of written records that became null since they are none of their column's type, by column. */
  discarded: Record<string, number>;
  /** In the order of the records. */
  rejects: Reject[];
  /** Path of the written records' keys, as core/keys.ts has them; `null` for a contract without a key. */
  ids: string | null;
}

export async function envelopeShard(input: ShardInput): Promise<ShardOutput> {
  // What is registered to encrypt holds the data key, and would stay with an engine that is kept.
  const withOne = input.keys.data === null ? withEngine : withFreshEngine;
  return withOne(input.directory, async (duck) => {
    if (input.keys.data !== null) registerSealing(duck, input.job, input.keys.data);
    const { analysed } = await analyseContract(duck, input.job.contract);
    const reading = readingOf(input.job, input.format, input.header, input.bytes, analysed);
    const { malformed, faults, discards } = await judgeRecords(duck, input, reading);
    refuseUnexpected(input, malformed);
    const rejects = [...malformed, ...(await faultyRecords(duck, faults))];
    const file = await writeBatch(duck, input, analysed);
    const [rows = 0, filtered = 0, ...discarded] = await counts(duck, discards);
    const ids = isKeyed(input) ? await writeIds(duck, input.directory) : null;
    return {
      ...{ file, rows, bytes: statSync(file).size, filtered, ids },
      discarded: Object.fromEntries(
        discards.flatMap(({ column }, i) => (discarded[i] ? [[column, discarded[i]]] : [])),
      ),
      rejects: place(input, rejects),
    };
  });
}

/**
 * `judged`: of each good record its values, its fault, whether it is kept, and its id where it is needed twice. What
 * the format itself refuses is in `malformed`.
 */
async function judgeRecords(
  duck: DuckDBConnection,
  input: ShardInput,
  { contract, wanted, absent }: Reading,
): Promise<{ malformed: Found[] } & Pick<Judgement, 'faults' | 'discards'>> {
  const texts = await openTexts(duck, wanted, contract.fields.length - wanted.names.length);
  const { sql, faults, discards } = await judge(duck, input.job, contract, texts.sql, absent);
  const judged = isKeyed(input) ? withIds(input, contract, `(${sql})`) : sql;
  // The first one makes the table: to plan the statement takes longer than to judge a small shard by it.
  let into = 'CREATE TEMP TABLE judged AS';
  const drain = async (): Promise<void> => {
    await texts.drain(`${into} ${judged}`);
    into = 'INSERT INTO judged';
  };
  const { malformed } = await input.format.read(input.bytes, wanted, async (chunk) => {
    texts.append(chunk);
    if (texts.isFull()) await drain();
  });
  await drain();
  if (input.leaveOut !== undefined) await leaveOut(duck, input.leaveOut, faults);
  const found = malformed.map(({ record, code, message }) => ({
    record,
    fault: { code, column: null, message },
  }));
  return { malformed: found, faults, discards };
}

const isKeyed = ({ job }: ShardInput): boolean => job.contract.key.length > 0;

function withIds(input: ShardInput, contract: AnalysedContract, records: string): string {
  const hashed = `SELECT *, ${sha1OfId(input, contract)} AS hash FROM ${records} AS records`;
  return `SELECT * EXCLUDE (hash), ${uuidFromSha1('hash')} AS id FROM (${hashed})`;
}

/** SQL for the SHA-1 that a record's id is made from. */
function sha1OfId(input: ShardInput, contract: AnalysedContract): string {
  const { job, run } = input;
  if (isKeyed(input)) {
    const values = job.contract.key.map(columnValue(input, contract));
    return sha1OfName(recordNamespace, nameByKey(run.job, values));
  }
  return sha1OfName(namespaceOfObject(run, input.raw.sha256), nameByNumber(recordNumber(input)));
}

/** SQL for a record's number within the raw object. */
const recordNumber = ({ firstRecord }: ShardInput): string => `(record + ${firstRecord}::BIGINT)`;

/** SQL for a column's value behind the privacy rules. */
const columnValue =
  ({ job, keys }: ShardInput, contract: AnalysedContract) =>
  (name: string): string => {
    const position = contract.columns.findIndex(({ column }) => column.name === name);
    const found = contract.columns[position];
    if (found === undefined) throw new Error(`the contract has no column ${name}`);
    return protectedValue(job, keys, { path: name, type: found.column.type, sql: `v${position}` });
  };

async function faultyRecords(duck: DuckDBConnection, faults: readonly Fault[]): Promise<Found[]> {
  const reader = await duck.runAndReadAll('SELECT record, fault FROM judged WHERE fault IS NOT NULL');
  return reader.getRows().flatMap(([record, position]) => {
    const fault = faults[Number(position)];
    return fault === undefined ? [] : [{ record: Number(record), fault }];
  });
}

const kept = 'fault IS NULL AND keep';

/** Written, filtered, and of what each column discards that of the written records. */
async function counts(duck: DuckDBConnection, discards: Judgement['discards']): Promise<number[]> {
  const conditions = [
    kept,
    'fault IS NULL AND NOT keep',
    ...discards.map(({ name }) => `${kept} AND ${name}`),
  ];
  const counted = conditions.map((condition) => `count(*) FILTER (${condition})`);
  const reader = await duck.runAndReadAll(`SELECT ${counted.join(', ')} FROM judged`);
  return (reader.getRows()[0] ?? []).map(Number);
}

/**
 * The batch: `metadata`, then the contract's columns behind the privacy rules. On one thread DuckDB keeps the order
 * of the records, and the same records give the same bytes.
 */
async function writeBatch(
  duck: DuckDBConnection,
  input: ShardInput,
  contract: AnalysedContract,
): Promise<string> {
  const { job, run } = input;
  const metadata = metadataSql(input.metadata, run, input.raw.key, { id: 'id', record: recordNumber(input) });
  const valueBehind = columnValue(input, contract);
  const columns = outputColumns(job).map(
    ({ column }) => `${valueBehind(column.name)} AS ${sqlName(column.name)}`,
  );
  const file = join(input.directory, 'batch.parquet');
  const records = isKeyed(input) ? 'judged' : `(${withIds(input, contract, 'judged')})`;
  await duck.run(
    `COPY (SELECT ${[`${metadata} AS metadata`, ...columns].join(', ')} FROM ${records} WHERE ${kept}) ` +
      `TO ${sqlText(file)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
  return file;
}

async function writeIds(duck: DuckDBConnection, directory: string): Promise<string> {
  const file = join(directory, 'ids.txt');
  const line = `id || ' ' || lpad(CAST(record AS VARCHAR), ${recordDigits}, '0')`;
  await duck.run(
    `COPY (SELECT ${line} AS line FROM judged WHERE ${kept} ORDER BY line) ` +
      `TO ${sqlText(file)} (FORMAT csv, HEADER false)`,
  );
  return file;
}
