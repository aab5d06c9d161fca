/** The functions that work on one object, shard or bucket, each with what it may do. */
import { Duration } from 'aws-cdk-lib';
import { rawPrefixes } from '../core/storage.ts';
import { environment as envelopeEnvironment } from '../tasks/envelope/contract.ts';
import { environment as extractEnvironment } from '../tasks/extract/contract.ts';
import { environment as keysEnvironment } from '../tasks/keys/contract.ts';
import { environment as recordFailureEnvironment } from '../tasks/record-failure/contract.ts';
import { environment as settleEnvironment } from '../tasks/settle/contract.ts';
import { environment as surveyEnvironment } from '../tasks/survey/contract.ts';
import { environment as writeLakeEnvironment } from '../tasks/write-lake/contract.ts';
import { missObjects, putOutcomes, readObjects, readOutcomes, useRuns, writeObjects } from './grants.ts';
import { type JobScope, type Shape, small } from './job-scope.ts';
import { stateMachineArn } from './names.ts';
import { grantPrivacy } from './privacy.ts';
import { sendTaskResource } from './quirks.ts';
import { grantSource } from './source.ts';
import type { Task } from './task.ts';
import { writerTimeout } from './timeouts.ts';

export function extract(of: JobScope): Task {
  const { shared, version } = of.props;
  const task = of.task('Extract', 'extract', extractEnvironment, {
    timeout: Duration.minutes(15),
    memoryMiB: 1_769,
  });
  grantSource(task, shared, version.job, 'read');
  readObjects(task, shared.zones.ops, of.versions, `${of.staging}*/scans/`);
  // What a failed run left may be gone.
  missObjects(task, shared.zones.ops.bucket.bucketArn, of.staging);
  missObjects(task, shared.zones.raw.bucket.bucketArn, `raw/${of.job}/`);
  writeObjects(task, shared.zones.ops, of.staging);
  writeObjects(task, shared.zones.raw, ...rawPrefixes(of.job));
  readObjects(task, shared.zones.raw, ...rawPrefixes(of.job));
  putOutcomes(task, shared.ledger);
  return task;
}

const engine: Shape = {
  ...{ timeout: Duration.minutes(15), memoryMiB: 1_769, temporaryMiB: 2_048 },
  duckdb: true,
};

/** Reads what a shard's fields are. */
export function survey(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('Survey', 'survey', surveyEnvironment, engine);
  readObjects(task, shared.zones.raw, ...rawPrefixes(of.job));
  readObjects(task, shared.zones.ops, of.versions);
  writeObjects(task, shared.zones.ops, `${of.staging}*/surveys/`);
  putOutcomes(task, shared.ledger);
  return task;
}

export function envelope(of: JobScope): Task {
  const task = of.task('Envelope', 'envelope', envelopeEnvironment, engine);
  mayEnvelope(of, task);
  const { zones, ledger } = of.props.shared;
  readObjects(task, zones.ops, ...of.columns);
  // Of a failed run's finished shards, which may have expired.
  readObjects(task, zones.ops, `${of.staging}*/batches/`, `${of.staging}*/keys/`, `rejects/${of.job}/`);
  missObjects(task, zones.ops.bucket.bucketArn, of.staging);
  readOutcomes(task, ledger, 'GetItem');
  return task;
}

export function keys(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('Keys', 'keys', keysEnvironment, { timeout: Duration.minutes(15), memoryMiB: 1_769 });
  readObjects(task, shared.zones.ops, of.versions, of.staging);
  writeObjects(task, shared.zones.ops, of.staging);
  readOutcomes(task, shared.ledger, 'Query');
  putOutcomes(task, shared.ledger);
  return task;
}

export function settle(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('Settle', 'settle', settleEnvironment, engine);
  mayEnvelope(of, task);
  readObjects(task, shared.zones.ops, of.staging);
  readOutcomes(task, shared.ledger, 'GetItem', 'Query');
  return task;
}

/** From a shard's bytes to its batch and rejects. */
function mayEnvelope(of: JobScope, task: Task): void {
  const { shared, version } = of.props;
  readObjects(task, shared.zones.raw, ...rawPrefixes(of.job));
  readObjects(task, shared.zones.ops, of.versions);
  writeObjects(task, shared.zones.ops, of.staging, `rejects/${of.job}/`);
  putOutcomes(task, shared.ledger);
  grantPrivacy(task, shared, version.job);
}

export function recordFailure(of: JobScope): Task {
  const task = of.task('RecordFailure', 'record-failure', recordFailureEnvironment, small);
  putOutcomes(task, of.props.shared.ledger);
  return task;
}

export function writeLake(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('WriteLake', 'write-lake', writeLakeEnvironment, {
    timeout: writerTimeout,
    memoryMiB: 512,
  });
  const prefixes = of.tables.map(({ prefix }) => prefix);
  readObjects(task, shared.zones.ops, of.staging);
  writeObjects(task, shared.zones.lake, ...prefixes);
  readObjects(task, shared.zones.lake, ...prefixes);
  useRuns(task, shared.ledger, of.job, 'GetItem', 'PutItem', 'UpdateItem');
  const machine = stateMachineArn(shared.config, of.job);
  task.allowBelow(
    'A pattern on the local cloud alone, which knows no narrower; on AWS it is one machine.',
    ['states:SendTaskSuccess', 'states:SendTaskFailure'],
    [sendTaskResource(shared.config, machine)],
  );
  return task;
}
