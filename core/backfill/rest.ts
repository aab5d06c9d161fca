/** What a backfill that was cancelled, or came to its end without all of its slices, has left to do. */
import type { SliceRecord } from '../ledger.ts';
import { runNames } from './lanes.ts';
import type { BackfillPlan, BackfillRecord, BackfillSliceRecord } from './model.ts';
import type { LineOfPlan } from './plan.ts';

type Resumable = Pick<BackfillRecord, 'job' | 'id' | 'status' | 'resumes'>;

/** The latest of those that did the rest of a backfill, and of each other's; `null`: nobody has asked for its rest. */
export function resumedBy(id: string, newestFirst: readonly Resumable[]): Resumable | null {
  const next = newestFirst.find(({ resumes }) => resumes === id);
  return next === undefined ? null : (resumedBy(next.id, newestFirst) ?? next);
}

/**
 * Why the rest of a backfill is not for the asking, with what to run instead; `null`: it is. What one that resumed it
 * has done is not in its own outcomes: to be done of it would be all of that again.
 */
export function resumeRefusal({ id, status }: Resumable, newestFirst: readonly Resumable[]): string | null {
  if (status === 'RUNNING') return `backfill ${id} is still at work; see \`forebay backfill show ${id}\``;
  const by = resumedBy(id, newestFirst);
  if (by === null) return null;
  const what = `backfill ${id} was resumed by ${by.id}`;
  if (by.status === 'RUNNING')
    return `${what}, which is still at work; see \`forebay backfill show ${by.id}\``;
  if (by.status === 'COMPLETED') return `${what}, which left nothing; see \`forebay backfill show ${by.id}\``;
  return `${what}; resume that one: \`forebay backfill start ${by.job} --resume ${by.id}\``;
}

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
