/** Jobs that come after jobs: which slices belong together, and when a slice is to be run. */
import { createHash } from 'node:crypto';
import type { Job } from './job/model.ts';
import { nextSlice, parseSlice, type Slice, sliceAt } from './slice.ts';

/** What of a job tells its slices. */
export type Timed = Pick<Job, 'name' | 'cadence' | 'timezone'>;

/**
 * The slices of a job that have a moment in common with a slice of another job, in the order of time. `null`: all
 * that there are, since that slice is `once`, which covers all time.
 */
export function overlapping(job: Timed, { start, end }: Slice): Slice[] | null {
  if (job.cadence === 'once') return [parseSlice(job, 'once')];
  if (start === null || end === null) return null;
  const slices: Slice[] = [];
  for (
    let at: Slice | null = sliceAt(job, start);
    at?.start != null && at.start < end;
    at = nextSlice(job, at)
  )
    slices.push(at);
  return slices;
}

/** One slice of a job before: the revision that is committed, `null` where none is. */
export interface Before {
  job: string;
  slice: string;
  revision: number | null;
}

/** Names an execution: the same for the same revisions of what comes before. */
export const afterRunId = (job: string, slice: string, before: readonly Before[]): string =>
  `after-${createHash('sha256')
    .update(JSON.stringify([job, slice, before.map((one) => [one.job, one.slice, one.revision])]))
    .digest('hex')
    .slice(0, 32)}`;

export type Decision =
  /** Not all slices before are committed. */
  | { outcome: 'waits' }
  /** `force`: the slice was run behind other revisions, and what it was made of may be another now. */
  | { outcome: 'run'; runId: string; force: boolean }
  | { outcome: 'ignored'; runId: string };

/**
 * What becomes of a slice. `own`: whether it is committed, and the last run of it that such commits started;
 * `null`: none.
 */
export function decideAfter(
  job: Pick<Job, 'name' | 'onRevision'>,
  slice: string,
  before: readonly Before[],
  own: { committed: boolean; afterStarted: string | null },
): Decision {
  if (before.some(({ revision }) => revision === null)) return { outcome: 'waits' };
  const runId = afterRunId(job.name, slice, before);
  if (job.onRevision === 'ignore') {
    return own.committed ? { outcome: 'ignored', runId } : { outcome: 'run', runId, force: false };
  }
  return { outcome: 'run', runId, force: own.committed || own.afterStarted !== null };
}
