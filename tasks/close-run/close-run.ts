import type { Ledger } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import type { RunRecord } from '../../core/ledger.ts';
import { type CompletionDeps, complete } from '../completion.ts';
import { completed, violated } from '../events.ts';
import { type TraceDeps, traced } from '../trace.ts';
import { type ViolationDeps, violationsOf } from '../violations.ts';
import type { CloseRunOutput } from './contract.ts';

export interface CloseRunDeps
  extends CompletionDeps,
    TraceDeps,
    ViolationDeps,
    Pick<Ledger, 'getRun' | 'closeCommitted' | 'closeSkipped'> {
  readJob(run: { job: string; jobVersion: string }): Promise<Job>;
  database: string;
  region: string;
  opsBucket: string;
}

/**
 * Closes a committed or a skipped run: status, committed run, lease and outbox in one transaction; then the
 * event goes out and the marked run is started. All of it comes from the ledger, so that whoever repeats it
 * after a crash does the same.
 */
export function closeRun(
  deps: CloseRunDeps,
  id: { job: string; runId: string },
  attempt?: number,
): Promise<CloseRunOutput> {
  return traced(deps, id, 'CloseRun', attempt, async () => ({ output: await close(deps, id), metrics: {} }));
}

async function close(deps: CloseRunDeps, id: { job: string; runId: string }): Promise<CloseRunOutput> {
  const run = await opened(deps, id);
  const endedAt = deps.now().toISOString();
  if (run.status === 'RUNNING') await deps.closeSkipped(run, { endedAt });
  if (run.status === 'COMMITTING') await closeCommitted(deps, run, endedAt);
  const closed = await opened(deps, id);
  await complete(deps, closed);
  const { status } = closed;
  return { runId: run.runId, job: run.job, slice: run.slice, status };
}

async function closeCommitted(deps: CloseRunDeps, run: RunRecord, endedAt: string): Promise<void> {
  const job = await deps.readJob(run);
  const type = run.commitAs === 'PARTIAL' ? 'JobPartial' : 'JobCompleted';
  const context = { database: deps.database, region: deps.region, now: endedAt };
  const outbox = [completed(job, run, type, context)];
  if ((run.counts?.rejected ?? 0) > 0) {
    const violations = await violationsOf(deps, run.runId);
    outbox.push(violated(job, run, violations, { ...context, opsBucket: deps.opsBucket }));
  }
  await deps.closeCommitted(run, { endedAt, outbox });
}

async function opened(deps: Pick<Ledger, 'getRun'>, id: { job: string; runId: string }): Promise<RunRecord> {
  const run = await deps.getRun(id.job, id.runId);
  if (run === null) throw new ForebayError('RunFenced', `run ${id.runId} of ${id.job} is not in the ledger`);
  return run;
}
