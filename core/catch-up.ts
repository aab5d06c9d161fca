/** Slices that should be there, and that nothing has ever started: what a job with `catchUp` backfills by itself. */
import { executionName } from './execution-name.ts';
import { missingSlices } from './freshness.ts';
import type { Job } from './job/model.ts';
import type { SliceRecord } from './ledger.ts';
import { parseSlice, slicesBetween } from './slice.ts';

/** Slices: the rest of what is missing is caught up behind these. */
const mostAtOnce = 1_000;

export interface CatchUp {
  /** Of the backfill: the same for the same missing slices, so that they are caught up once. */
  id: string;
  /** First and last slice. Those between them that are not missing are left alone by the backfill. */
  from: string;
  to: string;
}

const prefix = 'catch-up';

/**
 * The backfill that a job needs now; `null`: none. Slices whose runs failed are not tried again: somebody has to see
 * why. `backfills`: ids of those of the job that are under way. `now`: ISO 8601.
 */
export function catchUpOf(
  job: Job,
  known: readonly SliceRecord[],
  { paused, backfills, now }: { paused: boolean; backfills: readonly string[]; now: string },
): CatchUp | null {
  if (!job.catchUp || paused || backfills.some((id) => id.startsWith(`${prefix}-`))) return null;
  const missing = missingSlices(job, known, now)
    .filter(({ state }) => state === 'never-run')
    .map(({ slice }) => slice);
  const [from, last] = [missing[0], missing.at(-1)];
  if (from === undefined || last === undefined) return null;
  const span = slicesBetween(job, parseSlice(job, from), parseSlice(job, last), mostAtOnce - 1);
  const end = span.at(-1)?.name ?? last;
  const slices = missing.filter((slice) => slice <= end);
  return { id: executionName(prefix, job.name, slices), from, to: slices.at(-1) ?? from };
}
