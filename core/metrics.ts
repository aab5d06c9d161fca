/** What is measured: names, units and dimensions, once for who emits them, who alarms on them and who draws them. */
import type { Job } from './job/model.ts';
import type { RunRecord } from './ledger.ts';
import { parseSlice } from './slice.ts';

export const metricNamespace = 'Forebay';

/** Each metric with its unit, in CloudWatch's words. All have the dimensions {@link metricDimensions}. */
export const metricUnits = {
  /** Of a committed run: read = written + Rejects + Filtered. */
  Records: 'Count',
  Rejects: 'Count',
  Filtered: 'Count',
  /** Rejects of a committed run by its records, from 0 to 1. */
  RejectRatio: 'None',
  /** Of the source's objects, as they came. */
  Bytes: 'Bytes',
  Duration: 'Milliseconds',
  /** From the slice's end to its first commit, where nobody chose that time. */
  Lateness: 'Seconds',
  /** 1 or 0 for each closed run. */
  RunsCompleted: 'Count',
  RunsFailed: 'Count',
  /** Slices that are late, and failures that nobody has dealt with: as they are now, every few minutes. */
  MissingSlices: 'Count',
  OpenFailures: 'Count',
} as const;

export type MetricName = keyof typeof metricUnits;
export type Measures = Partial<Record<MetricName, number>>;

export const metricDimensions = (stage: string, job: string): { stage: string; job: string } => ({
  stage,
  job,
});

type Timed = Pick<Job, 'name' | 'cadence' | 'timezone'>;

export const failedMeasures: Measures = { RunsCompleted: 0, RunsFailed: 1 };

/** Of a run that was committed and closed. */
export function committedMeasures(job: Timed, run: RunRecord): Measures {
  const { counts, startedAt, endedAt, tasks } = run;
  const bytes = tasks.Discover?.metrics.bytes;
  const lateness = latenessOf(job, run);
  return {
    ...{ RunsCompleted: 1, RunsFailed: 0 },
    ...(counts === null ? {} : measuresOf(counts)),
    ...(bytes === undefined ? {} : { Bytes: bytes }),
    ...(endedAt === null ? {} : { Duration: Date.parse(endedAt) - Date.parse(startedAt) }),
    ...(lateness === null ? {} : { Lateness: lateness }),
  };
}

const measuresOf = ({ read, rejected, filtered }: NonNullable<RunRecord['counts']>): Measures => ({
  ...{ Records: read, Rejects: rejected, Filtered: filtered },
  RejectRatio: read === 0 ? 0 : rejected / read,
});

/**
 * Seconds; `null` where the time says nothing of the feed: a slice that was there before is no later by being loaded
 * anew, and when a backfill or a person loads a slice is their choice.
 */
function latenessOf(job: Timed, { slice, revision, trigger, endedAt }: RunRecord): number | null {
  if (revision > 1 || trigger === 'backfill' || trigger === 'manual' || endedAt === null) return null;
  const { end } = parseSlice(job, slice);
  return end === null ? null : Math.max(0, (Date.parse(endedAt) - Date.parse(end)) / 1_000);
}
