/** What a backfill is: many slices of one job, each loaded by a run of its own. */
import type { ErrorRecord } from '../errors.ts';
import type { LineOfPlan } from './plan.ts';

/** A job's backfill machine is called as its machine, and this behind it: no job's name has a `_`. */
export const backfillSuffix = '_backfill';

export const reprocesses = ['none', 'failed', 'completed'] as const;
/** Beside slices that no run has come to: none, those whose last run failed, or all, done again. */
export type Reprocess = (typeof reprocesses)[number];

export const orders = ['oldest', 'newest'] as const;
export type Order = (typeof orders)[number];

/** What is asked for: slices by name, both included. */
export interface BackfillRequest {
  from: string;
  to: string;
  reprocess: Reprocess;
  /** Slices are made anew from the raw zone, and the source is not touched. */
  fromRaw: boolean;
  /** Slices that are worked on at once. */
  lanes: number;
  order: Order;
}

/** What is to be done of a slice: load it, load it though it is loaded, make it anew from raw, or nothing. */
export type SliceAction = 'load' | 'reload' | 'rebuild' | 'skip';

/** Kept as the first attempt made it: what the slices are like later changes no plan. */
export interface BackfillPlan {
  job: string;
  id: string;
  request: BackfillRequest;
  /** The backfill whose rest this one does. */
  resumes: string | null;
  slices: LineOfPlan[];
}

export type BackfillStatus = 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** `busy`: another run held the slice at each try so far, or none could be started; an error says why. */
export type BackfillSliceState = 'running' | 'done' | 'failed' | 'skipped' | 'busy';

/** What became of one slice that was to be done. */
export interface BackfillSliceRecord {
  /** Its number in the plan. */
  n: number;
  slice: string;
  state: BackfillSliceState;
  /** From 1. */
  attempt: number;
  /** Its run; of a slice that was skipped, whoever did it instead. */
  runId: string | null;
  /** ISO 8601, UTC. */
  startedAt: string;
  endedAt: string | null;
  error: ErrorRecord | null;
  why: string | null;
}

/** Slices by how they stand; `left`: to be done, and not begun. Together they are the plan's. */
export type BackfillCounts = Record<BackfillSliceState | 'left', number>;

export interface BackfillRecord {
  job: string;
  /** The name of its execution. */
  id: string;
  jobVersion: string;
  status: BackfillStatus;
  request: BackfillRequest;
  resumes: string | null;
  /** Slices of the plan, by what was to be done of them. */
  planned: Record<SliceAction, number>;
  executionArn: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  endedAt: string | null;
  /** When somebody asked that no further slice be begun. */
  cancelledAt: string | null;
  /** As it was closed with. */
  counts: BackfillCounts | null;
  error: ErrorRecord | null;
}
