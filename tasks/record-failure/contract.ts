import type { RunRef } from '../../core/run.ts';

/** A child of a Map that failed: an object (Extract) or a shard (Survey, Envelope, Dispatch). */
export interface RecordFailureInput {
  run: RunRef;
  failed:
    | { object: number; name: string }
    | { shard: number }
    | { shard: number; sink: string }
    | { survey: number }
    | { bucket: number }
    | { settled: number };
  error: { Error: string; Cause: string };
}

export type RecordFailureOutput = Record<string, never>;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE'] as const;
