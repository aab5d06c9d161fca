/** Where everything lies: keys within the zones' buckets. The only place that spells them. */
import type { Job } from './job/model.ts';

const encode = (part: string): string => encodeURIComponent(part).replaceAll("'", '%27');

export const inboxPrefix = (job: string, slice: string): string => `${job}/${slice}/`;

/** `name` is kept as the provider wrote it, but for what would leave its folder or hide a separator. */
export const rawKey = (job: string, slice: string, runId: string, name: string): string =>
  `raw/${job}/slice=${slice}/run=${runId}/${encode(name)}`;

/** The name that a raw object's key was made of. */
export const nameOfRaw = (key: string): string => decodeURIComponent(key.slice(key.lastIndexOf('/') + 1));

/** The text of a raw object that had to be unpacked, in the raw bucket, too. Shorter than the raw object's key. */
export const jobUnpackedPrefix = (job: string): string => `unpacked/${job}/`;
export const unpackedKey = (job: string, runId: string, name: string): string =>
  `${jobUnpackedPrefix(job)}${runId}/${encode(name)}`;

/** What Extract puts of a job: as it came, and unpacked. */
export const rawPrefixes = (job: string): string[] => [`raw/${job}/`, jobUnpackedPrefix(job)];

/** Of all runs of a job. */
export const jobStagingPrefix = (job: string): string => `staging/${job}/`;
export const stagingPrefix = (job: string, runId: string): string => `${jobStagingPrefix(job)}${runId}/`;
export const objectsKey = (job: string, runId: string): string => `${stagingPrefix(job, runId)}objects.json`;
export const scanKey = (job: string, runId: string, n: number): string =>
  `${stagingPrefix(job, runId)}scans/${n}.json`;
export const shardsKey = (job: string, runId: string): string => `${stagingPrefix(job, runId)}shards.json`;
export const surveyKey = (job: string, runId: string, n: number): string =>
  `${stagingPrefix(job, runId)}surveys/${n}.json`;
/** What failed of a run, each piece with its error, where that is more than one. */
export const failuresKey = (job: string, runId: string): string =>
  `${stagingPrefix(job, runId)}failures.json`;
/** The columns that the slice has beside those of its contract. */
export const columnsKey = (job: string, runId: string): string => `${stagingPrefix(job, runId)}columns.json`;
export const batchKey = (job: string, runId: string, n: number): string =>
  `${stagingPrefix(job, runId)}batches/${n}.parquet`;
/** The shard's batch without the records that a repeated key costs it. */
export const settledBatchKey = (job: string, runId: string, n: number): string =>
  `${stagingPrefix(job, runId)}batches/settled-${n}.parquet`;
/** Sorted ids of the shard's records, a line each, for contracts with a key. */
export const keysKey = (job: string, runId: string, n: number): string =>
  `${stagingPrefix(job, runId)}keys/${n}.txt`;
/** Where in them the cells begin, which make up the buckets. */
export const cellsKey = (job: string, runId: string, n: number): string =>
  `${stagingPrefix(job, runId)}keys/${n}.json`;
export const bucketsKey = (job: string, runId: string): string => `${stagingPrefix(job, runId)}buckets.json`;
/** Of one bucket: the records of each shard that a repeated key costs. */
export const losersKey = (job: string, runId: string, bucket: number): string =>
  `${stagingPrefix(job, runId)}losers/${bucket}.txt`;

/** What the children of a backfill go over at its n-th round. */
export const lanesKey = (job: string, backfill: string, round: number): string =>
  `${stagingPrefix(job, backfill)}lanes-${round}.json`;
/** Plans are kept for good: what a backfill has left can be done whenever somebody asks for it. */
export const jobBackfillsPrefix = (job: string): string => `backfills/${job}/`;
export const backfillPlanKey = (job: string, backfill: string): string =>
  `${jobBackfillsPrefix(job)}${backfill}.json`;

export const rejectsPrefix = (job: string, runId: string): string => `rejects/${job}/${runId}/`;
export const rejectsKey = (job: string, runId: string, n: number): string =>
  `${rejectsPrefix(job, runId)}${n}.ndjson`;
/** Those of a shard whose key is repeated, beside the ones that Envelope found. */
export const repeatedRejectsKey = (job: string, runId: string, n: number): string =>
  `${rejectsPrefix(job, runId)}repeated-${n}.ndjson`;
export const manifestKey = (job: string, runId: string): string => `manifests/${job}/${runId}.json`;
/** Of the versions of all jobs that ever had a run. */
export const jobVersionsPrefix = 'jobs/';
export const jobVersionKey = (job: string, version: string): string =>
  `${jobVersionsPrefix}${job}/${version}.json`;
/** The jobs of keys below that prefix, each once. */
export const jobsOf = (keys: readonly string[]): string[] => [
  ...new Set(keys.map((key) => key.slice(jobVersionsPrefix.length).split('/')[0] ?? '')),
];

/** Tables of one major version share a prefix; a change that old slices cannot be read with needs the next. */
export const tablePrefix = (job: string, major = 1): string => `lake/${job}/v${major}/`;
export const partitionPrefix = (job: string, slice: string, runId: string, major = 1): string =>
  `${tablePrefix(job, major)}slice=${slice}/run=${runId}/`;
export const partKey = (job: string, slice: string, runId: string, n: number, major = 1): string =>
  `${partitionPrefix(job, slice, runId, major)}part-${String(n).padStart(5, '0')}.parquet`;

/**
 * The catalog's table of a job: its name with `_` for `-`. From the second major version on that is told behind `__`,
 * which no job's name can make.
 */
export const tableName = (job: string, major = 1): string =>
  `${job.replaceAll('-', '_')}${major === 1 ? '' : `__v${major}`}`;

/** Of the table that a job writes now. */
export const majorOf = ({ sinks }: Pick<Job, 'sinks'>): number =>
  sinks.find(({ kind }) => kind === 'lake')?.major ?? 1;

export const dataKinds = ['inbox', 'raw', 'unpacked', 'lake', 'staging', 'rejects'] as const;
/** What an object with data of records is; manifests and job versions have none. */
export type DataKind = (typeof dataKinds)[number];

export interface DataPrefix {
  kind: DataKind;
  prefix: string;
}

/** Below these is all that a run has put, but for its manifest. `majors`: of the tables that it may have written. */
export const prefixesOfRun = (
  job: string,
  slice: string,
  runId: string,
  majors: readonly number[],
): DataPrefix[] => [
  { kind: 'raw', prefix: rawKey(job, slice, runId, '') },
  { kind: 'unpacked', prefix: unpackedKey(job, runId, '') },
  ...majors.map((major) => ({ kind: 'lake' as const, prefix: partitionPrefix(job, slice, runId, major) })),
  { kind: 'staging', prefix: stagingPrefix(job, runId) },
  { kind: 'rejects', prefix: rejectsPrefix(job, runId) },
];
