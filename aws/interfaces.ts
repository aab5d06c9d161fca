/** The ports: what tasks and the CLI may ask of AWS. Each has one adapter beside this file. */
import type { ErrorRecord } from '../core/errors.ts';
import type { FailureRecord } from '../core/failure.ts';
import type {
  BucketRecord,
  Cursor,
  FailureList,
  LoadedObjects,
  Mark,
  ObjectRecord,
  OutboxRecord,
  RunRecord,
  RunTask,
  ShardRecord,
  SinkRecord,
  SliceRecord,
  SurveyRecord,
  TaskTrace,
} from '../core/ledger.ts';
import type { DataKey } from '../core/privacy/seal.ts';
import type { Counts, ObjectRef, RunRef, RunStatus } from '../core/run.ts';
import type { ByteRange } from '../core/shard.ts';
import type { BackfillLedger } from './backfill-ledger.ts';
import type { FailureLedger } from './failure-ledger.ts';
import type { ForgottenLedger } from './forgotten-ledger.ts';
import type { ObjectVersions } from './object-versions.ts';
import type { OutboxLedger } from './outbox-ledger.ts';
import type { TriggerVerbs } from './trigger-verbs.ts';

export interface StoredObject {
  bytes: number;
  etag: string;
  versionId: string | null;
  /** Base64, as S3 gives it: of the whole object, or composite with a `-parts` suffix. */
  checksumSha256: string | null;
}

export interface ListedObject {
  key: string;
  versionId: string | null;
  etag: string;
  bytes: number;
}

export interface ObjectStore extends ObjectVersions {
  /** Whole object; `SourceChanged` where `ifMatch` does not hold. */
  get(ref: ObjectRef, options?: { versionId?: string | null; ifMatch?: string }): Promise<Buffer>;
  getRange(ref: ObjectRef, range: ByteRange, options?: { versionId?: string | null }): Promise<Buffer>;
  stream(
    ref: ObjectRef,
    options?: { versionId?: string | null; ifMatch?: string },
  ): Promise<AsyncIterable<Uint8Array>>;
  head(ref: ObjectRef, options?: { versionId?: string | null }): Promise<StoredObject | null>;
  /** All objects under a prefix, newest versions, in the order of the keys' bytes. */
  list(bucket: string, prefix: string): Promise<ListedObject[]>;
  /** Put with a sha256 that S3 checks. `ifNoneMatch`: `false` is returned where the key is taken. */
  put(
    ref: ObjectRef,
    body: Uint8Array,
    options?: { ifNoneMatch?: boolean; contentType?: string },
  ): Promise<boolean>;
  /** Server-side copy, with the target's sha256 (hex) of its whole content as S3 computed it. */
  copy(from: ObjectRef, to: ObjectRef): Promise<{ sha256: string }>;
  /** Parts in order; aborted where the body fails. The composite sha256 is checked against S3's. */
  putStream(
    ref: ObjectRef,
    body: AsyncIterable<Uint8Array>,
    options: { partBytes: number; ifNoneMatch: boolean },
  ): Promise<{ created: boolean; versionId: string | null; compositeSha256: string }>;
}

/** Timelines of the conditional writes stand over each in the adapter. */
export interface Ledger extends TriggerVerbs, BackfillLedger, FailureLedger, ForgottenLedger, OutboxLedger {
  getSlice(job: string, slice: string): Promise<SliceRecord | null>;
  /**
   * Takes the lease (condition: nobody holds it, and the fence is the one that was seen), clears the mark and
   * puts the run RUNNING, in one transaction. `null`: somebody was quicker; read again. A repeat by the same
   * run gives the run that it put.
   */
  acquire(seen: SliceRecord | null, run: NewRun): Promise<RunRecord | null>;
  /**
   * Sets the mark on condition that `holderRunId` still holds the slice, and gives the mark that is in force:
   * an earlier one stays, and inherits `force`. `null`: that run does not hold the slice any more.
   */
  mark(job: string, slice: string, holderRunId: string, mark: Mark): Promise<Mark | null>;

