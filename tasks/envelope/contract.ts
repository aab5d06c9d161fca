import type { RunRef } from '../../core/run.ts';
import type { Batch, Shard } from '../../core/shard.ts';

/** One item of the Map over `shards.json`. */
export interface EnvelopeInput {
  run: RunRef;
  shard: Shard;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

/** What Dispatch sends to each sink. */
export interface EnvelopeOutput {
  run: RunRef;
  shard: { n: number };
  batch: Batch;
}

/** Environment that the handler reads; infra must set exactly these. */
export const environment = [
  'RUNS_TABLE',
  'OPS_BUCKET',
  'RAW_BUCKET',
  'SECRETS_PATH',
  'PRIVACY_KEY_ARN',
] as const;
