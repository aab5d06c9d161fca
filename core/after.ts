/** Jobs that come after jobs: which slices belong together, and which run their commits ask for. */
import { executionName } from './execution-name.ts';
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

/** One slice of a job that comes before: the revision that is committed, `null` where none is. */
export interface Before {
  job: string;
  slice: string;
  revision: number | null;
}

/**
 * Names the execution that these commits ask for, the same for the same revisions. `null`: not all are there yet.
 */
export function askedRunId(job: string, slice: string, before: readonly Before[]): string | null {
  if (before.some(({ revision }) => revision === null)) return null;
  const revisions = before.map((one) => [one.job, one.slice, one.revision]);
  return executionName('after', job, slice, revisions);
}
