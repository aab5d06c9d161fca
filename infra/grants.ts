/** What tasks may do, in the words of the ledger and the zones. One function, one right. */
import type * as events from 'aws-cdk-lib/aws-events';
import type { LedgerTables } from './ledger-tables.ts';
import type { Task } from './task.ts';
import { objectsUnder, type Zone } from './zones.ts';

export function readObjects(task: Task, zone: Zone, ...prefixes: string[]): void {
  task.allow(
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
  task.allow(['s3:PutObject', 's3:AbortMultipartUpload'], objects);
  zone.key.grantEncryptDecrypt(task.role);
}

type RunsRight = 'GetItem' | 'PutItem' | 'UpdateItem' | 'Query';

const actions = (rights: readonly RunsRight[]): string[] => rights.map((right) => `dynamodb:${right}`);

export function useRuns(task: Task, { runs }: LedgerTables, ...rights: RunsRight[]): void {
  task.allow(actions(rights), [runs.tableArn]);
}

export function useSlices(task: Task, { slices }: LedgerTables, ...rights: RunsRight[]): void {
  task.allow(actions(rights), [slices.tableArn]);
}

export function publish(task: Task, bus: events.IEventBus): void {
  task.allow(['events:PutEvents'], [bus.eventBusArn]);
}
