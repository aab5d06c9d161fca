/** What the ledger knows: the shapes of its records, as every task and the CLI see them. */
import type { ErrorRecord } from './errors.ts';
import type { WholeReason } from './resume.ts';
import type { Counts, ObjectRef, RunStatus, Trigger } from './run.ts';
import type { Finished } from './shard.ts';

/** A trigger that met a held slice: whoever closes the holder starts it. */
export interface Mark {
  /** Execution name of the run to start, so that starting it twice starts one. */
  runId: string;
  trigger: Trigger;
  force: boolean;
}

/** One slice of one job. */
export interface SliceRecord {
  job: string;
  slice: string;
  /** The run that holds the lease, `null` where nobody does. */
  holder: { runId: string; executionArn: string } | null;
  /** Grows with each lease. 0: never held. */
  fence: number;
  mark: Mark | null;
  /** The run that released the lease last, and how it ended; not there: none has since slices have this. */
  last?: { runId: string; status: RunStatus };
  /** When its data was erased on purpose, and the revision that it had; a later commit counts on from there. */
  forgotten?: { at: string; revision: number };
  committed: { runId: string; revision: number; loaded: LoadedObjects; committedAt: string } | null;
}

/** Data of a slice that was erased on purpose: who did it, when and why. Kept for good. */
export interface ForgottenRecord {
  job: string;
  slice: string;
  /** When it was begun: ISO 8601. Together with job and slice it names the record. */
  at: string;
  /** ARN of who asked for it. */
  by: string;
  reason: string;
  /** The slice's fence from then on: what runs of a lower one have left is erased. */
  fence: number;
  /** The revision that readers saw last; 0 where there was none. */
  revision: number;
  /** Those whose data it was, at most the first {@link namedRuns} of them by name. */
  runs: { count: number; ids: string[] };
  /** What there was of them when it was begun; `versions`: of these objects, delete markers among them. */
  found: { objects: number; versions: number; bytes: number };
  /** `null`: it broke off, and a repeat goes on with it. */
  doneAt: string | null;
}

/** So many ids of 80 characters stay far below what an item of the ledger holds. */
export const namedRuns = 1_000;

/** What a committed run loaded: compared with what Discover lists. */
export interface LoadedObjects {
  /** sha256 (hex) of the listing: key, version or ETag, and size of each object, in order. */
  digest: string;
  count: number;
}

/** What a task wrote of itself: a run's trace is their list. Times are ISO 8601, UTC. */
export interface TaskTrace {
  startedAt: string;
  endedAt: string;
  /** From 1. */
  attempt: number;
  metrics: TaskMetrics;
}

/** Numbers only, named by unit: records, rows, bytes, objects, shards, columns. */
export interface TaskMetrics {
  objects?: number;
  shards?: number;
  columns?: number;
  records?: number;
  rows?: number;
  bytes?: number;
  rejected?: number;
  filtered?: number;
}

/** The tasks that run once a run; those of a Map write their trace beside their object, shard or sink. */
export type RunTask =
  | 'OpenRun'
  | 'Discover'
  | 'Plan'
  | 'Columns'
  | 'Reconcile'
  | 'Catalog'
  | 'CloseRun'
  | 'FailRun';

/** A list of failed pieces in S3: a line of JSON each, as {@link FailedPiece} has them. */
export interface FailureList extends ObjectRef {
  count: number;
}

export interface FailedPiece {
  /** `objects`, `shards`, `buckets`, `settled shards` or `shards in <sink>`. */
  what: string;
  n: number;
  error: ErrorRecord | null;
}

