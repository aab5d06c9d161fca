import type { IVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { evolves } from '../core/contract/slice.ts';
import type { BackfillTask } from '../workflows/backfill-machine.ts';
import type { ColumnTask, JobTask, KeyTask } from '../workflows/parts.ts';
import { beginSlice, closeBackfill, endSlice, planBackfill } from './backfill-tasks.ts';
import type { JobProps } from './job.ts';
import { JobScope } from './job-scope.ts';
import { catalog, closeRun, columns, discover, failRun, openRun, plan, reconcile } from './run-tasks.ts';
import { envelope, extract, keys, recordFailure, settle, survey, writeLake } from './shard-tasks.ts';
import type { Task } from './task.ts';

/** A job's functions. */
export class JobTasks extends Construct {
  /** What a further function of the job is made with. */
  readonly of: JobScope;
  readonly writeLake: Task;
  readonly versions: Record<JobTask, IVersion>;
  /** `null`: the job lets repeated keys be, and needs none of these. */
  readonly keyVersions: Record<KeyTask, IVersion> | null;
  /** `null`: the contract alone says which columns there are, and none of these is needed. */
  readonly columnVersions: Record<ColumnTask, IVersion> | null;
  readonly backfillVersions: Record<BackfillTask, IVersion>;

  constructor(scope: Construct, id: string, props: JobProps) {
    super(scope, id);
    const of = new JobScope(this, props);
    this.of = of;
    this.writeLake = writeLake(of);
    this.versions = {
      OpenRun: openRun(of).version,
      Discover: discover(of).version,
      Extract: extract(of).version,
      Plan: plan(of).version,
      Envelope: envelope(of).version,
      RecordFailure: recordFailure(of).version,
      Reconcile: reconcile(of).version,
      Catalog: catalog(of).version,
      CloseRun: closeRun(of).version,
      FailRun: failRun(of).version,
    };
    const settles = props.version.job.contract.onRepeatedKey !== 'allow';
    this.keyVersions = settles ? { Keys: keys(of).version, Settle: settle(of).version } : null;
    this.columnVersions = evolves(props.version.job.contract)
      ? { Survey: survey(of).version, Columns: columns(of).version }
      : null;
    this.backfillVersions = {
      PlanBackfill: planBackfill(of).version,
      BeginSlice: beginSlice(of).version,
      EndSlice: endSlice(of).version,
      CloseBackfill: closeBackfill(of).version,
    };
  }
}
