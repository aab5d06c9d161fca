import type { RunRef } from '../../core/run.ts';
import type { Batch } from '../../core/shard.ts';

/** The message on a write queue. A writer refuses a schema version that it does not know. */
export interface WriteMessage {
  schemaVersion: 1;
  taskToken: string;
  run: RunRef;
  shard: { n: number };
  sink: string;
  batch: Batch;
  /** Of the table that it is for. */
  major: number;
}

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'OPS_BUCKET', 'LAKE_BUCKET', 'MAX_RECEIVES'] as const;
