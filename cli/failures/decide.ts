/** What is to be done about a failed run: one decision, which a redrive carries out and a dry run tells. */
import type { ExecutionState, Ledger } from '../../aws/interfaces.ts';
import { type FailureRecord, type RedriveLock, runFailureId } from '../../core/failure.ts';
import type { RunRecord, SliceRecord } from '../../core/ledger.ts';
import { isPassed } from '../../core/resume.ts';

export interface DecideDeps extends Pick<Ledger, 'getFailure' | 'getRun' | 'getSlice'> {
  describe(executionArn: string): Promise<ExecutionState | null>;
}

export type Decision =
  | { act: 'keep'; detail: string }
  /** `by`: the run that has it at work. */
  | { act: 'refuse'; detail: string; by: string }
  /** It is settled: only its messages are left, if they are. */
  | { act: 'settled'; detail: string }
  /** `by`: the run that the slice has instead. */
  | { act: 'close'; failure: FailureRecord; by: string }
  /** `begun`: a redrive whose start was not told, which is the one to be started; `null`: the next one is. */
  | {
      act: 'start';
      failure: FailureRecord;
      run: RunRecord;
      seen: SliceRecord | null;
      begun: RedriveLock | null;
    };

export async function decide(deps: DecideDeps, job: string, runId: string): Promise<Decision> {
  const [failure, run] = await Promise.all([
    deps.getFailure(runFailureId(job, runId)),
    deps.getRun(job, runId),
  ]);
  if (failure === null || run === null) return unfailed(run);
  if (failure.closed !== undefined) return { act: 'settled', detail: failure.closed.reason };
  if (run.slice === '') {
    const command = `forebay run ${job} --slice <slice>`;
    return {
      act: 'keep',
      detail: `its slice is not known: load it by \`${command}\`, then discard the failure`,
    };
  }
  const { redrive } = failure;
  const before = redrive === undefined ? null : await formerRedrive(deps, job, redrive);
  if (before !== null && before !== 'not begun') return before;
  const seen = await deps.getSlice(job, run.slice);
  if (before !== null) return { act: 'start', failure, run, seen, begun: redrive ?? null };
  const by = await committedSince(deps, seen, run);
  return by === null ? { act: 'start', failure, run, seen, begun: null } : { act: 'close', failure, by };
}

/** A write may fail for a while in a run that has not failed, or not yet. */
function unfailed(run: RunRecord | null): Decision {
  if (run === null) return { act: 'keep', detail: 'its run is not in the ledger: discard it' };
  const { runId, status } = run;
  if (status === 'RUNNING' || status === 'COMMITTING')
    return { act: 'keep', detail: `run ${runId} is ${status}: it has not failed` };
  return { act: 'settled', detail: `run ${runId} is ${status}` };
}

/**
 * The run that the slice has instead. One that read raw has not seen what lies at the source, so it stands in for none
 * that has.
 */
export async function committedSince(
  deps: Pick<Ledger, 'getRun'>,
  slice: SliceRecord | null,
  run: RunRecord,
): Promise<string | null> {
  const committed = slice?.committed ?? null;
  if (committed === null || !isPassed(run, slice)) return null;
  if (run.from === 'raw') return committed.runId;
  const instead = await deps.getRun(run.job, committed.runId);
  return instead?.from === 'raw' ? null : committed.runId;
}

/**
 * What the last redrive came to. While its execution runs, the failure is its own; one that has ended has its run closed,
 * by itself or by the sweeper, before another begins. `null`: it is over, and the failure is still there.
 */
async function formerRedrive(
  deps: DecideDeps,
  job: string,
  lock: RedriveLock,
): Promise<Decision | 'not begun' | null> {
  const execution = await deps.describe(lock.executionArn);
  if (execution?.status === 'RUNNING') {
    const detail = `run ${lock.runId} redrives it, since ${lock.at} by ${lock.by}`;
    return { act: 'refuse', detail, by: lock.runId };
  }
  // Its start was not told, or whoever took the failure died in front of it: the same name starts once at most.
  const run = await deps.getRun(job, lock.runId);
  if (execution === null && run === null) return 'not begun';
  if (run?.status === 'RUNNING' || run?.status === 'COMMITTING') {
    const detail = `run ${lock.runId} has ended and is not closed yet; the sweeper does it within five minutes`;
    return { act: 'keep', detail };
  }
  return null;
}
