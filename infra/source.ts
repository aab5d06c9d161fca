/** A job's source, as configuration maps it, and what reading it takes. */
import type { Job } from '../core/job/model.ts';
import { slicePrefix } from '../core/listing.ts';
import type { Config, SourceBucket } from './config.ts';
import { missObjects, readObjects } from './grants.ts';
import type { SharedStack } from './stacks/shared.ts';
import type { Task } from './task.ts';

function mapped(config: Config, job: Job, name: string): SourceBucket {
  const found = config.buckets[name];
  if (found !== undefined) return found;
  const known = Object.keys(config.buckets).join(', ') || 'none';
  throw new Error(
    `jobs/${job.name}.ts: source.bucket is "${name}". Allowed: a name that infra/config.ts maps to a bucket ` +
      `in stage ${config.stage} (there are: ${known})`,
  );
}

export const sourceBucketName = ({ config, zones }: SharedStack, job: Job): string =>
  job.source.kind === 'inbox' ? zones.inbox.bucket.bucketName : mapped(config, job, job.source.bucket).bucket;

/** Where files arrive: the keys that may be the job's begin so. Events of a bucket come to its owner's bus alone. */
export function arrivalsOf(
  { config, zones }: Pick<SharedStack, 'config' | 'zones'>,
  job: Job,
): { bucket: string; prefix: string } {
  const prefix = slicePrefix(job, '{slice}').split('{slice}')[0] ?? '';
  if (job.source.kind === 'inbox') return { bucket: zones.inbox.bucket.bucketName, prefix };
  const { bucket, account = config.account } = mapped(config, job, job.source.bucket);
  if (account !== config.account) {
    throw new Error(
      `jobs/${job.name}.ts: arrival is given. Allowed: none with source.bucket "${job.source.bucket}", which is ` +
        `account ${account}'s in stage ${config.stage}: its events do not come to account ${config.account}`,
    );
  }
  return { bucket, prefix };
}

/** Discover and Trigger list, Extract reads (and is told what is gone since), each below the job's own prefix. */
export function grantSource(task: Task, shared: SharedStack, job: Job, right: 'list' | 'read'): void {
  const { source } = job;
  if (source.kind === 'inbox') {
    const { inbox } = shared.zones;
    const prefix = `${job.name}/`;
    if (right === 'list') {
      allowList(task, inbox.bucket.bucketArn, prefix);
      return;
    }
    readObjects(task, inbox, prefix);
    missObjects(task, inbox.bucket.bucketArn, prefix);
    return;
  }
  const { bucket, keyArn, account } = mapped(shared.config, job, source.bucket);
  const arn = `arn:${shared.partition}:s3:::${bucket}`;
  const owner = account === undefined ? {} : { StringEquals: { 's3:ResourceAccount': account } };
  const prefix = source.prefix.split('{slice}')[0] ?? '';
  if (right === 'list') {
    allowList(task, arn, prefix, owner);
    return;
  }
  task.allowBelow(
    'Objects below the prefix that the job file names, in a bucket that others fill.',
    ['s3:GetObject', 's3:GetObjectVersion'],
    [`${arn}/${prefix}*`],
    owner,
  );
  missObjects(task, arn, prefix, owner);
  if (keyArn !== undefined) task.allow(['kms:Decrypt'], [keyArn]);
}

const allowList = (task: Task, bucketArn: string, prefix: string, more: Record<string, unknown> = {}): void =>
  task.allow(['s3:ListBucket'], [bucketArn], { StringLike: { 's3:prefix': `${prefix}*` }, ...more });
