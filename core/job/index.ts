/**
 * What a job file imports. A job file's default export is `defineJob({ … })`; nothing is checked here, so that
 * the loader can tell all problems of all job files at once.
 */
import type { JobSpec } from './spec.ts';

export type { CsvSpec } from './format/csv.ts';
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
export const csv = (options: Omit<JobSpec['format'], 'kind'> = {}): JobSpec['format'] => ({
  kind: 'csv',
  ...options,
});

/** A managed bucket in which files are put under `<job>/<slice>/`. */
export const inbox = (): JobSpec['source'] => ({ kind: 'inbox' });

/** A bucket that exists already: `bucket` is a logical name, mapped in the configuration. */
export const s3Source = (options: { bucket: string; prefix: string }): JobSpec['source'] => ({
  kind: 's3',
  ...options,
});

/** The transformed zone: Parquet, partitioned by slice, in the Glue catalog. */
export const lake = (): JobSpec['sinks'][number] => ({ kind: 'lake' });
