import type { BeginSliceInput } from '../begin-slice/contract.ts';

/** A slice whose run has ended, or whose run or BeginSlice could not be: then there is an error. */
export interface EndSliceInput extends BeginSliceInput {
  /** What the run's execution answered. */
  output?: unknown;
  error?: { Error: string; Cause?: string };
}

/** What became of it is in the ledger; state stays empty. */
export type EndSliceOutput = Record<string, never>;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = ['RUNS_TABLE'] as const;
