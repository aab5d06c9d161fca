/** The CDK app: one stack for what all jobs share, and one a job. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { JobFileError } from '../core/job/problems.ts';
import { buildApp } from './build-app.ts';

const ownJobs = fileURLToPath(new URL('../jobs', import.meta.url));

try {
  const app = new App();
  const stage = String(app.node.tryGetContext('stage') ?? process.env.FOREBAY_STAGE ?? 'local');
  const jobs = app.node.tryGetContext('jobs') ?? process.env.FOREBAY_JOBS;
  const shardBytes = app.node.tryGetContext('shardBytes') ?? (process.env.FOREBAY_SHARD_BYTES || undefined);
  const folder = jobs === undefined ? ownJobs : resolve(String(jobs));
  await buildApp(app, stage, folder, shardBytes === undefined ? undefined : String(shardBytes));
  app.synth();
} catch (error) {
  // A person reads this: what is wrong and where, without the stack of our own program.
  console.error(error instanceof JobFileError || error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
