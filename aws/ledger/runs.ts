/** Runs: opened, committed, closed. */
import type { RunRecord } from '../../core/ledger.ts';
import { runsIndexes } from '../../core/ledger-schema.ts';
import type { RunStatus } from '../../core/run.ts';
import type { Ledger, NewRun } from '../interfaces.ts';
import { type Condition, equals, isBefore, isBetween, isFrom } from './conditions.ts';
import type { Tables } from './keys.ts';
import { jobKey, runKey, runStatusKey } from './keys.ts';
import { putOutbox } from './outbox.ts';
import type { Item, Store } from './store.ts';

export function runVerbs(
  store: Store,
  tables: Tables,
): Pick<Ledger, 'getRun' | 'setLoaded' | 'setFailures' | 'traceTask' | 'beginCommit' | 'listRuns'> {
  return {
    getRun: async (job, runId) => readRun(await store.get(tables.runs, runKey(job, runId))),
    setLoaded: async (run, loaded, outbox = []) => {
      await store.transact([
        {
          Update: {
            TableName: tables.runs,
            Key: runKey(run.job, run.runId),
            UpdateExpression: 'SET loaded = :loaded',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeValues: { ':loaded': loaded },
          },
        },
        ...outbox.map((record) => putOutbox(tables, record)),
      ]);
    },
    setFailures: async (run, failures) => {
      await store.update({
        TableName: tables.runs,
        Key: runKey(run.job, run.runId),
        UpdateExpression: 'SET failures = :failures',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':failures': failures },
      });
    },
    traceTask: async (run, task, trace) => {
      // A run that was never opened has no record, and FailRun's trace of it no place.
      await store.update({
        TableName: tables.runs,
        Key: runKey(run.job, run.runId),
        UpdateExpression: 'SET tasks.#task = :trace',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: { '#task': task },
        ExpressionAttributeValues: { ':trace': trace },
      });
    },
    beginCommit: async (run, commit) => {
      // Catalog and FailRun both want RUNNING: whoever comes second finds another status, and obeys.
      const item = await store.update({
        TableName: tables.runs,
        Key: runKey(run.job, run.runId),
        UpdateExpression:
          'SET #status = :committing, statusKey = :statusKey, manifest = :manifest, counts = :counts, ' +
          'commitAs = :commitAs',
        ConditionExpression: '#status = :running AND fence = :fence',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':committing': 'COMMITTING' satisfies RunStatus,
          ':running': 'RUNNING' satisfies RunStatus,
          ':statusKey': runStatusKey('COMMITTING'),
          ':manifest': commit.manifest,
          ':counts': commit.counts,
          ':commitAs': commit.commitAs,
          ':fence': run.fence,
        },
      });
      return item !== null;
    },
    listRuns: (filter) => listRuns(store, tables, filter),
  };
}

const statuses: RunStatus[] = ['RUNNING', 'COMMITTING', 'COMPLETED', 'PARTIAL', 'FAILED', 'SKIPPED'];

/** Sorts as text in the order of time, and no two runs have the same: so a page begins where another ended. */
const placeOf = ({ startedAt, runId }: Pick<RunRecord, 'startedAt' | 'runId'>): string =>
  `${startedAt} ${runId}`;

/** Of a listing that a filter thins out, a page of the index has more items than are wanted. */
const filteredPage = 250;

async function listRuns(
  store: Store,
  tables: Tables,
  filter: Parameters<Ledger['listRuns']>[0],
): Promise<RunRecord[]> {
  const { job, status, limit } = filter;
  if (job !== undefined) return listOf(store, tables, filter, runsIndexes.byJob, jobKey(job));
  const wanted = status === undefined ? statuses : [status];
  const found = await Promise.all(
    wanted.map((each) =>
      listOf(store, tables, { ...filter, status: each }, runsIndexes.byStatus, runStatusKey(each)),
    ),
  );
  return found
    .flat()
    .sort((a, b) => (placeOf(a) < placeOf(b) ? 1 : -1))
    .slice(0, limit ?? Number.POSITIVE_INFINITY);
}

async function listOf(
  store: Store,
  tables: Tables,
  { status, since, before, limit }: Parameters<Ledger['listRuns']>[0],
  index: { name: string; partitionKey: string },
  value: string,
): Promise<RunRecord[]> {
  const filtered = index === runsIndexes.byJob && status !== undefined;
  // DynamoDB refuses a range whose end comes before its beginning.
  if (since !== undefined && before !== undefined && placeOf(before) < since) return [];
  const range = rangeOf(since, before);
  // The one that it is to begin behind is in a range of both, too.
  const most = limit === undefined ? undefined : limit + 1;
  const items = await store.query(
    {
      TableName: tables.runs,
      IndexName: index.name,
      KeyConditions: { [index.partitionKey]: equals(value), ...(range === null ? {} : { at: range }) },
      ...(filtered ? { QueryFilter: { status: equals(status) } } : {}),
      ...(most === undefined ? {} : { Limit: filtered ? Math.max(most, filteredPage) : most }),
      ScanIndexForward: false,
    },
    most,
  );
  const runs = items.map((item) => readRun(item)).filter((run) => run !== null);
  return runs.filter(({ runId }) => runId !== before?.runId).slice(0, limit ?? Number.POSITIVE_INFINITY);
}

/** DynamoDB takes one condition on the sort key, and knows no half-open range. */
function rangeOf(
  since: string | undefined,
  before: Pick<RunRecord, 'startedAt' | 'runId'> | undefined,
): Condition | null {
  if (before !== undefined && since !== undefined) {
    return isBetween(since, placeOf(before));
  }
  if (before !== undefined) return isBefore(placeOf(before));
  return since === undefined ? null : isFrom(since);
}

export function newRun(run: NewRun, fence: number, revision: number): RunRecord {
  return {
    ...run,
    status: 'RUNNING',
    fence,
    revision,
    endedAt: null,
    counts: null,
    commitAs: null,
    manifest: null,
    loaded: null,
    error: null,
    tasks: {},
  };
}

export const runItem = (run: RunRecord): Item => ({
  ...runKey(run.job, run.runId),
  statusKey: runStatusKey(run.status),
  jobKey: jobKey(run.job),
  at: placeOf(run),
  ...run,
});

export function readRun(item: Item | null): RunRecord | null {
  if (item === null) return null;
  const { pk: _pk, sk: _sk, statusKey: _statusKey, jobKey: _jobKey, at: _at, ...run } = item;
  return run as unknown as RunRecord;
}
