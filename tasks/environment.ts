/** The names of all environment variables of functions. A task's contract lists those that it reads. */
export const variables = [
  /** The stage's name, a dimension of its metrics. */
  'STAGE',
  /** Ledger tables. */
  'SLICES_TABLE',
  'RUNS_TABLE',
  /** Buckets of the zones. */
  'INBOX_BUCKET',
  'RAW_BUCKET',
  'LAKE_BUCKET',
  'OPS_BUCKET',
  /** Where OpenRun finds the job version that it pins: `bucket/key` of the deployed asset. */
  'JOB_ASSET',
  /** The source's bucket, for a job whose source is not the inbox. */
  'SOURCE_BUCKET',
  /** Glue database. */
  'DATABASE',
  'BUS_NAME',
  'JOB_DLQ_URL',
  /** Of the job's own machine; for the sweeper, the prefix that all machines' ARNs share. */
  'STATE_MACHINE_ARN',
  'STATE_MACHINE_ARN_PREFIX',
  /** Target size of a shard, in bytes. */
  'SHARD_BYTES',
  /** The largest object that one function finishes in its time, in bytes. */
  'MAX_OBJECT_BYTES',
  /** SSM path under which the stage's secrets lie: `/forebay/<stage>/`. */
  'SECRETS_PATH',
  /** ARN of the KMS key that wraps the data keys of encrypted columns. */
  'PRIVACY_KEY_ARN',
  /** Seconds after an execution's stop at which its Catalog cannot be running any more. */
  'CATALOG_TIMEOUT',
  /** What a job says of its triggers: JSON, as tasks/trigger/contract.ts has it. */
  'TRIGGERS',
  'TRIGGERS_QUEUE_URL',
  /** maxReceiveCount of the write queue. */
  'MAX_RECEIVES',
] as const;

export type Variable = (typeof variables)[number];

/** The values of `names`; an error that lists all that are missing. */
export function readEnvironment<N extends Variable>(
  names: readonly N[],
  from: NodeJS.ProcessEnv = process.env,
): Record<N, string> {
  const missing = names.filter((name) => !from[name]);
  if (missing.length > 0) throw new Error(`environment variables are missing: ${missing.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, from[name] ?? ''])) as Record<N, string>;
}
