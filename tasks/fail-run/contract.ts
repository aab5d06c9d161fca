import type { ErrorRecord } from '../../core/errors.ts';
import type { CommittedRun } from '../catalog/contract.ts';

/**
 * What a `Catch` hands on: nothing of the state, which may be what broke, but the definition's and the
 * execution's own words. Everything else is in the ledger.
 */
export interface FailRunInput {
  job: { name: string; version: string };
  /** `input` is what started the execution, as it was given: it may be anything. */
  execution: { id: string; name: string; startTime: string; input?: unknown };
  error: { Error: string; Cause: string };
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

export interface FailedRun {
  outcome: 'failed';
  error: ErrorRecord;
}

/** Catalog had set the run COMMITTING before the error: it is only ever rolled forward. */
export interface CommittedInstead extends CommittedRun {
  outcome: 'committed';
}

export type FailRunOutput = FailedRun | CommittedInstead;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = [
  'STAGE',
  'RUNS_TABLE',
  'SLICES_TABLE',
  'OPS_BUCKET',
  'DATABASE',
  'BUS_NAME',
  'JOB_DLQ_URL',
  'STATE_MACHINE_ARN',
] as const;
