/** Failures: their one shape, and their ids. */
import { createHash } from 'node:crypto';
import type { ErrorRecord } from './errors.ts';
import { executionName } from './execution-name.ts';

export const failureKinds = ['run', 'write', 'delivery'] as const;
export type FailureKind = (typeof failureKinds)[number];

/** One failure, of one shape wherever it happened. It is the job DLQ's message, too. */
export interface FailureRecord {
  /** Of a delivery: its message's id. */
  id: string;
  kind: FailureKind;
  /** Empty where a delivery does not say it. */
  job: string;
  slice: string;
  runId: string;
  shard?: number;
  sink?: string;
  error: ErrorRecord;
  /** Of a run: counted on from the failure that it follows. */
  attempts: number;
  firstFailedAt: string;
  lastFailedAt: string;
  /** X-Ray's id of the function's trace that recorded it; `null` where there was none. */
  trace: string | null;
  /** Where to look on: the key of the manifest, the batch or the listing; of a delivery the ARN of its target. */
  pointer: string | null;
  /** Id of the failure of the run that this one resumed, or was to resume. */
  follows?: string;
  /** How often it was redriven. */
  redrives?: number;
  /** The last of them: it has the failure for as long as its execution runs. */
  redrive?: RedriveLock;
  /** Not there: it is open. */
  closed?: FailureClose;
}

export interface RedriveLock {
  runId: string;
  executionArn: string;
  /** Who started it, and when: for people. */
  by: string;
  at: string;
}

export interface FailureClose {
  /**
   * `redriven`: the slice is committed, by a redrive or by another run since; `failed-again`: another failure has its
   * place; `written`: a later receive of the message went well; `discarded`: somebody says that nothing is to be done.
   */
  how: 'redriven' | 'failed-again' | 'written' | 'discarded';
  at: string;
  by: string;
  reason: string;
}

/** Ids are readable, the same for each repeat of the same failure, and have the job in front. */
export const runFailureId = (job: string, runId: string): string => `${job}/${runId}`;

export const writeFailureId = (job: string, runId: string, sink: string, shard: number): string =>
  `${job}/${runId}/${sink}/${shard}`;

/** Whose partition has the record. A delivery's id is its message's, and no job is called so: names have no `_`. */
export const jobOfFailure = (id: string): string =>
  id.includes('/') ? id.slice(0, id.indexOf('/')) : '_deliveries';

/** Execution name of a failure's redrive of that number: whoever starts it again starts nothing. */
export const redriveRunId = (failure: string, redrive: number): string =>
  executionName('d', failure, redrive);

/** Execution name of a start that was not delivered, by its message's id. */
export const redeliveredRunId = (message: string): string =>
  `x-${createHash('sha256').update(message).digest('hex').slice(0, 32)}`;
