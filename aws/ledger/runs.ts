/** Runs: opened, committed, closed. */
import type { RunRecord } from '../../core/ledger.ts';
import { runsIndexes } from '../../core/ledger-schema.ts';
import type { RunStatus } from '../../core/run.ts';
import type { Ledger, NewRun } from '../interfaces.ts';
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

async function listRuns(
  store: Store,
  tables: Tables,
  filter: { job?: string; status?: RunStatus; since?: string; limit?: number },
): Promise<RunRecord[]> {
  const since = filter.since ?? '';
  const limit = filter.limit ?? Number.POSITIVE_INFINITY;
  const ask = (index: { name: string; partitionKey: string }, value: string, status?: RunStatus) =>
    store.query(
      {
        TableName: tables.runs,
        IndexName: index.name,
        KeyConditionExpression: `${index.partitionKey} = :value AND #at >= :since`,
        ExpressionAttributeNames: { '#at': 'at', ...(status ? { '#status': 'status' } : {}) },
        ExpressionAttributeValues: {
          ':value': value,
          ':since': since || '0',
          ...(status ? { ':status': status } : {}),
        },
        ...(status ? { FilterExpression: '#status = :status' } : {}),
        ScanIndexForward: false,
      },
      limit,
    );
  const wanted = filter.status === undefined ? statuses : [filter.status];
  const items =
    filter.job === undefined
      ? (await Promise.all(wanted.map((status) => ask(runsIndexes.byStatus, runStatusKey(status))))).flat()
      : await ask(runsIndexes.byJob, jobKey(filter.job), filter.status);
  return items
    .map((item) => readRun(item))
    .filter((run) => run !== null)
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0))
    .slice(0, limit);
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
  at: run.startedAt,
  ...run,
});

export function readRun(item: Item | null): RunRecord | null {
  if (item === null) return null;
  const { pk: _pk, sk: _sk, statusKey: _statusKey, jobKey: _jobKey, at: _at, ...run } = item;
  return run as unknown as RunRecord;
}