  getRun(job: string, runId: string): Promise<RunRecord | null>;
  /** With what is to be told of it, in one transaction; a repeat tells it again. */
  setLoaded(run: RunRef, loaded: LoadedObjects, outbox?: OutboxRecord[]): Promise<void>;
  /** Where the list of what failed lies. */
  setFailures(run: RunRef, failures: FailureList): Promise<void>;
  traceTask(run: { job: string; runId: string }, task: RunTask, trace: TaskTrace): Promise<void>;
  putObject(runId: string, record: ObjectRecord): Promise<void>;
  putShard(runId: string, record: ShardRecord): Promise<void>;
  putSink(runId: string, record: SinkRecord): Promise<void>;
  putBucket(runId: string, record: BucketRecord): Promise<void>;
  /** A shard as Settle leaves it; Envelope's own record stays beside it. */
  putSettled(runId: string, record: ShardRecord): Promise<void>;
  getShard(runId: string, n: number): Promise<ShardRecord | null>;
  putSurvey(runId: string, record: SurveyRecord): Promise<void>;
  /** Sorted by `n`; complete whatever the page size. */
  listObjects(runId: string): Promise<ObjectRecord[]>;
  listShards(runId: string): Promise<ShardRecord[]>;
  /** `of`: how many shards there are, where that is known. Of few the ledger need not look everywhere. */
  listSinks(runId: string, sink: string, of?: number): Promise<SinkRecord[]>;
  listBuckets(runId: string): Promise<BucketRecord[]>;
  listSettled(runId: string): Promise<ShardRecord[]>;
  listSurveys(runId: string): Promise<SurveyRecord[]>;

  /** RUNNING → COMMITTING, the commit point. `false`: the run is not RUNNING with this fence (any more). */
  beginCommit(
    run: RunRef,
    commit: { manifest: ObjectRef; counts: Counts; commitAs: 'COMPLETED' | 'PARTIAL' },
  ): Promise<boolean>;
  /**
   * COMMITTING → COMPLETED | PARTIAL with the slice's committed run, the outbox's event, and the cursor where
   * the run was scheduled and is the latest; the lease is released, the mark stays until its run acquires.
   * `false`: it was closed before.
   */
  closeCommitted(run: RunRecord, close: { endedAt: string; outbox: OutboxRecord[] }): Promise<boolean>;
  /** RUNNING → SKIPPED; releases the lease. `false`: it was closed before. */
  closeSkipped(run: RunRecord, close: { endedAt: string }): Promise<boolean>;
  /** RUNNING → FAILED with failure record and outbox; releases the lease. `false`: the run is not RUNNING. */
  closeFailed(
    run: RunRecord,
    close: { endedAt: string; error: ErrorRecord; failure: FailureRecord; outbox: OutboxRecord[] },
  ): Promise<boolean>;
  /**
   * A run that failed before it was opened: put FAILED as it is, with failure record and outbox. Here and in
   * `closeFailed` the failure that it follows is closed with it, where that is open.
   */
  putFailedRun(run: RunRecord, failure: FailureRecord, outbox: OutboxRecord[]): Promise<boolean>;

  /** Newest first. */
  listRuns(filter: {
    job?: string;
    status?: RunStatus;
    since?: string;
    /** Only those that come behind this one. */
    before?: Pick<RunRecord, 'runId' | 'startedAt'>;
    limit?: number;
  }): Promise<RunRecord[]>;
  /** Slices that have a mark and no holder: their run was not started yet. */
  listMarkedFree(): Promise<SliceRecord[]>;
  /** In the order of their names; of a range, both ends included. */
  listSlices(job: string, range?: { from: string; to: string }): Promise<SliceRecord[]>;
  /** The last slices of a job in the order of time, at most so many: its page does not grow with its years. */
  latestSlices(job: string, limit: number): Promise<SliceRecord[]>;
  getCursor(job: string): Promise<Cursor | null>;
}

