import { sqlText } from '../contract/sql.ts';
import type { RunRef } from '../run.ts';
import type { EnvelopeMetadata } from './metadata.ts';
import { lineageFields, metadataFields } from './struct.ts';

/** What differs from record to record: SQL for the id and for the record's number in the raw object. */
export interface RecordSql {
  id: string;
  record: string;
}

/** SQL of the struct column `metadata`: constants of the run, the record's id and its lineage. */
export function metadataSql(
  metadata: Omit<EnvelopeMetadata, 'id'>,
  run: Pick<RunRef, 'runId' | 'slice' | 'jobVersion'>,
  rawObject: string,
  { id, record }: RecordSql,
): string {
  const lineage: Record<string, string> = {
    runId: constant(run.runId),
    slice: constant(run.slice),
    rawObject: constant(rawObject),
    record,
    jobVersion: constant(run.jobVersion),
  };
  const values: Record<string, string> = {
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, literal(value)])),
    id,
    timestamp: `CAST(${sqlText(metadata.timestamp)} AS TIMESTAMP)`,
    lineage: pack(lineageFields, lineage),
  };
  return pack(metadataFields, values);
}

const pack = (
  fields: ReadonlyArray<{ name: string; duckdb: string }>,
  values: Readonly<Record<string, string>>,
): string =>
  `struct_pack(${fields.map(({ name, duckdb }) => `"${name}" := ${values[name] ?? `CAST(NULL AS ${duckdb})`}`).join(', ')})`;

function literal(value: string | number | string[]): string {
  if (Array.isArray(value)) return `[${value.map(sqlText).join(', ')}]`;
  return typeof value === 'number' ? `CAST(${value} AS BIGINT)` : constant(value);
}

/**
 * A text that is the same for each row. Parquet's writer hashes every text of every row for its dictionary, but it
 * takes over the dictionary of an ENUM as it is; in the file both are the same UTF-8 column.
 */
const constant = (text: string): string => `CAST(${sqlText(text)} AS ENUM(${sqlText(text)}))`;
