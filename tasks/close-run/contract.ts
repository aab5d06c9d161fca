import type { RunStatus } from '../../core/run.ts';
import type { CommittedRun } from '../catalog/contract.ts';
import type { NothingNew } from '../discover/contract.ts';

export type CloseRunInput = CommittedRun | NothingNew;

/** The execution's output. */
export interface CloseRunOutput {
  runId: string;
  job: string;
  slice: string;
  status: RunStatus;
}

/** Environment that the handler reads; infra must set exactly these. */
export const environment = [
  'STAGE',
  'RUNS_TABLE',
  'SLICES_TABLE',
  'OPS_BUCKET',
  'DATABASE',
  'BUS_NAME',
  'STATE_MACHINE_ARN',
] as const;
