/** Which slices of a job there should be by now, and are not. */
import { DateTime } from 'luxon';
import type { Job } from './job/model.ts';
import type { SliceRecord } from './ledger.ts';
import { parseSlice, type Slice, sliceForScheduledTime, slicesBetween } from './slice.ts';

type Timed = Pick<Job, 'name' | 'cadence' | 'timezone' | 'lagSeconds' | 'freshnessSeconds'>;

/** The facts of a job by which it is told what it misses. */
export type Watched = Timed;

/** Of how many of a job's last slices the gaps are told: more than a month of hours, and years of days. */
export const watchedSlices = 1_000;

export interface MissingSlice {
  slice: string;
  /** How it is now: no run has come to it, its last run failed, or a run holds it. */
  state: 'never-run' | 'failed' | 'running';
  /** From when on it counts as late: ISO 8601 in UTC. */
  dueAt: string;
}

/**
 * The slices without a committed run that are late: `lag` and `freshness` have passed since their end. They are
 * counted from the first slice that the ledger knows, since nobody has said of an earlier one that it should be there.
 * What was erased on purpose is not missing. `now`: ISO 8601.
 */
export function missingSlices(job: Timed, known: readonly SliceRecord[], now: string): MissingSlice[] {
  const latest = lastDue(job, now);
  const [first] = known.map(({ slice }) => slice).sort();
  if (latest === null || first === undefined) return [];
  const bySlice = new Map(known.map((record) => [record.slice, record]));
  return slicesBetween(job, parseSlice(job, first), latest).flatMap((slice) => {
    const record = bySlice.get(slice.name);
    if (record?.committed != null || record?.forgotten !== undefined) return [];
    return [{ slice: slice.name, state: stateOf(record), dueAt: dueAt(job, slice) }];
  });
}

/** From when on a slice counts as late; the job expects slices. */
export const dueAt = (job: Timed, slice: Slice): string =>
  DateTime.fromISO(slice.end ?? '')
    .plus({ seconds: job.lagSeconds + (job.freshnessSeconds ?? 0) })
    .toUTC()
    .toISO({ suppressMilliseconds: true }) ?? '';

/** The last slice that is due; `null` where the job expects none. */
function lastDue(job: Timed, now: string): Slice | null {
  if (job.freshnessSeconds === null || job.cadence === 'once') return null;
  return sliceForScheduledTime({ ...job, lagSeconds: job.lagSeconds + job.freshnessSeconds }, now);
}

function stateOf(record: SliceRecord | undefined): MissingSlice['state'] {
  if (record?.holder != null) return 'running';
  return record?.last === undefined ? 'never-run' : 'failed';
}
