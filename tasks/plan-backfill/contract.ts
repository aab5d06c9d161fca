import type { ObjectRef } from '../../core/run.ts';

export interface PlanBackfillInput {
  /** The execution's input, as it was given: it may be anything. */
  request: unknown;
  job: { name: string; version: string };
  execution: { id: string; name: string; startTime: string };
  /** From 1; behind the first, what the rounds before have left. */
  round: number;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

/** What travels through the states of a backfill; all else is in the ledger and in its plan. */
export interface BackfillRef {
  job: string;
  id: string;
}

export interface PlannedRound {
  /** `again`: behind a pause, in which whoever held the slices may have come to an end. */
  next: 'begin' | 'again';
  backfill: BackfillRef;
  round: number;
  /** A list of items for each child; so many of them work at once. */
  lanes: ObjectRef & { count: number; atOnce: number };
  waitSeconds: number;
}

export interface NothingLeft {
  next: 'close';
  backfill: BackfillRef;
  round: number;
}

export type PlanBackfillOutput = PlannedRound | NothingLeft;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'SLICES_TABLE', 'OPS_BUCKET', 'JOB_ASSET'] as const;
