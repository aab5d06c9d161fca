/** Ends a run before it is committed; one that is past that point is only rolled forward. */
import type { ExecutionState, Ledger } from '../../aws/interfaces.ts';
import type { RunRecord, SliceRecord } from '../../core/ledger.ts';
import { cutUtf8 } from '../../core/text.ts';
import { Problem, wrongUsage } from '../problem.ts';

export interface CancelDeps extends Pick<Ledger, 'getRun' | 'getSlice'> {
  describe(executionArn: string): Promise<ExecutionState | null>;
  stop(executionArn: string, error: { Error: string; Cause: string }): Promise<void>;
  sleep(ms: number): Promise<void>;
  progress(text: string): void;
  by: string;
}

export interface Cancelled {
  run: RunRecord;
  cancelled: boolean;
  /** The run that waits for the slice, and begins now. */
  marked: string | null;
}

const lookMs = 500;
/** The sweeper comes every five minutes, where the status event is lost. */
const looks = (6 * 60 * 1_000) / lookMs;

export async function cancelRun(deps: CancelDeps, run: RunRecord): Promise<Cancelled> {
  const { job, runId, status } = run;
  if (status !== 'RUNNING' && status !== 'COMMITTING') {
    throw wrongUsage(`run ${runId} is ${status}: there is nothing to cancel`);
  }
  // Stopping it would only leave to the sweeper what it is about to do itself.
  if (status === 'RUNNING') {
    deps.progress(`stopping run ${runId}`);
    await stop(deps, run);
  } else deps.progress(`run ${runId} has committed: it is rolled forward`);
  for (let look = 0; look < looks; look++) {
    const [now, slice] = await Promise.all([deps.getRun(job, runId), deps.getSlice(job, run.slice)]);
    if (now !== null && now.endedAt !== null && slice?.holder?.runId !== runId) return ended(now, slice);
    deps.progress(`run ${runId} is ${now?.status}`);
    await deps.sleep(lookMs);
  }
  throw new Problem(`run ${runId} was stopped and is not closed yet: see \`forebay runs show ${runId}\``);
}

async function stop(deps: CancelDeps, run: RunRecord): Promise<void> {
  if ((await deps.describe(run.executionArn))?.status !== 'RUNNING') return;
  const Cause = `Cancelled: by ${cutUtf8(deps.by, 1_000)}`;
  await deps.stop(run.executionArn, { Error: 'Cancelled', Cause });
}

const ended = (run: RunRecord, slice: SliceRecord | null): Cancelled => ({
  run,
  cancelled: run.status === 'FAILED',
  marked: slice?.mark?.runId ?? null,
});
