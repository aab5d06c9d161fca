import type { Watched } from '../../core/freshness.ts';

/** What a job's schedule hands over: the facts of the version that is deployed. */
export interface WatchInput {
  job: Watched;
}

export interface WatchOutput {
  /** Slices that are late; `null`: the job expects none, or is paused. */
  missing: number | null;
  failures: number;
}

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['STAGE', 'RUNS_TABLE', 'SLICES_TABLE'] as const;
