import type { Counts, ObjectRef } from '../../core/run.ts';
import type { PlannedRun } from '../plan/contract.ts';

export type ReconcileInput = PlannedRun;

export interface ReconciledRun extends PlannedRun {
  /** What the run will be when it is committed. */
  status: 'COMPLETED' | 'PARTIAL';
  counts: Counts;
  manifest: ObjectRef & { sha256: string };
}

export type ReconcileOutput = ReconciledRun;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'OPS_BUCKET', 'LAKE_BUCKET'] as const;
