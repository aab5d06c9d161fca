/** Follows a backfill in the ledger to its end. */
import type { BackfillLedger } from '../../aws/backfill-ledger.ts';
import type { ExecutionState } from '../../aws/interfaces.ts';
import type { BackfillRecord, BackfillSliceRecord } from '../../core/backfill/model.ts';
import { readError } from '../../core/errors.ts';
import { Problem } from '../problem.ts';
import { type BackfillPage, backfillPage, countsOf, duration } from './page.ts';

export interface FollowBackfillDeps extends Pick<BackfillLedger, 'getBackfill' | 'listBackfillSlices'> {
  describe(executionArn: string): Promise<ExecutionState | null>;
  sleep(ms: number): Promise<void>;
  now(): Date;
  progress(text: string): void;
}

const everyMs = 1_000;
/** How often an execution that has ended may still be looked at before its backfill is called unfinished. */
const looksAfterEnd = 10;

export async function followBackfill(
  deps: FollowBackfillDeps,
  { job, id, executionArn }: { job: string; id: string; executionArn: string },
): Promise<BackfillPage> {
  for (let after = 0; ; ) {
    const record = await deps.getBackfill(job, id);
    const slices = record === null ? [] : await deps.listBackfillSlices(id);
    if (record !== null && record.status !== 'RUNNING') return backfillPage(record, slices, deps.now());
    deps.progress(progressOf(job, record, slices, deps.now()));
    const execution = await deps.describe(executionArn);
    if (execution?.status === 'ENDED' && ++after > looksAfterEnd) throw unfinished(id, record, execution);
    if (execution?.status === 'ENDED' && record === null) throw unfinished(id, record, execution);
    await deps.sleep(everyMs);
  }
}

function progressOf(
  job: string,
  record: BackfillRecord | null,
  slices: readonly BackfillSliceRecord[],
  now: Date,
): string {
  if (record === null) return `${job}: planning`;
  const { counts, secondsLeft } = backfillPage(record, slices, now);
  return `${job}: ${countsOf(counts)}${secondsLeft ? `; about ${duration(secondsLeft)} left` : ''}`;
}

/** An execution that has no record was refused, and says why. */
function unfinished(id: string, record: BackfillRecord | null, execution: ExecutionState): Problem {
  if (record !== null)
    return new Problem(
      `the execution of backfill ${id} has ended, but it is not closed: the sweeper closes it within five minutes, see \`forebay backfill show ${id}\``,
    );
  if (execution.error === null) return new Problem(`backfill ${id} was stopped before it had a plan`);
  const { name, message } = readError(execution.error);
  return new Problem(`${name}: ${message}`);
}
