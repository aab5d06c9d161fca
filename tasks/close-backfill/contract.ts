import type { BackfillCounts, BackfillStatus } from '../../core/backfill/model.ts';
import type { ErrorRecord } from '../../core/errors.ts';
import type { BackfillRef } from '../plan-backfill/contract.ts';

export interface CloseBackfillInput {
  backfill: BackfillRef;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

/** The execution's output. */
export interface CloseBackfillOutput {
  backfill: BackfillRef;
  status: BackfillStatus;
  counts: BackfillCounts | null;
  error: ErrorRecord | null;
}

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'OPS_BUCKET', 'BUS_NAME'] as const;
