import type { RunRef } from '../../core/run.ts';
import type { Shard } from '../../core/shard.ts';
import type { EnvelopeOutput } from '../envelope/contract.ts';

/** One item of the second Map over `shards.json`. */
export interface SettleInput {
  run: RunRef;
  shard: Shard;
  /** How many shards and buckets the run has. */
  shards: number;
  buckets: number;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

/** What Dispatch sends: Envelope's batch, or the one that takes its place. */
export type SettleOutput = EnvelopeOutput;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = [
  'RUNS_TABLE',
  'OPS_BUCKET',
  'RAW_BUCKET',
  'SECRETS_PATH',
  'PRIVACY_KEY_ARN',
] as const;
