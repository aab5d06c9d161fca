import type { PlannedRun } from '../plan/contract.ts';

export type ColumnsInput = PlannedRun;

/** What is decided lies in staging, under a key that the run gives. */
export type ColumnsOutput = PlannedRun;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'OPS_BUCKET', 'DATABASE'] as const;
