/** The functions of a job's backfills, each with what it may do. */
import { jobBackfillsPrefix } from '../core/storage.ts';
import { environment as beginSliceEnvironment } from '../tasks/begin-slice/contract.ts';
import { environment as closeBackfillEnvironment } from '../tasks/close-backfill/contract.ts';
import { environment as endSliceEnvironment } from '../tasks/end-slice/contract.ts';
import { environment as planBackfillEnvironment } from '../tasks/plan-backfill/contract.ts';
import { getRecords, publish, putOutcomes, readObjects, useRuns, useSlices, writeObjects } from './grants.ts';
import { type JobScope, listing, small } from './job-scope.ts';
import { mayPinVersion } from './run-tasks.ts';
import type { Task } from './task.ts';

export function planBackfill(of: JobScope): Task {
  const { shared } = of.props;
  const task = of.task('PlanBackfill', 'plan-backfill', planBackfillEnvironment, listing);
  const plans = jobBackfillsPrefix(of.job);
  mayPinVersion(of, task);
  readObjects(task, shared.zones.ops, plans);
  writeObjects(task, shared.zones.ops, plans, `${of.staging}*/lanes-`);
  useSlices(task, shared.ledger, of.job, 'Query');
  useRuns(task, shared.ledger, of.job, 'GetItem', 'PutItem', 'Query');
  return task;
}

export function beginSlice(of: JobScope): Task {
  const { ledger } = of.props.shared;
  const task = of.task('BeginSlice', 'begin-slice', beginSliceEnvironment, small);
  useSlices(task, ledger, of.job, 'GetItem');
  getRecords(task, ledger, of.job);
  putOutcomes(task, ledger);
  return task;
}

export function endSlice(of: JobScope): Task {
  const task = of.task('EndSlice', 'end-slice', endSliceEnvironment, small);
  getRecords(task, of.props.shared.ledger, of.job);
  putOutcomes(task, of.props.shared.ledger);
  return task;
}

export function closeBackfill(of: JobScope): Task {
  const task = of.task('CloseBackfill', 'close-backfill', closeBackfillEnvironment, small);
  const { shared } = of.props;
  readObjects(task, shared.zones.ops, of.versions);
  useRuns(task, shared.ledger, of.job, 'GetItem', 'PutItem', 'UpdateItem', 'Query');
  publish(task, shared.bus);
  return task;
}
