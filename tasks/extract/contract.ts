import type { RunRef } from '../../core/run.ts';
import type { SourceObject } from '../../core/shard.ts';

/** One item of the Map over `objects.json`. */
export interface ExtractInput {
  run: RunRef;
  object: SourceObject;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

/** What it found is in the ledger and in `scans/<n>.json`; state stays empty. */
export type ExtractOutput = Record<string, never>;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = [
  'RUNS_TABLE',
  'OPS_BUCKET',
  'RAW_BUCKET',
  'SHARD_BYTES',
  'MAX_OBJECT_BYTES',
] as const;
