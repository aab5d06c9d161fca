import type { ObjectRef, RunRef } from '../../core/run.ts';
import type { ReconciledRun } from '../reconcile/contract.ts';

/** Behind Reconcile it commits the run; behind FailRun it rolls a committed one forward. */
export type CatalogInput = ReconciledRun | CommittedRun;

/** The state in which CloseRun finds a committed run, whichever way led there. */
export interface CommittedRun {
  run: RunRef;
  status: 'COMPLETED' | 'PARTIAL';
  manifest: ObjectRef;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

export type CatalogOutput = CommittedRun;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'SLICES_TABLE', 'OPS_BUCKET', 'LAKE_BUCKET', 'DATABASE'] as const;
