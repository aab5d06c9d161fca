import { sqlText } from '../contract/duckdb.ts';
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
  const constants: Record<string, unknown> = { ...metadata };
  const lineage: Record<string, string> = {
    runId: sqlText(run.runId),
    slice: sqlText(run.slice),
    rawObject: sqlText(rawObject),
    record,
    jobVersion: sqlText(run.jobVersion),
  };
  return pack(metadataFields, (name) => {
    if (name === 'id') return id;
    if (name === 'lineage') return pack(lineageFields, (field) => lineage[field] ?? 'NULL');
    return literal(constants[name]);
  });
}

const pack = (
  fields: ReadonlyArray<{ name: string; duckdb: string }>,
  value: (name: string) => string,
): string =>
  `struct_pack(${fields.map(({ name, duckdb }) => `"${name}" := CAST(${value(name)} AS ${duckdb})`).join(', ')})`;

function literal(value: unknown): string {
  if (value === undefined || value === null) return 'NULL';
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return typeof value === 'number' ? String(value) : sqlText(String(value));
}
