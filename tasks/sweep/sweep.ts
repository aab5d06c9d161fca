import type { ExecutionState, Ledger } from '../../aws/interfaces.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import type { BackfillRecord } from '../../core/backfill/model.ts';
import type { OutboxRecord, RunRecord } from '../../core/ledger.ts';
import type { ObjectRef } from '../../core/run.ts';
import { type CloseBackfillDeps, closeBackfill } from '../close-backfill/close-backfill.ts';
import { type CloseRunDeps, closeRun } from '../close-run/close-run.ts';
import { deliver, startMarked } from '../completion.ts';
import { endedError, type FailRunDeps, failOpened } from '../fail-run/fail-run.ts';
import { type CatchUpDeps, catchUp } from './catch-up.ts';
import type { SweepInput, SweepOutput } from './contract.ts';

export interface SweepDeps
  extends FailRunDeps,
    Omit<CloseRunDeps, keyof FailRunDeps>,
    CatchUpDeps,
    CloseBackfillDeps,
    Pick<Ledger, 'listRuns' | 'listMarkedFree' | 'listBackfills'> {
  describe(executionArn: string): Promise<ExecutionState | null>;
  allPendingOutbox(): Promise<OutboxRecord[]>;
  /** The job and run of an execution of ours; `null` for a Map's child and for what is not ours. */
  runOf(executionArn: string): { job: string; runId: string } | null;
  /** The same of a backfill's execution. */
  backfillOf(executionArn: string): { job: string; id: string } | null;
  /** Evolves the table and points the slice's partition at the run, as Catalog does. */
  applyToCatalog(run: RunRecord, manifest: ObjectRef): Promise<unknown>;
  /** Compares the partition with the slice's committed run; `true` where it had to be put right. */
  repairPartition(run: RunRecord): Promise<boolean>;
  log(message: string, fields: Record<string, unknown>): void;
  catalogTimeoutSeconds: number;
}

/** Runs whose commit is younger than this have their partition compared at each sweep. */
const repairWindowMs = 24 * 60 * 60 * 1000;
/** A record that is younger than this is still its own run's to send. */
const outboxGraceMs = 60 * 1000;

/**
 * What no execution does any more: finishes runs whose execution has ended, sends what a crash left in the
 * outbox, starts marked runs, has jobs catch up, and puts partitions right. One that fails does not stop the others.
 */
export async function sweep(deps: SweepDeps, input: SweepInput): Promise<SweepOutput> {
  const done: SweepOutput = {
    ...{ failed: 0, rolledForward: 0, sent: 0, repaired: 0, started: 0 },
    ...{ backfills: 0, caughtUp: 0 },
  };
  const troubles: string[] = [];
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      troubles.push(what);
      deps.log(`sweep failed at ${what}`, { error: (error as Error).name });
    }
  };
  if ('detail' in input) {
    const id = deps.runOf(input.detail.executionArn);
    const run = id === null ? null : await deps.getRun(id.job, id.runId);
    if (run !== null) await attempt(run.runId, () => finish(deps, run, done));
    const backfill = deps.backfillOf(input.detail.executionArn);
    const record = backfill === null ? null : await deps.getBackfill(backfill.job, backfill.id);
    if (record !== null) await attempt(record.id, () => finishBackfill(deps, record, done));
  } else {
    await sweepAll(deps, done, attempt);
  }
  if (troubles.length > 0)
    throw new Error(`the sweep could not finish ${troubles.length}: ${troubles.slice(0, 10).join(', ')}`);
  return done;
}

type Attempt = (what: string, work: () => Promise<void>) => Promise<void>;

async function sweepAll(deps: SweepDeps, done: SweepOutput, attempt: Attempt): Promise<void> {
  for (const status of ['RUNNING', 'COMMITTING'] as const) {
    for (const run of await deps.listRuns({ status }))
      await attempt(run.runId, () => finish(deps, run, done));
  }
  for (const backfill of await deps.listBackfills({ status: 'RUNNING' }))
    await attempt(backfill.id, () => finishBackfill(deps, backfill, done));
  const before = new Date(deps.now().getTime() - outboxGraceMs).toISOString();
  for (const record of await deps.allPendingOutbox()) {
    if (record.createdAt > before) continue;
    await attempt(`outbox of ${record.runId}`, async () => {
      await deliver(deps, record, await deps.getRun(record.job, record.runId));
      done.sent++;
    });
  }
  for (const { job, slice } of await deps.listMarkedFree()) {
    await attempt(`mark of ${job} ${slice}`, async () => {
      if (await startMarked(deps, job, slice)) done.started++;
    });
  }
  // Before the partitions: nothing else starts a missing slice, and of partitions there may be many to compare.
  await attempt('names of jobs', async () => {
    for (const job of await deps.jobNames()) {
      await attempt(`catch-up of ${job}`, async () => {
        if (await catchUp(deps, job)) done.caughtUp++;
      });
    }
  });
  await repairPartitions(deps, done, attempt);
}

/** Each slice that was committed lately has one partition, however many runs it had. */
async function repairPartitions(deps: SweepDeps, done: SweepOutput, attempt: Attempt): Promise<void> {
  const since = new Date(deps.now().getTime() - repairWindowMs).toISOString();
  const slices = new Map<string, RunRecord>();
  for (const status of ['COMPLETED', 'PARTIAL'] as const) {
    for (const run of await deps.listRuns({ status, since })) slices.set(`${run.job} ${run.slice}`, run);
  }
  await mapAtOnce([...slices], readsAtOnce, ([what, run]) =>
    attempt(`partition of ${what}`, async () => {
      if (await deps.repairPartition(run)) done.repaired++;
    }),
  );
}

async function finish(deps: SweepDeps, run: RunRecord, done: SweepOutput): Promise<void> {
  if (run.status !== 'RUNNING' && run.status !== 'COMMITTING') return;
  const execution = await deps.describe(run.executionArn);
  if (execution?.status === 'RUNNING') return;
  if (run.status === 'RUNNING') {
    const { outcome } = await failOpened(deps, run, endedError(execution));
    if (outcome === 'failed') done.failed++;
    return;
  }
  // Its Catalog may still be at work until the function's own timeout has passed.
  const stopped = Date.parse(execution?.stoppedAt ?? run.startedAt);
  if (deps.now().getTime() < stopped + deps.catalogTimeoutSeconds * 1000) return;
  if (run.manifest !== null) await deps.applyToCatalog(run, run.manifest);
  await closeRun(deps, run);
  done.rolledForward++;
}

/** Its slices are left as they are: their own runs are finished above, and a resume does the rest. */
async function finishBackfill(deps: SweepDeps, backfill: BackfillRecord, done: SweepOutput): Promise<void> {
  if (backfill.status !== 'RUNNING') return;
  if ((await deps.describe(backfill.executionArn))?.status === 'RUNNING') return;
  await closeBackfill(deps, backfill);
  done.backfills++;
}
