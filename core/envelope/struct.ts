/**
 * The struct column `metadata`. All its fields are always there, so that its type never changes: one that a job
 * does not give is null. `docs/envelope.md` explains each.
 */

interface Field {
  name: string;
  duckdb: string;
  glue: string;
}

const text = (name: string): Field => ({ name, duckdb: 'VARCHAR', glue: 'string' });
const whole = (name: string): Field => ({ name, duckdb: 'BIGINT', glue: 'bigint' });

export const lineageFields: readonly Field[] = [
  text('runId'),
  text('slice'),
  text('rawObject'),
  whole('record'),
  text('jobVersion'),
];

export const metadataFields: readonly Field[] = [
  text('id'),
  { name: 'timestamp', duckdb: 'TIMESTAMP', glue: 'timestamp' },
  text('timestampHuman'),
  whole('requestTimeEpoch'),
  text('user'),
  text('resource'),
  text('source'),
  text('hostPlatform'),
  text('owner'),
  text('eventType'),
  text('version'),
  text('region'),
  text('jurisdiction'),
  { name: 'tags', duckdb: 'VARCHAR[]', glue: 'array<string>' },
  text('dataSensitivity'),
  { name: 'lineage', duckdb: duckdbStruct(lineageFields), glue: glueStruct(lineageFields) },
];

/** The column's type in Glue's words. */
export const metadataGlueType = glueStruct(metadataFields);

function duckdbStruct(fields: readonly Field[]): string {
  return `STRUCT(${fields.map(({ name, duckdb }) => `"${name}" ${duckdb}`).join(', ')})`;
}

function glueStruct(fields: readonly Field[]): string {
  return `struct<${fields.map(({ name, glue }) => `${name}:${glue}`).join(',')}>`;
}
