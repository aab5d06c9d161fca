import type { RunRef, Trigger } from '../../core/run.ts';

/** The state machine's input, as a schedule, a person or a mark gives it. */
export interface RunRequest {
  trigger: Trigger;
  /** The slice's name. Required but for `schedule`. */
  slice?: string;
  /** ISO 8601: what Scheduler says for `<aws.scheduler.scheduled-time>`, or the word `execution-start`. */
  scheduledTime?: string;
  /** Load the slice even where it is loaded already. */
  force?: boolean;
  /** Make the slice anew from what its committed run has in the raw zone, without touching the source. */
  from?: 'raw';
  /** The failed run of this slice whose finished work is taken over. */
  resumes?: string;
}

export interface OpenRunInput {
  request: RunRequest;
  /** From the definition, so that a running execution keeps the version it started with. */
  job: { name: string; version: string };
  execution: { id: string; name: string; startTime: string };
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

/** The state behind OpenRun: each later task adds to it. */
export interface OpenedRun {
  outcome: 'held';
  run: RunRef;
  /** Step Functions' RetryCount, from 0. */
  attempt?: number;
}

export interface BusyRun {
  outcome: 'busy';
  run: { job: string; runId: string; slice: string };
  holder: { runId: string };
  /** The run that will be started when the holder closes; `null`: none, and the caller tries again, as a backfill does. */
  markedRunId: string | null;
}

/** The schedule's time has come, and somebody has paused the job. There is no run of this execution. */
export interface PausedRun {
  outcome: 'paused';
  run: { job: string; runId: string; slice: string };
}

export type OpenRunOutput = OpenedRun | BusyRun | PausedRun;

/** Environment that the handler reads; infra must set exactly these. */
export const environment = [
  'STAGE',
  'SLICES_TABLE',
  'RUNS_TABLE',
  'OPS_BUCKET',
  'JOB_ASSET',
  'DATABASE',
  'BUS_NAME',
  'JOB_DLQ_URL',
  'STATE_MACHINE_ARN',
] as const;
