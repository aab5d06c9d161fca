/** What the privacy rules take: the stage's KMS key, and the right to keys, of jobs whose rules need them. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Job } from '../core/job/model.ts';
import { hashKeyName, sharedTokenKeyName, tokenKeyName } from '../core/outputs.ts';
import { keysOf } from '../core/privacy/rules.ts';
import { contextField } from '../core/privacy/seal.ts';
import { jobStagingPrefix } from '../core/storage.ts';
import type { Config } from './config.ts';
import { readObjects } from './grants.ts';
import { privacyKeyAlias, secretsPath } from './names.ts';
import { withContext } from './quirks.ts';
import type { SharedStack } from './stacks/shared.ts';
import type { Task } from './task.ts';

/**
 * Wraps the data keys of encrypted columns, and nothing else. KMS keeps what it rotates out, so what was encrypted
 * under an earlier key stays readable; without the key it is lost for good.
 */
export const privacyKey = (scope: Construct, config: Config): kms.Key =>
  new kms.Key(scope, 'PrivacyKey', {
    description: `Forebay ${config.stage}: the data keys of encrypted columns`,
    alias: privacyKeyAlias(config),
    enableKeyRotation: true,
    removalPolicy: config.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    ...(config.disposable ? { pendingWindow: Duration.days(7) } : {}),
  });

/** The secrets that the job's rules name and no others; to encrypt, and not to decrypt. */
export function grantPrivacy(task: Task, shared: SharedStack, job: Job): void {
  const needed = keysOf(job);
  const path = secretsPath(shared.config);
  const names = [
    ...(needed.has('hash') ? [hashKeyName(path, job.name)] : []),
    ...(needed.has('token') ? [tokenKeyName(path, job.name)] : []),
    ...(needed.has('sharedToken') ? [sharedTokenKeyName(path)] : []),
  ];
  const { partition, region, account } = shared;
  const arns = names.map((name) => `arn:${partition}:ssm:${region}:${account}:parameter${name}`);
  if (arns.length > 0) task.allow(['ssm:GetParameter'], arns);
  if (!needed.has('data')) return;
  const ofThisJob = withContext(shared.config, contextField, job.name);
  task.allow(['kms:GenerateDataKey'], [shared.privacyKey.keyArn], ofThisJob);
  // A repeat takes the batch that an earlier attempt put.
  readObjects(task, shared.zones.ops, `${jobStagingPrefix(job.name)}*/batches/`);
}
