/** Slices whose data is erased on purpose. */
import type { ForgottenRecord, OutboxRecord, SliceRecord } from '../../core/ledger.ts';
import type { ForgottenLedger } from '../forgotten-ledger.ts';
import { below, equals } from './conditions.ts';
import { forgottenKey, forgottenPrefix, jobKey, sliceKey, type Tables } from './keys.ts';
import { putOutbox } from './outbox.ts';
import { readRun } from './runs.ts';
import type { Item, Store } from './store.ts';

export function forgottenVerbs(store: Store, tables: Tables): ForgottenLedger {
  return {
    runsOfSlice: async (job, slice) => {
      // Not by the index, which may lag behind: a run that it does not have yet would keep its data.
      const items = await store.query({
        ...recordsBelow(tables, job, 'RUN#'),
        QueryFilter: { slice: equals(slice) },
      });
      return items
        .map(readRun)
        .filter((run) => run !== null)
        .sort((a, b) => a.fence - b.fence);
    },
    forget: (seen, record, outbox) => forget(store, tables, seen, record, outbox),
    completeForgotten: async (record, doneAt) => {
      await store.update({
        TableName: tables.runs,
        Key: forgottenKey(record),
        UpdateExpression: 'SET doneAt = :doneAt',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':doneAt': doneAt },
      });
    },
    listForgotten: async (job, slice) =>
      (await store.query(recordsBelow(tables, job, forgottenPrefix(slice)))).map(readForgotten),
  };
}

const recordsBelow = (tables: Tables, job: string, prefix: string) => ({
  TableName: tables.runs,
  KeyConditions: below(jobKey(job), prefix),
  ConsistentRead: true,
});

/**
 * The command sees the slice free at fence 4. A run takes it (5), commits and releases it: the condition on the
 * fence fails, though nobody holds it, and what that run loaded is read of first. The other way round the slice is
 * at fence 5 without a committed run, the run that saw 4 does not get the lease, and the one that comes next has 6:
 * so a run's fence tells whether its data is what is being erased. From this write on nobody puts the partition
 * back: it is the committed run's, and there is none.
 */
async function forget(
  store: Store,
  tables: Tables,
  seen: SliceRecord,
  record: ForgottenRecord,
  outbox: OutboxRecord[],
): Promise<boolean> {
  const { job, slice, at, revision, fence } = record;
  const failed = await store.transact([
    {
      Update: {
        TableName: tables.slices,
        Key: sliceKey(job, slice),
        UpdateExpression: 'SET fence = :fence, forgotten = :forgotten REMOVE committed',
        ConditionExpression: 'attribute_not_exists(holder) AND fence = :seen',
        ExpressionAttributeValues: {
          ':fence': fence,
          ':seen': seen.fence,
          ':forgotten': { at, revision },
        },
      },
    },
    {
      Put: {
        TableName: tables.runs,
        Item: { ...forgottenKey(record), ...record },
        // A record is never written over: who asks in the same millisecond asks again.
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    ...outbox.map((each) => putOutbox(tables, each)),
  ]);
  if (failed.length === 0) return true;
  // Our own write, whose answer was lost, counts: the fence is one writer's alone.
  const own = await store.get(tables.runs, forgottenKey(record));
  return own !== null && readForgotten(own).fence === fence && readForgotten(own).by === record.by;
}

function readForgotten(item: Item): ForgottenRecord {
  const { pk: _pk, sk: _sk, ...record } = item;
  return record as unknown as ForgottenRecord;
}
