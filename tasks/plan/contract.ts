import type { ObjectRef } from '../../core/run.ts';
import type { DiscoveredRun } from '../discover/contract.ts';

export type PlanInput = DiscoveredRun;

export interface PlannedRun extends DiscoveredRun {
  shards: ObjectRef & { count: number };
  /** Only for a job that does not let repeated keys be. */
  buckets?: ObjectRef & { count: number };
}

export type PlanOutput = PlannedRun;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'OPS_BUCKET'] as const;
