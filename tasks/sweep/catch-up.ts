import type { Ledger } from '../../aws/interfaces.ts';
import { type CatchUp, catchUpOf } from '../../core/catch-up.ts';
import type { Job } from '../../core/job/model.ts';

export interface CatchUpDeps extends Pick<Ledger, 'listRuns' | 'listSlices' | 'listBackfills' | 'getPause'> {
  /** Of all jobs that ever had a run. */
  jobNames(): Promise<string[]>;
  readJob(run: { job: string; jobVersion: string }): Promise<Job>;
  /** Ids of a job's backfills that are under way. */
  runningBackfills(job: string): Promise<string[]>;
  /** Named by its id, so that a repeat starts nothing: `false` where there is one of that name, or no such job any more. */
  startBackfill(job: string, backfill: CatchUp): Promise<boolean>;
  now(): Date;
}

/** Starts the backfill of what a job is missing, where it says so; `false`: there was nothing to start. */
export async function catchUp(deps: CatchUpDeps, name: string): Promise<boolean> {
  const [latest] = await deps.listRuns({ job: name, limit: 1 });
  if (latest === undefined) return false;
  const job = await deps.readJob(latest);
  if (!job.catchUp) return false;
  const [known, pause, running, backfills] = await Promise.all([
    deps.listSlices(name),
    deps.getPause(name),
    deps.runningBackfills(name),
    deps.listBackfills({ job: name }),
  ]);
  const now = deps.now().toISOString();
  const needed = catchUpOf(job, known, { paused: pause !== null, running, backfills, now });
  return needed !== null && deps.startBackfill(name, needed);
}