export interface RunRecord {
  job: string;
  runId: string;
  jobVersion: string;
  slice: string;
  status: RunStatus;
  fence: number;
  revision: number;
  trigger: Trigger;
  force: boolean;
  /** As {@link RunRef} has them. */
  from?: 'raw';
  resumes?: string;
  relist?: true;
  /** The failed run in whose place it was started: its failure is this run's to settle. */
  follows?: string;
  /** Why nothing of that run is taken over, where nothing is. */
  whole?: WholeReason;
  /** The run's fixed time. */
  time: string;
  executionArn: string;
  startedAt: string;
  endedAt: string | null;
  counts: Counts | null;
  /** What it is once closed; set from COMMITTING on, as the manifest is. */
  commitAs: 'COMPLETED' | 'PARTIAL' | null;
  manifest: ObjectRef | null;
  /** What Discover listed; `null` where nothing of it was new. */
  loaded: LoadedObjects | null;
  error: ErrorRecord | null;
  /** Where more than its one `error` is told: what an item of the ledger would not hold. */
  failures?: FailureList;
  tasks: Partial<Record<RunTask, TaskTrace>>;
}

/** One object of a run, written by Extract. */
export interface ObjectRecord {
  n: number;
  name: string;
  status: 'done' | 'failed';
  /** Extract's count, bytes and digest; `null` where it failed. */
  records: number | null;
  bytes: number | null;
  sha256: string | null;
  /** Of which failed run's object it was taken over. */
  from?: Finished;
  error: ErrorRecord | null;
  trace: TaskTrace | null;
}

/** One shard of a run: written by Envelope, and again by Settle, under a key of its own, where keys are settled. */
export interface ShardRecord {
  n: number;
  status: 'done' | 'failed';
  /** The task's own counts; `null` where it failed. */
  rejected: number | null;
  filtered: number | null;
  batch: (ObjectRef & { rows: number; bytes: number; sha256: string }) | null;
  /** Rejects by code. */
  rejectsByCode: Record<string, number>;
  /** Values that are none of their column's type and became null, by column; not there where there were none. */
  discarded?: Record<string, number>;
  /** Of which failed run's shard it was taken over. */
  from?: Finished;
  error: ErrorRecord | null;
  trace: TaskTrace | null;
}

/** One bucket of keys of a run, written by Keys. */
export interface BucketRecord {
  n: number;
  status: 'done' | 'failed';
  /** Keys that were merged, those that an earlier record has, and the records that they cost; `null` where it failed. */
  ids: number | null;
  repeats: number | null;
  losers: number | null;
  error: ErrorRecord | null;
  trace: TaskTrace | null;
}

/** One shard of a run whose slice decides its columns, written by Survey. */
export interface SurveyRecord {
  n: number;
  status: 'done' | 'failed';
  error: ErrorRecord | null;
  trace: TaskTrace | null;
}

/** One shard in one sink, written by the sink's writer. */
export interface SinkRecord {
  n: number;
  sink: string;
  status: 'done' | 'failed';
  /** From the footer of what was written. */
  rows: number | null;
  bytes: number | null;
  sha256: string | null;
  key: string | null;
  error: ErrorRecord | null;
  trace: TaskTrace | null;
}

/** Something that must be sent because of what a transaction wrote, kept until it was. */
export interface OutboxRecord {
  /** The event's or the failure's id: a repeated send carries it again. */
  id: string;
  job: string;
  runId: string;
  target: 'bus' | 'job-dlq';
  /** JSON. */
  body: string;
  createdAt: string;
}

/** The latest committed scheduled slice of a job. It only grows. */
export interface Cursor {
  slice: string;
  runId: string;
}

/**
 * What asks for runs of a slice: files that arrived for it, and commits of the jobs that its job comes after. Each
 * of the two knows what was asked for and what was started of it, so that neither is ever forgotten.
 */
export interface TriggerRecord {
  job: string;
  slice: string;
  /** Grows by one with each batch of notices of files. */
  count: number;
  /** The count whose quiet time was over, and the one whose run was started; 0: none. */
  due: number;
  started: number;
  /** The run that the commits of other jobs ask for, and the one that was started last; `null`: none. */
  after: string | null;
  afterStarted: string | null;
}

/** Until somebody resumes it, a job is started by nothing but people. */
export interface Pause {
  /** ISO 8601, UTC. */
  at: string;
  by: string;
  reason: string | null;
}
