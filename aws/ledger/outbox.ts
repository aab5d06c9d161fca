/** What must be sent because of what a transaction wrote; what was sent is kept, so that it can be sent again. */
import type { OutboxRecord } from '../../core/ledger.ts';
import { runsIndexes } from '../../core/ledger-schema.ts';
import type { Ledger } from '../interfaces.ts';
import { below, equals, isBetween } from './conditions.ts';
import type { Tables } from './keys.ts';
import { jobKey, outboxKey, outboxPending, outboxPrefix, outboxSent } from './keys.ts';
import type { Item, Store, Write } from './store.ts';

type OutboxVerbs = 'pendingOutbox' | 'markSent' | 'listSent';

export function outboxVerbs(store: Store, tables: Tables): Pick<Ledger, OutboxVerbs> {
  return {
    pendingOutbox: async (run) => (await pending(store, tables, run)).map(readOutbox),
    markSent: async (record) => {
      await store.update({
        TableName: tables.runs,
        Key: outboxKey(record.job, record.runId, record.id),
        UpdateExpression: 'SET statusKey = :sent',
        ExpressionAttributeValues: { ':sent': outboxSent },
      });
    },
    listSent: async ({ from, to }) => {
      const items = await store.query({
        TableName: tables.runs,
        IndexName: runsIndexes.byStatus.name,
        KeyConditions: { statusKey: equals(outboxSent), at: isBetween(from, to) },
        QueryFilter: { target: equals('bus') },
      });
      return items.map(readOutbox).filter(({ createdAt }) => createdAt < to);
    },
  };
}

export const putOutbox = (tables: Tables, record: OutboxRecord): Write => ({
  Put: {
    TableName: tables.runs,
    Item: {
      ...outboxKey(record.job, record.runId, record.id),
      statusKey: outboxPending,
      at: record.createdAt,
      ...record,
    },
  },
});

/** Of one run: consistent, from the table. Of all: from the index, which may lag a moment behind. */
function pending(store: Store, tables: Tables, run?: { job: string; runId: string }): Promise<Item[]> {
  if (run === undefined) {
    return store.query({
      TableName: tables.runs,
      IndexName: runsIndexes.byStatus.name,
      KeyConditions: { statusKey: equals(outboxPending) },
    });
  }
  return store.query({
    TableName: tables.runs,
    KeyConditions: below(jobKey(run.job), outboxPrefix(run.runId)),
    QueryFilter: { statusKey: equals(outboxPending) },
    ConsistentRead: true,
  });
}

function readOutbox(item: Item): OutboxRecord {
  const { pk: _pk, sk: _sk, statusKey: _statusKey, at: _at, ...record } = item;
  return record as unknown as OutboxRecord;
}
