import type { Bucket } from '../../core/buckets.ts';
import type { RunRef } from '../../core/run.ts';

/** One item of the Map over `buckets.json`. */
export interface KeysInput {
  run: RunRef;
  bucket: Bucket;
  /** How many shards the run has. */
  shards: number;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

export type KeysOutput = Record<string, never>;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'OPS_BUCKET'] as const;
