/** Backfills: opened, cancelled, closed, and what became of each of their slices. */
import type { BackfillRecord, BackfillSliceRecord, BackfillStatus } from '../../core/backfill/model.ts';
import { runsIndexes } from '../../core/ledger-schema.ts';
import type { BackfillLedger } from '../backfill-ledger.ts';
import { listChildren } from './children.ts';
import { below, equals } from './conditions.ts';
import {
  backfillKey,
  backfillPrefix,
  backfillSliceKey,
  backfillStatusKey,
  jobKey,
  type Tables,
} from './keys.ts';
import { putOutbox } from './outbox.ts';
import type { Item, Store } from './store.ts';

const statuses: BackfillStatus[] = ['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'];

export function backfillVerbs(store: Store, tables: Tables): BackfillLedger {
  const get = async (job: string, id: string): Promise<BackfillRecord | null> =>
    readBackfill(await store.get(tables.runs, backfillKey(job, id)));
  return {
    openBackfill: (record) => open(store, tables, record, get),
    getBackfill: get,
    cancelBackfill: async (job, id, at) => {
      // Whoever cancels and whoever closes both want RUNNING: the second is told, and the record is as the first left it.
      const item = await store.update({
        TableName: tables.runs,
        Key: backfillKey(job, id),
        UpdateExpression: 'SET cancelledAt = if_not_exists(cancelledAt, :at)',
        ConditionExpression: '#status = :running',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':at': at, ':running': 'RUNNING' satisfies BackfillStatus },
      });
      return item !== null;
    },
    closeBackfill: (id, close) => closeOnce(store, tables, id, close),
    listBackfills: (filter) => list(store, tables, filter),
    putBackfillSlice: (id, record) => putSlice(store, tables, id, record),
    listBackfillSlices: (id) => listChildren<BackfillSliceRecord>(store, tables, id, 'SLICE#'),
  };
}

/** Attempt A puts the record and its answer is lost; attempt B finds it, and goes on with the same. */
async function open(
  store: Store,
  tables: Tables,
  record: BackfillRecord,
  get: BackfillLedger['getBackfill'],
): Promise<BackfillRecord> {
  const failed = await store.transact([
    {
      Put: {
        TableName: tables.runs,
        Item: backfillItem(record),
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
  ]);
  return failed.length === 0 ? record : ((await get(record.job, record.id)) ?? record);
}

async function closeOnce(
  store: Store,
  tables: Tables,
  { job, id }: { job: string; id: string },
  { status, counts, error, endedAt, outbox }: Parameters<BackfillLedger['closeBackfill']>[1],
): Promise<boolean> {
  // CloseBackfill and the sweeper may both come: one of them finds RUNNING, and its events alone are told.
  const failed = await store.transact([
    {
      Update: {
        TableName: tables.runs,
        Key: backfillKey(job, id),
        UpdateExpression:
          'SET #status = :status, statusKey = :statusKey, counts = :counts, #error = :error, endedAt = :endedAt',
        ConditionExpression: '#status = :running',
        ExpressionAttributeNames: { '#status': 'status', '#error': 'error' },
        ExpressionAttributeValues: {
          ':running': 'RUNNING' satisfies BackfillStatus,
          ':status': status,
          ':statusKey': backfillStatusKey(status),
          ':counts': counts,
          ':error': error,
          ':endedAt': endedAt,
        },
      },
    },
    ...outbox.map((record) => putOutbox(tables, record)),
  ]);
  return failed.length === 0;
}

/**
 * A BeginSlice is slow, its retry is quick, the run goes and ends, EndSlice writes `done`, and only now the first
 * one's `running` arrives: it is of the same try, which is over, and changes nothing. So does an EndSlice of try 1
 * that arrives behind the beginning of try 2.
 */
async function putSlice(
  store: Store,
  tables: Tables,
  id: string,
  record: BackfillSliceRecord,
): Promise<void> {
  const begins = record.state === 'running';
  await store.transact([
    {
      Put: {
        TableName: tables.runs,
        Item: { ...backfillSliceKey(id, record.n), ...record },
        ConditionExpression: `attribute_not_exists(pk) OR attempt ${begins ? '<' : '<='} :attempt`,
        ExpressionAttributeValues: { ':attempt': record.attempt },
      },
    },
  ]);
}

async function list(
  store: Store,
  tables: Tables,
  { job, status, limit = Number.POSITIVE_INFINITY }: Parameters<BackfillLedger['listBackfills']>[0],
): Promise<BackfillRecord[]> {
  const items =
    job === undefined ? await ofAll(store, tables, limit, status) : await ofJob(store, tables, job);
  return items
    .map((item) => readBackfill(item))
    .filter((record) => record !== null)
    .filter((record) => status === undefined || record.status === status)
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0))
    .slice(0, limit);
}

const ofJob = (store: Store, tables: Tables, job: string): Promise<Item[]> =>
  store.query({
    TableName: tables.runs,
    KeyConditions: below(jobKey(job), backfillPrefix),
    ConsistentRead: true,
  });

async function ofAll(store: Store, tables: Tables, limit: number, status?: BackfillStatus): Promise<Item[]> {
  const found = await Promise.all(
    (status === undefined ? statuses : [status]).map((each) =>
      store.query(
        {
          TableName: tables.runs,
          IndexName: runsIndexes.byStatus.name,
          KeyConditions: { statusKey: equals(backfillStatusKey(each)) },
          ScanIndexForward: false,
        },
        limit,
      ),
    ),
  );
  return found.flat();
}

/** Until somebody cancels it the item has no such attribute: `if_not_exists` takes a NULL for one that is there. */
const backfillItem = ({ cancelledAt, ...record }: BackfillRecord): Item => ({
  ...backfillKey(record.job, record.id),
  statusKey: backfillStatusKey(record.status),
  at: record.startedAt,
  ...record,
  ...(cancelledAt === null ? {} : { cancelledAt }),
});

function readBackfill(item: Item | null): BackfillRecord | null {
  if (item === null) return null;
  const { pk: _pk, sk: _sk, statusKey: _statusKey, at: _at, ...record } = item;
  return { ...record, cancelledAt: record.cancelledAt ?? null } as unknown as BackfillRecord;
}
