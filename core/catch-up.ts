/** Slices that should be there, and that nothing has ever started: what a job with `catchUp` backfills by itself. */
import type { BackfillRecord } from './backfill/model.ts';
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
const isCatchUp = (id: string): boolean => id.startsWith(`${prefix}-`);

interface State {
  paused: boolean;
  /** Ids of the job's backfills that are under way. */
  running: readonly string[];
  /** Those of the job that there ever were, whoever asked for them. */
  backfills: ReadonlyArray<Pick<BackfillRecord, 'id' | 'request'>>;
  /** ISO 8601. */
  now: string;
}

/**
 * The backfill that a job needs now; `null`: none. Slices whose runs failed are not tried again: somebody has to see
 * why. Nor are those that an earlier one came to its end without, or was cancelled before: they would be its set
 * again, of its name, behind which no other slice had its turn. So a range ends before the next of them.
 */
export function catchUpOf(
  job: Job,
  known: readonly SliceRecord[],
  { paused, running, backfills, now }: State,
): CatchUp | null {
  if (!job.catchUp || paused || running.some(isCatchUp)) return null;
  const ranges = backfills.filter(({ id }) => isCatchUp(id)).map(({ request }) => request);
  const wasAskedFor = (slice: string) => ranges.some(({ from, to }) => from <= slice && slice <= to);
  const missing = missingSlices(job, known, now)
    .filter(({ state }) => state === 'never-run')
    .map(({ slice }) => slice);
  const from = missing.find((slice) => !wasAskedFor(slice));
  if (from === undefined) return null;
  const behind = missing.slice(missing.indexOf(from));
  const last = behind.at(-1) ?? from;
  const span = slicesBetween(job, parseSlice(job, from), parseSlice(job, last), mostAtOnce - 1);
  const end = span.at(-1)?.name ?? last;
  const next = behind.find(wasAskedFor);
  const slices = behind.filter((slice) => slice <= end && (next === undefined || slice < next));
  return { id: executionName(prefix, job.name, slices), from, to: slices.at(-1) ?? from };
}
