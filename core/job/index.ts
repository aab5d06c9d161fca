/**
 * What a job file imports. A job file's default export is `defineJob({ … })`; nothing is checked here, so that
 * the loader can tell all problems of all job files at once.
 */
import type { CsvSpec } from './format/csv.ts';
import type { JsonSpec } from './format/json.ts';
import type { NdjsonSpec } from './format/ndjson.ts';
import type { XmlSpec } from './format/xml.ts';
import type { JobSpec } from './spec.ts';

export type { CsvSpec } from './format/csv.ts';
export type { JsonSpec } from './format/json.ts';
export type { NdjsonSpec } from './format/ndjson.ts';
export type { XmlSpec } from './format/xml.ts';
export type { ColumnSpec, ContractSpec, EnvelopeSpec, JobSpec } from './spec.ts';

const definition = Symbol.for('forebay.job');

export interface JobDefinition {
  readonly [definition]: true;
  readonly spec: JobSpec;
}

export const defineJob = (spec: JobSpec): JobDefinition => ({ [definition]: true, spec });

export const isJobDefinition = (value: unknown): value is JobDefinition =>
  typeof value === 'object' && value !== null && definition in value;

/** Comma-separated values and their relatives. See `docs/formats.md`. */
export const csv = (options: Omit<CsvSpec, 'kind'> = {}): JobSpec['format'] => ({ kind: 'csv', ...options });

/** A JSON value a line. See `docs/formats.md`. */
export const ndjson = (options: Omit<NdjsonSpec, 'kind'> = {}): JobSpec['format'] => ({
  kind: 'ndjson',
  ...options,
});

/** One JSON document with the records somewhere in it. See `docs/formats.md`. */
export const json = (options: Omit<JsonSpec, 'kind'> = {}): JobSpec['format'] => ({
  kind: 'json',
  ...options,
});

/** XML with an element a record. See `docs/formats.md`. */
export const xml = (options: Omit<XmlSpec, 'kind'>): JobSpec['format'] => ({ kind: 'xml', ...options });

/** A managed bucket in which files are put under `<job>/<slice>/`. */
export const inbox = (): JobSpec['source'] => ({ kind: 'inbox' });

/** A bucket that exists already: `bucket` is a logical name, mapped in the configuration. */
export const s3Source = (options: { bucket: string; prefix: string }): JobSpec['source'] => ({
  kind: 's3',
  ...options,
});

/** The transformed zone: Parquet, partitioned by slice, in the Glue catalog. */
export const lake = (options: { major?: number } = {}): JobSpec['sinks'][number] => ({
  kind: 'lake',
  ...options,
});
