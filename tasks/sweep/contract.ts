/** The rule's event (`aws.states`, Step Functions Execution Status Change), or a schedule's, which sweeps all. */
export type SweepInput = { detail: { executionArn: string; status: string } } | { sweep: 'all' };

export interface SweepOutput {
  failed: number;
  rolledForward: number;
  sent: number;
  repaired: number;
  started: number;
  /** Backfills of what is missing. */
  caughtUp: number;
  /** Backfills that were closed since nobody works on them any more. */
  backfills: number;
}

/** Environment that the handler reads; infra must set exactly these. */
export const environment = [
  'STAGE',
  'RUNS_TABLE',
  'SLICES_TABLE',
  'OPS_BUCKET',
  'LAKE_BUCKET',
  'DATABASE',
  'BUS_NAME',
  'JOB_DLQ_URL',
  'STATE_MACHINE_ARN_PREFIX',
  'CATALOG_TIMEOUT',
] as const;
