/** The ledger's two tables: names of keys and indexes, for who builds them and who asks them. */

/** Both tables have a partition key and a sort key of these names, both strings. */
export const partitionKey = 'pk';
export const sortKey = 'sk';

/** Partition of all that is a job's; its runs' objects, shards and sinks have partitions of their own. */
export const jobKey = (job: string): string => `JOB#${job}`;
export const runPartitions = 'RUN#';

/** Sparse: only slices with a mark are in it. */
export const slicesIndexes = {
  marked: { name: 'marked', partitionKey: 'markedKey', sortKey: 'sk' },
} as const;

export const runsIndexes = {
  /** `RUN#<status>`, `BACKFILL#<status>`, `OUTBOX#PENDING|SENT` or `FAILURE#OPEN|CLOSED`, by time; a run by its start and id. */
  byStatus: { name: 'byStatus', partitionKey: 'statusKey', sortKey: 'at' },
  /** A job's runs by time. */
  byJob: { name: 'byJob', partitionKey: 'jobKey', sortKey: 'at' },
} as const;

/** Seconds since 1970: DynamoDB removes an item of the slices table some time behind it. */
export const expiryAttribute = 'expiresAt';
