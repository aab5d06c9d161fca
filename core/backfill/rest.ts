/** What a backfill that was cancelled, or came to its end without all of its slices, has left to do. */
import type { SliceRecord } from '../ledger.ts';
import { runNames } from './lanes.ts';
import type { BackfillPlan, BackfillSliceRecord } from './model.ts';
import type { LineOfPlan } from './plan.ts';

/**
 * The lines of its plan that are neither done nor skipped, numbered anew. A run of it may have committed its slice
 * behind its end, and somebody else may have loaded a slice since: then there is nothing left of that one.
 */
export function restOf(
  { id, slices }: BackfillPlan,
  became: readonly BackfillSliceRecord[],
  known: readonly SliceRecord[],
): LineOfPlan[] {
  const states = new Map(became.map((record) => [record.n, record]));
  const bySlice = new Map(known.map((record) => [record.slice, record]));
  return slices
    .filter(({ n, action }) => action !== 'skip' && !isOver(states.get(n)))
    .map((line) => leftOf(id, line, states.get(line.n), bySlice.get(line.slice)))
    .map((line, n) => ({ ...line, n }));
}

const isOver = (record: BackfillSliceRecord | undefined): boolean =>
  record?.state === 'done' || record?.state === 'skipped';

function leftOf(
  id: string,
  { n, slice, action }: LineOfPlan,
  record: BackfillSliceRecord | undefined,
  now: SliceRecord | undefined,
): LineOfPlan {
  const by = now?.committed?.runId;
  if (by !== undefined && (action === 'load' || by.startsWith(runNames(id, slice)))) {
    return { n, slice, action: 'skip', why: `run ${by} loaded it since it was planned` };
  }
  const why = record === undefined ? 'it was not begun' : wentWrong(record);
  return { n, slice, action, why, ...(now?.holder == null ? {} : { heldBy: now.holder.runId }) };
}

function wentWrong({ state, runId, error }: BackfillSliceRecord): string {
  if (state === 'failed') return `run ${runId} failed: ${error?.name ?? 'no reason is known'}`;
  if (state !== 'busy') return `run ${runId} did not end`;
  return error === null ? 'it was held by another run at each try' : `it could not be started: ${error.name}`;
}
