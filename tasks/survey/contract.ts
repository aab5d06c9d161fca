import type { RunRef } from '../../core/run.ts';
import type { Shard } from '../../core/shard.ts';

/** One item of the Map over `shards.json`. */
export interface SurveyInput {
  run: RunRef;
  shard: Shard;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

export type SurveyOutput = Record<string, never>;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'OPS_BUCKET', 'RAW_BUCKET'] as const;
