/** What tasks may do, in the words of the ledger and the zones. One function, one right. */
import type * as events from 'aws-cdk-lib/aws-events';
import { jobKey, runPartitions } from '../core/ledger-schema.ts';
import type { LedgerTables } from './ledger-tables.ts';
import type { Task } from './task.ts';
import { objectsUnder, type Zone } from './zones.ts';

const belowPrefix =
  'Objects below a prefix that is this kind of object of this job alone: runs give their names.';

export function readObjects(task: Task, zone: Zone, ...prefixes: string[]): void {
  task.allowBelow(
    belowPrefix,
    ['s3:GetObject', 's3:GetObjectVersion'],
    prefixes.map((prefix) => objectsUnder(zone.bucket, prefix)),
  );
  zone.key.grantDecrypt(task.role);
}

/**
 * Lets a task be told that an object is missing: S3 answers "forbidden" to who may not list. A listing carries a
 * prefix, which must be below this one; a read carries none.
 */
export function missObjects(
  task: Task,
  bucketArn: string,
  prefix: string,
  conditions: Record<string, unknown> = {},
): void {
  const below = { StringLikeIfExists: { 's3:prefix': `${prefix}*` } };
  task.allow(['s3:ListBucket'], [bucketArn], { ...below, ...conditions });
}

/** Multipart uploads read back what they wrote, so a writer may decrypt, too. */
export function writeObjects(task: Task, zone: Zone, ...prefixes: string[]): void {
  const objects = prefixes.map((prefix) => objectsUnder(zone.bucket, prefix));
  task.allowBelow(belowPrefix, ['s3:PutObject', 's3:AbortMultipartUpload'], objects);
  zone.key.grant(task.role, 'kms:GenerateDataKey', 'kms:Decrypt');
}

type ItemRight = 'GetItem' | 'PutItem' | 'UpdateItem' | 'Query';

const actions = (rights: readonly ItemRight[]): string[] => rights.map((right) => `dynamodb:${right}`);

/** Only items whose partition key is like one of these. */
const leading = (...keys: string[]) => ({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } });

/** A run's objects, shards and sinks lie in partitions that carry its id, which no job has before it runs. */
const ofAnyRun = `${runPartitions}*`;

/** The job's own runs, failures and events. */
export function useRuns(task: Task, { runs }: LedgerTables, job: string, ...rights: ItemRight[]): void {
  task.allow(actions(rights), [runs.tableArn], leading(jobKey(job), ofAnyRun));
}

/** A run's or a backfill's record, and nothing of what became of its parts. */
export function getRecords(task: Task, { runs }: LedgerTables, job: string): void {
  task.allow(actions(['GetItem']), [runs.tableArn], leading(jobKey(job)));
}

/** What became of one object, shard or sink, and nothing of the run itself. */
export function putOutcomes(task: Task, { runs }: LedgerTables): void {
  task.allow(actions(['PutItem']), [runs.tableArn], leading(ofAnyRun));
}

/** What became of objects, shards and buckets, and nothing of the run itself. */
export function readOutcomes(
  task: Task,
  { runs }: LedgerTables,
  ...rights: Array<'GetItem' | 'Query'>
): void {
  task.allow(actions(rights), [runs.tableArn], leading(ofAnyRun));
}

export function useSlices(task: Task, { slices }: LedgerTables, job: string, ...rights: ItemRight[]): void {
  task.allow(actions(rights), [slices.tableArn], leading(jobKey(job)));
}

/** The slices of jobs that this one comes after. */
export function readSlicesOf(task: Task, { slices }: LedgerTables, jobs: readonly string[]): void {
  if (jobs.length > 0) task.allow(actions(['Query']), [slices.tableArn], leading(...jobs.map(jobKey)));
}

export function publish(task: Task, bus: events.IEventBus): void {
  task.allow(['events:PutEvents'], [bus.eventBusArn]);
}
