/** How far a backfill has come: from its record and what became of its slices. */
import type { ErrorRecord } from '../errors.ts';
import type { BackfillCounts, BackfillRecord, BackfillSliceRecord, BackfillStatus } from './model.ts';

/** A slice in such a state is not done again. */
export const isFinal = ({ state }: BackfillSliceRecord): boolean =>
  state === 'done' || state === 'failed' || state === 'skipped';

const todo = ({ planned }: Pick<BackfillRecord, 'planned'>): number =>
  planned.load + planned.reload + planned.rebuild;

export function countSlices(
  record: Pick<BackfillRecord, 'planned'>,
  slices: readonly BackfillSliceRecord[],
): BackfillCounts {
  const counts: BackfillCounts = { running: 0, done: 0, failed: 0, busy: 0, skipped: 0, left: 0 };
  for (const { state } of slices) counts[state] += 1;
  counts.skipped += record.planned.skip;
  counts.left = todo(record) - slices.length;
  return counts;
}

export interface Ending {
  status: Exclude<BackfillStatus, 'RUNNING'>;
  counts: BackfillCounts;
  error: ErrorRecord | null;
}

/** How a backfill ends on which nobody works any more. Only one that has nothing left is complete. */
export function endingOf(record: BackfillRecord, slices: readonly BackfillSliceRecord[]): Ending {
  const counts = countSlices(record, slices);
  const { failed, busy, running, left } = counts;
  const undone = busy + running + left;
  if (failed + undone === 0) return { status: 'COMPLETED', counts, error: null };
  if (record.cancelledAt !== null && undone > 0) return { status: 'CANCELLED', counts, error: null };
  const parts = Object.entries({
    failed,
    'stayed busy': busy,
    'did not end': running,
    'were not begun': left,
  });
  const told = parts.filter(([, n]) => n > 0).map(([what, n]) => `${n} ${what}`);
  const message = `of ${todo(record)} slices ${told.join(', ')}; see \`forebay backfill show ${record.id}\``;
  return { status: 'FAILED', counts, error: { name: 'BackfillIncomplete', message } };
}

/**
 * Seconds until all is done, if it goes on as it went: `null` where nothing is done yet. What was done at the same
 * time counts at its own pace, so that lanes are in it.
 */
export function secondsLeft(
  record: Pick<BackfillRecord, 'planned' | 'startedAt'>,
  slices: readonly BackfillSliceRecord[],
  now: Date,
): number | null {
  const ended = slices.filter(({ endedAt }) => endedAt !== null).length;
  if (ended === 0) return null;
  const { left, running, busy } = countSlices(record, slices);
  const seconds = Math.max(0, now.getTime() - Date.parse(record.startedAt)) / 1_000;
  return Math.ceil((seconds / ended) * (left + running + busy));
}