export type NewRun = Omit<
  RunRecord,
  | 'status'
  | 'fence'
  | 'revision'
  | 'endedAt'
  | 'counts'
  | 'commitAs'
  | 'manifest'
  | 'loaded'
  | 'error'
  | 'tasks'
>;

export interface ExecutionState {
  status: 'RUNNING' | 'ENDED';
  /** ISO 8601 where it ended. */
  stoppedAt: string | null;
  /** Why, as Step Functions says it. */
  error: { Error: string; Cause: string } | null;
  /** JSON, where it succeeded. */
  output: string | null;
}

export interface Executions {
  /** Names of a machine's executions that are under way; none where there is no such machine. */
  listRunning(stateMachineArn: string): Promise<string[]>;
  /** `null`: there is no such execution (any more). */
  describe(executionArn: string): Promise<ExecutionState | null>;
  /** Of a machine's ARN. Named, so that a repeat starts nothing: `false` where one of that name is there. */
  start(machine: string, name: string, input: unknown): Promise<{ executionArn: string; started: boolean }>;
  /** Ends it, with the words that its status event and its record have. One that has ended stays as it is. */
  stop(executionArn: string, error: { Error: string; Cause: string }): Promise<void>;
  succeedTask(taskToken: string, output: unknown): Promise<'accepted' | 'gone'>;
  failTask(taskToken: string, error: ErrorRecord): Promise<'accepted' | 'gone'>;
}

export interface Queue {
  /** One message, JSON. It is delivered after so many seconds at the earliest: at most 900. */
  send(queueUrl: string, json: string, delaySeconds?: number): Promise<void>;
}

export interface Bus {
  /** Failed entries are sent again, and only those; throws where some fail to the end. */
  publish(events: Array<{ id: string; detailType: string; detail: string; time: string }>): Promise<void>;
}

export interface CatalogColumn {
  name: string;
  /** Glue's (Hive's) words: `bigint`, `decimal(10,2)`, `struct<id:string,…>`. */
  type: string;
}

export interface CatalogTable {
  name: string;
  versionId: string;
  columns: CatalogColumn[];
  location: string;
  parameters: Record<string, string>;
}

export interface CatalogPartition {
  slice: string;
  location: string;
  columns: CatalogColumn[];
}

export interface Catalog {
  getTable(name: string): Promise<CatalogTable | null>;
  /** `false`: it is there already. */
  createTable(table: Omit<CatalogTable, 'versionId'>): Promise<boolean>;
  /** On condition of `versionId`; `false`: somebody updated it; read again. */
  updateTable(table: CatalogTable): Promise<boolean>;
  listTables(): Promise<CatalogTable[]>;
  getPartition(table: string, slice: string): Promise<CatalogPartition | null>;
  listPartitions(table: string): Promise<CatalogPartition[]>;
  /** The partition alone, never what it points to; one that is gone already is no error. */
  deletePartition(table: string, slice: string): Promise<void>;
  /** Creates or overwrites the slice's one partition. */
  setPartition(table: CatalogTable, partition: CatalogPartition): Promise<void>;
}

export interface DataKeys {
  /** A new data key for a job, wrapped by the KMS key of that ARN. */
  generate(keyArn: string, job: string): Promise<DataKey>;
  /** The data key in clear; `null`: it was not wrapped by that KMS key for that job. */
  unwrap(key: Pick<DataKey, 'keyId' | 'wrapped'>, job: string): Promise<Buffer | null>;
}

export interface Secrets {
  /** `SecretMissing` with the command that makes it where there is none. */
  get(name: string): Promise<string>;
  /** `false`: there is one already, and it stays as it is. */
  create(name: string, value: string): Promise<boolean>;
}
