/**
 * The ledger in memory: the port's second adapter, which passes the same conformance suite. Each verb is one
 * atomic step, so that a test can put anything between two of them.
 */
import type { BackfillLedger } from '../../aws/backfill-ledger.ts';
import type { ForgottenLedger } from '../../aws/forgotten-ledger.ts';
import type { Ledger, NewRun } from '../../aws/interfaces.ts';
import type { TriggerVerbs } from '../../aws/trigger-verbs.ts';
import { ForebayError } from '../../core/errors.ts';
import { type FailureRecord, jobOfFailure } from '../../core/failure.ts';
import type {
  BucketRecord,
  Cursor,
  ForgottenRecord,
  ObjectRecord,
  OutboxRecord,
  Pause,
  RunRecord,
  ShardRecord,
  SinkRecord,
  SliceRecord,
  SurveyRecord,
  TriggerRecord,
} from '../../core/ledger.ts';
import { type BackfillState, memoryBackfills } from './memory-backfills.ts';

interface Child {
  n: number;
  status: 'done' | 'failed';
}

/** All that is stored, so that a test can compare two moments. */
export interface LedgerState {
  slices: Map<string, SliceRecord>;
  runs: Map<string, RunRecord>;
  children: Map<string, Child>;
  outbox: Map<string, OutboxRecord>;
  /** Those of the outbox that were sent. */
  sent: Map<string, OutboxRecord>;
  failures: Map<string, FailureRecord>;
  cursors: Map<string, Cursor>;
  triggers: Map<string, TriggerRecord>;
  /** Sequences by job, slice and key. */
  arrived: Map<string, string>;
  pauses: Map<string, Pause>;
  backfills: BackfillState['backfills'];
  backfillSlices: BackfillState['backfillSlices'];
  forgotten: Map<string, ForgottenRecord>;
}

