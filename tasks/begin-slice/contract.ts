import type { SliceAction } from '../../core/backfill/model.ts';
import type { RunRequest } from '../open-run/contract.ts';
import type { BackfillRef } from '../plan-backfill/contract.ts';

/** One slice of a child. */
export interface BeginSliceInput {
  backfill: BackfillRef;
  item: { n: number; slice: string; action: SliceAction };
  /** The round, which is the slice's try. */
  round: number;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

export interface BegunSlice extends Omit<BeginSliceInput, 'attempt'> {
  begun: 'run';
  /** Of the execution to start. */
  name: string;
  request: RunRequest;
}

/** Somebody asked for no more, or there is nothing to be done of it any more. */
export interface LeftSlice extends Omit<BeginSliceInput, 'attempt'> {
  begun: 'not';
}

export type BeginSliceOutput = BegunSlice | LeftSlice;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE', 'SLICES_TABLE'] as const;
