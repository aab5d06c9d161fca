/** The functions that work once a run, each with what it may do. */
import { Duration } from 'aws-cdk-lib';
import { environment as catalogEnvironment } from '../tasks/catalog/contract.ts';
import { environment as closeRunEnvironment } from '../tasks/close-run/contract.ts';
import { environment as columnsEnvironment } from '../tasks/columns/contract.ts';
import { environment as discoverEnvironment } from '../tasks/discover/contract.ts';
import { environment as failRunEnvironment } from '../tasks/fail-run/contract.ts';
import { environment as openRunEnvironment } from '../tasks/open-run/contract.ts';
import { environment as planEnvironment } from '../tasks/plan/contract.ts';
import { environment as reconcileEnvironment } from '../tasks/reconcile/contract.ts';
import { readTable, useGlue } from './glue.ts';
import { missObjects, publish, readObjects, useRuns, useSlices, writeObjects } from './grants.ts';
import { type JobScope, listing, small } from './job-scope.ts';
import { executionArns, stateMachineArn } from './names.ts';
import { grantSource } from './source.ts';
import type { Task } from './task.ts';
import { catalogTimeout } from './timeouts.ts';

export function openRun(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('OpenRun', 'open-run', openRunEnvironment, { ...small, memoryMiB: 512 });
  mayPinVersion(of, task);
  useSlices(task, shared.ledger, of.job, 'GetItem', 'UpdateItem');
  useRuns(task, shared.ledger, of.job, 'GetItem', 'PutItem', 'UpdateItem', 'Query');
  mayFinish(of, task);
  task.allow(['sqs:SendMessage'], [shared.jobDlq.queueArn]);
  task.allowBelow(
    "Executions of this job's own machine: whoever holds the lease is one of them.",
    ['states:DescribeExecution'],
    [executionArns(shared.config, of.job)],
  );
  return task;
}

export function discover(of: JobScope): Task {
  const { shared, version } = of.props;
  const task = of.task('Discover', 'discover', discoverEnvironment, listing);
  grantSource(task, shared, version.job, 'list');
  // A repeat takes the listing that an earlier attempt put.
  // From raw, the listing is what the committed run's manifest says.
  const listings = [`${of.staging}*/objects.json`, `manifests/${of.job}/`];
  readObjects(task, shared.zones.ops, of.versions, ...listings);
  // That of a failed run may have expired.
  missObjects(task, shared.zones.ops.bucket.bucketArn, of.staging);
  writeObjects(task, shared.zones.ops, of.staging);
  useSlices(task, shared.ledger, of.job, 'GetItem');
  useRuns(task, shared.ledger, of.job, 'PutItem', 'UpdateItem', 'Query');
  publish(task, shared.bus);
  return task;
}

export function plan(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('Plan', 'plan', planEnvironment, listing);
  readObjects(task, shared.zones.ops, of.staging, of.versions);
  missObjects(task, shared.zones.ops.bucket.bucketArn, of.staging);
  writeObjects(task, shared.zones.ops, of.staging);
  useRuns(task, shared.ledger, of.job, 'Query', 'UpdateItem');
  return task;
}

export function columns(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('Columns', 'columns', columnsEnvironment, { ...listing, duckdb: true });
  readObjects(task, shared.zones.ops, of.staging, of.versions);
  missObjects(task, shared.zones.ops.bucket.bucketArn, of.staging);
  writeObjects(task, shared.zones.ops, ...of.columns);
  useRuns(task, shared.ledger, of.job, 'Query', 'UpdateItem');
  readTable(task, shared.database, ...of.tables.map(({ name }) => name));
  return task;
}

export function reconcile(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('Reconcile', 'reconcile', reconcileEnvironment, {
    timeout: Duration.minutes(15),
    memoryMiB: 1_769,
  });
  const manifests = `manifests/${of.job}/`;
  readObjects(task, shared.zones.ops, of.staging, of.versions, manifests);
  writeObjects(task, shared.zones.ops, manifests, `${of.staging}*/failures.json`);
  useRuns(task, shared.ledger, of.job, 'GetItem', 'Query', 'UpdateItem');
  return task;
}

export function catalog(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('Catalog', 'catalog', catalogEnvironment, {
    timeout: catalogTimeout,
    memoryMiB: 512,
  });
  readObjects(task, shared.zones.ops, `manifests/${of.job}/`);
  useSlices(task, shared.ledger, of.job, 'GetItem');
  useRuns(task, shared.ledger, of.job, 'GetItem', 'UpdateItem');
  useGlue(task, shared.database, ...of.tables.map(({ name }) => name));
  return task;
}

export function closeRun(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('CloseRun', 'close-run', closeRunEnvironment, small);
  readObjects(task, shared.zones.ops, of.versions);
  useSlices(task, shared.ledger, of.job, 'GetItem', 'UpdateItem');
  useRuns(task, shared.ledger, of.job, 'GetItem', 'PutItem', 'UpdateItem', 'Query');
  mayFinish(of, task);
  return task;
}

export function failRun(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('FailRun', 'fail-run', failRunEnvironment, small);
  readObjects(task, shared.zones.ops, of.versions);
  useSlices(task, shared.ledger, of.job, 'GetItem', 'UpdateItem');
  useRuns(task, shared.ledger, of.job, 'GetItem', 'PutItem', 'UpdateItem', 'Query');
  mayFinish(of, task);
  task.allow(['sqs:SendMessage'], [shared.jobDlq.queueArn]);
  return task;
}

/** Copies the deployed job to where each of its versions is kept. */
export function mayPinVersion(of: JobScope, task: Task): void {
  const { shared, asset } = of.props;
  task.allow(['s3:GetObject'], [asset.bucket.arnForObjects(asset.s3ObjectKey)]);
  missObjects(task, shared.zones.ops.bucket.bucketArn, of.versions);
  writeObjects(task, shared.zones.ops, of.versions);
  readObjects(task, shared.zones.ops, of.versions);
}

/** Whoever closes a run tells the bus, and starts the run that a mark asks for. */
function mayFinish(of: JobScope, task: Task): void {
  const { shared } = of.props;
  publish(task, shared.bus);
  task.allow(['states:StartExecution'], [stateMachineArn(shared.config, of.job)]);
}
