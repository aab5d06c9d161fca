/** One failed run is redriven: at most one redrive of it at a time, each by a run that resumes it. */
import type { Ledger } from '../../aws/interfaces.ts';
import { type FailureClose, type FailureRecord, type RedriveLock, redriveRunId } from '../../core/failure.ts';
import type { RunRecord } from '../../core/ledger.ts';
import type { RunRequest } from '../../tasks/open-run/contract.ts';
import { explain } from '../explain.ts';
import type { Started } from '../follow.ts';
import { type DecideDeps, type Decision, decide } from './decide.ts';

export interface RedriveRunDeps extends DecideDeps, Pick<Ledger, 'lockFailure' | 'closeFailure'> {
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
export const rounds = 20;

/** Whatever goes wrong, the failure stays as it is, and says so. */
export async function redriveRun(deps: RedriveRunDeps, job: string, runId: string): Promise<RunOutcome> {
  try {
    for (let round = 0; round < rounds; round++) {
      const outcome = await carryOut(deps, await decide(deps, job, runId));
      if (outcome !== null) return outcome;
    }
    return kept('others took and left it all the time; try again');
  } catch (error) {
    return kept(explain(error));
  }
}

const kept = (detail: string): RunOutcome => ({ outcome: 'kept', detail, by: null });

/** `null`: the failure is not as it was seen, or not settled yet; it is to be read again. */
async function carryOut(deps: RedriveRunDeps, decision: Decision): Promise<RunOutcome | null> {
  switch (decision.act) {
    case 'keep':
      return kept(decision.detail);
    case 'refuse':
      return { outcome: 'refused', detail: decision.detail, by: decision.by };
    case 'settled':
      return { outcome: 'closed-before', detail: decision.detail, by: null };
    case 'close':
      return close(deps, decision.failure, decision.by, 'was committed since by run');
    case 'start':
      return start(deps, decision);
  }
}

async function start(
  deps: RedriveRunDeps,
  { failure, run, begun }: Extract<Decision, { act: 'start' }>,
): Promise<RunOutcome | null> {
  if (begun !== null) return startAndFollow(deps, failure, run, begun);
  const runId = redriveRunId(failure.id, (failure.redrives ?? 0) + 1);
  const executionArn = deps.arnOf(failure.job, runId);
  const lock = { runId, executionArn, by: deps.by, at: deps.now().toISOString() };
  const taken = await deps.lockFailure(failure, lock);
  return taken === null ? null : startAndFollow(deps, taken, run, lock);
}

async function startAndFollow(
  deps: RedriveRunDeps,
  failure: FailureRecord,
  failed: RunRecord,
  lock: RedriveLock,
): Promise<RunOutcome | null> {
  const { job, slice, runId } = failure;
  await deps.start(job, lock.runId, { trigger: 'redrive', slice, resumes: runId });
  const came = await deps.follow({ job, runId: lock.runId, executionArn: lock.executionArn });
  if (!isAnswer(came, lock.runId, failed)) return null;
  if (came.status !== 'FAILED') return close(deps, failure, came.runId, 'was redriven by run');
  const { name, message } = came.error ?? { name: 'unknown', message: '' };
  const detail = `run ${came.runId}: ${name}: ${message}`;
  // Its own failure has closed this one; where it has none, this one stays.
  if ((await deps.getFailure(failure.id))?.closed === undefined) return kept(detail);
  return { outcome: 'failed-again', detail, by: came.runId };
}

/**
 * Whether the run that came did what the failed one was asked for. Where another held the slice, what came is the run
 * that was marked: it follows nobody, and was asked neither to load what is loaded already nor to read the raw zone. One
 * that was started itself was asked for it, and has only skipped the slice if that was committed since.
 */
export function isAnswer(came: RunRecord, started: string, failed: RunRecord): boolean {
  if (came.runId !== started) return false;
  const wantsMore = failed.force || failed.from !== undefined;
  return came.status !== 'SKIPPED' || came.whole === 'committed' || !wantsMore;
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
