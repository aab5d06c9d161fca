/** One failed run is redriven: at most one redrive of it at a time, each by a run that resumes it. */
import type { ExecutionState, Ledger } from '../../aws/interfaces.ts';
import {
  type FailureClose,
  type FailureRecord,
  type RedriveLock,
  redriveRunId,
  runFailureId,
} from '../../core/failure.ts';
import type { RunRecord, SliceRecord } from '../../core/ledger.ts';
import type { RunRequest } from '../../tasks/open-run/contract.ts';
import { explain } from '../explain.ts';
import type { Started } from '../follow.ts';

export interface RedriveRunDeps
  extends Pick<Ledger, 'getFailure' | 'getRun' | 'getSlice' | 'lockFailure' | 'closeFailure'> {
  describe(executionArn: string): Promise<ExecutionState | null>;
  arnOf(job: string, runId: string): string;
  /** Named, so that a repeat starts nothing. */
  start(job: string, runId: string, request: RunRequest): Promise<unknown>;
  /** The run at its end, or the one that was marked where its slice was held. */
  follow(started: Started): Promise<RunRecord>;
  /** Who redrives. */
  by: string;
  now(): Date;
}

export type Outcome = 'redriven' | 'closed-before' | 'failed-again' | 'refused' | 'kept';

export interface RunOutcome {
  outcome: Outcome;
  /** What became of it, for people. */
  detail: string;
  /** The run that did it, or has it at work. */
  by: string | null;
}

/** Each round somebody else was quicker. */
const rounds = 20;

/** Whatever goes wrong, the failure stays as it is, and says so. */
export async function redriveRun(deps: RedriveRunDeps, job: string, runId: string): Promise<RunOutcome> {
  try {
    for (let round = 0; round < rounds; round++) {
      const outcome = await attempt(deps, job, runId);
      if (outcome !== null) return outcome;
    }
    return kept('others took and left it all the time; try again');
  } catch (error) {
    return kept(explain(error));
  }
}

const kept = (detail: string): RunOutcome => ({ outcome: 'kept', detail, by: null });

/** `null`: the failure is not as it was seen; it is to be read again. */
async function attempt(deps: RedriveRunDeps, job: string, runId: string): Promise<RunOutcome | null> {
  const [failure, run] = await Promise.all([
    deps.getFailure(runFailureId(job, runId)),
    deps.getRun(job, runId),
  ]);
  if (failure === null || run === null) return unfailed(run);
  if (failure.closed !== undefined) {
    return { outcome: 'closed-before', detail: failure.closed.reason, by: null };
  }
  if (run.slice === '') {
    const command = `forebay run ${job} --slice <slice>`;
    return kept(`its slice is not known: load it by \`${command}\`, then discard the failure`);
  }
  const { redrive } = failure;
  const before = redrive === undefined ? null : await formerRedrive(deps, job, failure, redrive);
  if (before !== null) return before;
  const committed = committedSince(await deps.getSlice(job, run.slice), run);
  if (committed !== null) return close(deps, failure, committed, 'was committed since by run');
  const name = redriveRunId(failure.id, (failure.redrives ?? 0) + 1);
  const lock = {
    runId: name,
    executionArn: deps.arnOf(job, name),
    by: deps.by,
    at: deps.now().toISOString(),
  };
  const taken = await deps.lockFailure(failure, lock);
  return taken === null ? null : startAndFollow(deps, taken, lock);
}

/** A write may fail for a while in a run that has not failed, or not yet. */
function unfailed(run: RunRecord | null): RunOutcome {
  if (run === null) return kept('its run is not in the ledger: discard it');
  const { runId, status } = run;
  if (status === 'RUNNING' || status === 'COMMITTING')
    return kept(`run ${runId} is ${status}: it has not failed`);
  return { outcome: 'closed-before', detail: `run ${runId} is ${status}`, by: null };
}

/** The run that the slice has instead; a run that was never opened has no revision that another could pass. */
export function committedSince(slice: SliceRecord | null, run: RunRecord): string | null {
  const committed = slice?.committed ?? null;
  if (committed === null || run.fence === 0 || committed.revision < run.revision) return null;
  return committed.runId;
}

/**
 * What the last redrive came to. While its execution runs, the failure is its own; one that has ended has its run closed,
 * by itself or by the sweeper, before another begins. `null`: it is over, and the failure is still there.
 */
async function formerRedrive(
  deps: RedriveRunDeps,
  job: string,
  failure: FailureRecord,
  lock: RedriveLock,
): Promise<RunOutcome | null> {
  const execution = await deps.describe(lock.executionArn);
  if (execution?.status === 'RUNNING') {
    return {
      outcome: 'refused',
      detail: `run ${lock.runId} redrives it, since ${lock.at} by ${lock.by}`,
      by: lock.runId,
    };
  }
  // Its start was not told, or whoever took the failure died in front of it: the same name starts once at most.
  const run = await deps.getRun(job, lock.runId);
  if (execution === null && run === null) return startAndFollow(deps, failure, lock);
  if (run?.status === 'RUNNING' || run?.status === 'COMMITTING') {
    return kept(`run ${lock.runId} has ended and is not closed yet; the sweeper does it within five minutes`);
  }
  return null;
}

async function startAndFollow(
  deps: RedriveRunDeps,
  failure: FailureRecord,
  lock: RedriveLock,
): Promise<RunOutcome> {
  const { job, slice, runId } = failure;
  await deps.start(job, lock.runId, { trigger: 'redrive', slice, resumes: runId });
  const run = await deps.follow({ job, runId: lock.runId, executionArn: lock.executionArn });
  if (run.status !== 'FAILED') return close(deps, failure, run.runId, 'was redriven by run');
  const { name, message } = run.error ?? { name: 'unknown', message: '' };
  // Where the slice was held, the run that was marked may have failed instead: that one follows nobody.
  if ((await deps.getFailure(failure.id))?.closed === undefined)
    return kept(`run ${run.runId}: ${name}: ${message}`);
  return { outcome: 'failed-again', detail: `run ${run.runId}: ${name}: ${message}`, by: run.runId };
}

async function close(
  deps: RedriveRunDeps,
  failure: FailureRecord,
  runId: string,
  what: string,
): Promise<RunOutcome> {
  const reason = `slice ${failure.slice} ${what} ${runId}`;
  const closed: FailureClose = { how: 'redriven', at: deps.now().toISOString(), by: deps.by, reason };
  await deps.closeFailure(failure.id, closed);
  return { outcome: 'redriven', detail: reason, by: runId };
}