const key = (...parts: Array<string | number>): string => JSON.stringify(parts);
/** What is stored is plain data: callers never share an object with the ledger, and `undefined` is absent. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const orNull = <T>(value: T | undefined): T | null => (value === undefined ? null : copy(value));

export const emptyLedger = (): LedgerState => ({
  slices: new Map(),
  runs: new Map(),
  children: new Map(),
  outbox: new Map(),
  sent: new Map(),
  failures: new Map(),
  cursors: new Map(),
  triggers: new Map(),
  arrived: new Map(),
  pauses: new Map(),
  backfills: new Map(),
  backfillSlices: new Map(),
  forgotten: new Map(),
});

export function memoryLedger(state: LedgerState = emptyLedger()): Ledger {
  return {
    ...{ ...sliceVerbs(state), ...triggerVerbs(state), ...runVerbs(state) },
    ...{ ...childVerbs(state), ...closeVerbs(state) },
    ...memoryBackfills(state, (records) => putAll(state, records)),
    ...forgottenVerbs(state),
  };
}

type SliceVerbs =
  | 'getSlice'
  | 'acquire'
  | 'mark'
  | 'listMarkedFree'
  | 'listSlices'
  | 'latestSlices'
  | 'getCursor';

function sliceVerbs({ slices, runs, cursors }: LedgerState): Pick<Ledger, SliceVerbs> {
  const list = (wanted: (slice: SliceRecord) => boolean) =>
    copy([...slices.values()].filter(wanted).sort((a, b) => (a.slice < b.slice ? -1 : 1)));
  return {
    getSlice: async (job, slice) => orNull(slices.get(key(job, slice))),
    acquire: async (seen, run) => {
      const now = slices.get(key(run.job, run.slice));
      const own = runs.get(key(run.job, run.runId));
      const unchanged = seen === null ? now === undefined : now?.holder === null && now.fence === seen.fence;
      if (!unchanged || own !== undefined) return own?.status === 'RUNNING' ? copy(own) : null;
      const record = opened(run, (now?.fence ?? 0) + 1, revisionOf(now) + 1);
      const { job, slice, runId, executionArn } = run;
      const holder = { runId, executionArn };
      const committed = now?.committed ?? null;
      const { last, forgotten } = now ?? {};
      const { fence } = record;
      slices.set(
        key(job, slice),
        copy({ job, slice, holder, fence, mark: null, last, forgotten, committed }),
      );
      runs.set(key(job, runId), copy(record));
      return copy(record);
    },
    mark: async (job, slice, holderRunId, mark) => {
      const now = slices.get(key(job, slice));
      if (now?.holder?.runId !== holderRunId) return null;
      now.mark = copy(now.mark === null ? mark : { ...now.mark, force: now.mark.force || mark.force });
      return copy(now.mark);
    },
    listMarkedFree: async () => list((slice) => slice.mark !== null && slice.holder === null),
    listSlices: async (job, range) =>
      list(
        ({ job: of, slice }) =>
          of === job && (range === undefined || (range.from <= slice && slice <= range.to)),
      ),
    latestSlices: async (job, limit) => list((slice) => slice.job === job).slice(-limit),
    getCursor: async (job) => orNull(cursors.get(job)),
  };
}

function triggerVerbs({ triggers, arrived, pauses }: LedgerState): TriggerVerbs {
  const at = (job: string, slice: string): TriggerRecord => {
    const none = { count: 0, due: 0, started: 0, after: null, afterStarted: null };
    const record = triggers.get(key(job, slice)) ?? { job, slice, ...none };
    triggers.set(key(job, slice), record);
    return record;
  };
  return {
    countArrival: async (job, slice) => {
      const record = at(job, slice);
      record.count += 1;
      return record.count;
    },
    setDue: async (job, slice, count) => {
      const record = triggers.get(key(job, slice));
      if (record?.count !== count) return null;
      record.due = count;
      return copy(record);
    },
    setStarted: async (job, slice, count) => {
      const record = at(job, slice);
      record.started = Math.max(record.started, count);
    },
    setAfter: async (job, slice, runId) => {
      const record = at(job, slice);
      if (runId !== null) record.after = runId;
      return copy(record);
    },
    setAfterStarted: async (job, slice, runId) => {
      at(job, slice).afterStarted = runId;
    },
    listTriggers: async (job) =>
      copy(
        [...triggers.values()]
          .filter((record) => record.job === job)
          .sort((a, b) => (a.slice < b.slice ? -1 : 1)),
      ),
    getArrived: async (job, slice, name) => orNull(arrived.get(key(job, slice, name))),
    setArrived: async (job, slice, name, sequence) => {
      const known = arrived.get(key(job, slice, name));
      if (known === undefined || known < sequence) arrived.set(key(job, slice, name), sequence);
    },
    getPause: async (job) => orNull(pauses.get(job)),
    putPause: async (job, pause) => void pauses.set(job, copy(pause)),
    removePause: async (job) => {
      const pause = orNull(pauses.get(job));
      pauses.delete(job);
      return pause;
    },
  };
}

const revisionOf = (slice: SliceRecord | undefined): number =>
  slice?.committed?.revision ?? slice?.forgotten?.revision ?? 0;

const opened = (run: NewRun, fence: number, revision: number): RunRecord => ({
  ...run,
  fence,
  revision,
  status: 'RUNNING',
  endedAt: null,
  counts: null,
  commitAs: null,
  manifest: null,
  loaded: null,
  error: null,
  tasks: {},
});

type RunVerbs = 'getRun' | 'setLoaded' | 'setFailures' | 'traceTask' | 'beginCommit' | 'listRuns';

function runVerbs({ runs, outbox }: LedgerState): Pick<Ledger, RunVerbs> {
  const at = (run: { job: string; runId: string }) => runs.get(key(run.job, run.runId));
  return {
    getRun: async (job, runId) => orNull(at({ job, runId })),
    setLoaded: async (run, loaded, records = []) => {
      const record = at(run);
      if (record === undefined) return;
      record.loaded = copy(loaded);
      for (const told of records) outbox.set(key(told.job, told.runId, told.id), copy(told));
    },
    setFailures: async (run, failures) => {
      const record = at(run);
      if (record !== undefined) record.failures = copy(failures);
    },
    traceTask: async (run, task, trace) => {
      const record = at(run);
      if (record !== undefined) record.tasks[task] = copy(trace);
    },
    beginCommit: async (run, commit) => {
      const record = at(run);
      if (record?.status !== 'RUNNING' || record.fence !== run.fence) return false;
      Object.assign(record, copy({ ...commit, status: 'COMMITTING' }));
      return true;
    },
    listRuns: async ({ job, status, since, before, limit }) =>
      copy(
        [...runs.values()]
          .filter((run) => job === undefined || run.job === job)
          .filter((run) => status === undefined || run.status === status)
          .filter((run) => since === undefined || run.startedAt >= since)
          .filter((run) => before === undefined || placeOf(run) < placeOf(before))
          .sort((a, b) => (placeOf(a) < placeOf(b) ? 1 : -1))
          .slice(0, limit ?? Number.POSITIVE_INFINITY),
      ),
  };
}

const placeOf = ({ startedAt, runId }: Pick<RunRecord, 'startedAt' | 'runId'>): string =>
  `${startedAt} ${runId}`;

type ChildVerbs =
  | 'putObject'
  | 'putShard'
  | 'putSink'
  | 'putSurvey'
  | 'putBucket'
  | 'putSettled'
  | 'getShard'
  | 'listObjects'
  | 'listShards'
  | 'listSinks'
  | 'listSurveys'
  | 'listBuckets'
  | 'listSettled';

function childVerbs({ children }: LedgerState): Pick<Ledger, ChildVerbs> {
  const put = async (kind: string, runId: string, record: Child) => {
    const at = key(kind, runId, record.n);
    if (record.status === 'failed' && children.get(at)?.status === 'done') return;
    children.set(at, copy(record));
  };
  const list = async <R extends Child>(kind: string, runId: string): Promise<R[]> =>
    copy(
      [...children]
        .filter(([at]) => at.startsWith(`${key(kind, runId).slice(0, -1)},`))
        .map(([, record]) => record as R)
        .sort((a, b) => a.n - b.n),
    );
  return {
    putObject: (runId, record) => put('object', runId, record),
    putShard: (runId, record) => put('shard', runId, record),
    putSink: (runId, record) => put(`sink/${record.sink}`, runId, record),
    putSurvey: (runId, record) => put('survey', runId, record),
    putBucket: (runId, record) => put('bucket', runId, record),
    putSettled: (runId, record) => put('settled', runId, record),
    getShard: async (runId, n) => orNull(children.get(key('shard', runId, n)) as ShardRecord | undefined),
    listObjects: (runId) => list<ObjectRecord>('object', runId),
    listShards: (runId) => list<ShardRecord>('shard', runId),
    listSinks: (runId, sink) => list<SinkRecord>(`sink/${sink}`, runId),
    listSurveys: (runId) => list<SurveyRecord>('survey', runId),
    listBuckets: (runId) => list<BucketRecord>('bucket', runId),
    listSettled: (runId) => list<ShardRecord>('settled', runId),
  };
}

type CloseVerbs = Exclude<
  keyof Ledger,
  SliceVerbs | keyof TriggerVerbs | RunVerbs | ChildVerbs | keyof BackfillLedger | keyof ForgottenLedger
>;

function putAll({ outbox }: LedgerState, records: OutboxRecord[]): void {
  for (const record of records) outbox.set(key(record.job, record.runId, record.id), copy(record));
}

function forgottenVerbs({ slices, runs, outbox, forgotten }: LedgerState): ForgottenLedger {
  const named = ({ job, slice, at }: ForgottenRecord) => key(job, slice, at);
  return {
    runsOfSlice: async (job, slice) =>
      copy(
        [...runs.values()]
          .filter((run) => run.job === job && run.slice === slice)
          .sort((a, b) => a.fence - b.fence),
      ),
    forget: async (seen, record, records) => {
      const now = slices.get(key(record.job, record.slice));
      if (now?.holder !== null || now.fence !== seen.fence || forgotten.has(named(record))) return false;
      const { at, revision, fence } = record;
      Object.assign(now, { fence, forgotten: { at, revision }, committed: null });
      forgotten.set(named(record), copy(record));
      for (const told of records) outbox.set(key(told.job, told.runId, told.id), copy(told));
      return true;
    },
    completeForgotten: async (record, doneAt) => {
      const own = forgotten.get(named(record));
      if (own !== undefined) own.doneAt = doneAt;
    },
    listForgotten: async (job, slice) =>
      copy(
        [...forgotten.values()]
          .filter((record) => record.job === job && record.slice === slice)
          .sort((a, b) => (a.at < b.at ? -1 : 1)),
      ),
  };
}

function closeVerbs(state: LedgerState): Pick<Ledger, CloseVerbs> {
  const { runs, failures } = state;
  const putFailed = (failure: FailureRecord, records: OutboxRecord[]) => {
    failures.set(failure.id, copy(failure));
    const followed = failures.get(failure.follows ?? '');
    if (followed !== undefined && followed.closed === undefined) {
      const reason = `its slice failed again: ${failure.id}`;
      followed.closed = { how: 'failed-again', at: failure.lastFailedAt, by: 'forebay', reason };
    }
    putAll(state, records);
  };
  return {
    closeCommitted: async (run, { endedAt, outbox: records }) => {
      const { commitAs, loaded, runId, revision } = run;
      if (commitAs === null || loaded === null) {
        throw new ForebayError('RunFenced', `run ${runId} was not committed: it is ${run.status}`);
      }
      const close = closing(state, run, 'COMMITTING');
      if (close === null) return false;
      Object.assign(close.run, { status: commitAs, endedAt });
      Object.assign(
        close.slice,
        copy({
          ...{ holder: null, last: { runId, status: commitAs } },
          committed: { runId, revision, loaded, committedAt: endedAt },
        }),
      );
      if (run.trigger === 'schedule') advance(state, run);
      putAll(state, records);
      return true;
    },
    closeSkipped: async (run, { endedAt }) => {
      const close = closing(state, run, 'RUNNING');
      if (close === null) return false;
      Object.assign(close.run, { status: 'SKIPPED', endedAt });
      Object.assign(close.slice, { holder: null, last: { runId: run.runId, status: 'SKIPPED' } });
      return true;
    },
    closeFailed: async (run, { endedAt, error, failure, outbox: records }) => {
      const close = closing(state, run, 'RUNNING');
      if (close === null) return false;
      Object.assign(close.run, copy({ status: 'FAILED', endedAt, error }));
      Object.assign(close.slice, { holder: null, last: { runId: run.runId, status: 'FAILED' } });
      putFailed(failure, records);
      return true;
    },
    putFailedRun: async (run, failure, records) => {
      if (runs.has(key(run.job, run.runId))) return false;
      runs.set(key(run.job, run.runId), copy(run));
      putFailed(failure, records);
      return true;
    },
    ...listVerbs(state),
  };
}

type ListVerbs =
  | 'pendingOutbox'
  | 'markSent'
  | 'listSent'
  | 'putFailure'
  | 'listFailures'
  | 'getFailure'
  | 'closeFailure'
  | 'lockFailure';

function listVerbs({ outbox, sent, failures }: LedgerState): Pick<Ledger, ListVerbs> {
  return {
    pendingOutbox: async (run) =>
      copy(
        [...outbox.values()].filter(
          (record) => run === undefined || (record.job === run.job && record.runId === run.runId),
        ),
      ),
    markSent: async (record) => {
      sent.set(key(record.job, record.runId, record.id), copy(record));
      outbox.delete(key(record.job, record.runId, record.id));
    },
    listSent: async ({ from, to }) =>
      copy(
        [...sent.values()]
          .filter(({ target, createdAt }) => target === 'bus' && createdAt >= from && createdAt < to)
          .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)),
      ),
    putFailure: async (record) => {
      const { closed: _closed, ...before } = failures.get(record.id) ?? record;
      failures.set(record.id, copy({ ...before, ...record, firstFailedAt: before.firstFailedAt }));
    },
    listFailures: async (filter) =>
      copy(
        [...failures.values()]
          .filter(({ id }) => filter?.job === undefined || jobOfFailure(id) === filter.job)
          .filter(({ closed }) => filter?.all === true || closed === undefined),
      ),
    getFailure: async (id) => orNull(failures.get(id)),
    closeFailure: async (id, close) => {
      const record = failures.get(id);
      if (record === undefined || record.closed !== undefined) return false;
      record.closed = copy(close);
      return true;
    },
    lockFailure: async (seen, lock) => {
      const record = failures.get(seen.id);
      if (record === undefined || record.closed !== undefined || record.redrives !== seen.redrives)
        return null;
      record.redrives = (seen.redrives ?? 0) + 1;
      record.redrive = copy(lock);
      return copy(record);
    },
  };
}

/** The run and its slice where the run has that status and holds the lease; `null`: it was closed before. */
function closing(
  { runs, slices }: LedgerState,
  { job, runId, slice: name, fence }: RunRecord,
  from: RunRecord['status'],
): { run: RunRecord; slice: SliceRecord } | null {
  const run = runs.get(key(job, runId));
  if (run?.status !== from || run.fence !== fence) return null;
  const slice = slices.get(key(job, name));
  if (slice?.holder?.runId !== runId || slice.fence !== fence) {
    throw new ForebayError('RunFenced', `run ${runId} does not hold slice ${name} of ${job} any more`);
  }
  return { run, slice };
}

function advance({ cursors }: LedgerState, { job, slice, runId }: RunRecord): void {
  const now = cursors.get(job);
  if (now === undefined || now.slice < slice) cursors.set(job, { slice, runId });
}
