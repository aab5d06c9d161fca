/** What asks for runs of slices, and the pause that keeps it from starting them. All of it is in the slices table. */
import { createHash } from 'node:crypto';
import type { Pause, TriggerRecord } from '../../core/ledger.ts';
import { expiryAttribute } from '../../core/ledger-schema.ts';
import type { TriggerVerbs } from '../trigger-verbs.ts';
import { below } from './conditions.ts';
import { jobKey, pauseKey, type Tables } from './keys.ts';
import type { Item, Store } from './store.ts';

const triggerKey = (job: string, slice: string) => ({ pk: jobKey(job), sk: `TRIGGER#${slice}` });
const arrivedKey = (job: string, slice: string, key: string) => ({
  pk: jobKey(job),
  sk: `ARRIVED#${slice}#${createHash('sha256').update(key).digest('hex')}`,
});

export function triggerVerbs(store: Store, tables: Tables): TriggerVerbs {
  const TableName = tables.slices;
  /** Changes the record, or makes it; `null`: the condition did not hold. */
  const change = async (
    job: string,
    slice: string,
    expression: string,
    values: Item,
    condition?: string,
  ): Promise<TriggerRecord | null> => {
    const item = await store.update({
      TableName,
      Key: triggerKey(job, slice),
      UpdateExpression: `SET #job = :job, slice = :slice${expression}`,
      ...(condition === undefined ? {} : { ConditionExpression: condition }),
      ExpressionAttributeNames: { '#job': 'job', ...names(`${expression} ${condition ?? ''}`) },
      ExpressionAttributeValues: { ':job': job, ':slice': slice, ...values },
    });
    return item === null ? null : readTrigger(item);
  };
  return {
    countArrival: async (job, slice) => {
      const expression = ', #count = if_not_exists(#count, :none) + :one';
      const record = await change(job, slice, expression, { ':none': 0, ':one': 1 });
      return record?.count ?? 0;
    },
    // A further file counts the record on: then the message of the count before it is that of nobody any more.
    setDue: (job, slice, count) =>
      change(job, slice, ', due = :count', { ':count': count }, '#count = :count'),
    setStarted: async (job, slice, count) => {
      // A repeat of an earlier message comes behind a later one, and must not take back what that has noted.
      const condition = 'attribute_not_exists(started) OR started < :count';
      await change(job, slice, ', started = :count', { ':count': count }, condition);
    },
    setAfter: async (job, slice, runId) => {
      const [expression, values] = runId === null ? ['', {}] : [', #after = :runId', { ':runId': runId }];
      return (await change(job, slice, expression, values)) ?? emptyTrigger(job, slice);
    },
    setAfterStarted: async (job, slice, runId) => {
      await change(job, slice, ', afterStarted = :runId', { ':runId': runId });
    },
    listTriggers: async (job) => {
      const items = await store.query({
        TableName,
        KeyConditions: below(jobKey(job), 'TRIGGER#'),
        ConsistentRead: true,
      });
      return items.map(readTrigger);
    },
    ...arrivedVerbs(store, TableName),
    getPause: async (job) => readPause(await store.get(TableName, pauseKey(job))),
    putPause: async (job, pause) => store.put(TableName, { ...pauseKey(job), ...pause }),
    removePause: async (job) => readPause(await store.remove(TableName, pauseKey(job))),
  };
}

/** `count` and `after` are words that DynamoDB keeps for itself. */
const names = (expression: string): Record<string, string> =>
  Object.fromEntries([...expression.matchAll(/#(\w+)/g)].map(([name, word]) => [name, word ?? '']));

function arrivedVerbs(store: Store, TableName: string): Pick<TriggerVerbs, 'getArrived' | 'setArrived'> {
  return {
    getArrived: async (job, slice, key) => {
      const item = await store.get(TableName, arrivedKey(job, slice, key));
      return item === null ? null : String(item.sequence);
    },
    setArrived: async (job, slice, key, sequence, expiresAt) => {
      // Two notices of one key are taken at the same moment: whichever writes last, the later event stays.
      await store.update({
        TableName,
        Key: arrivedKey(job, slice, key),
        UpdateExpression: 'SET #sequence = :sequence, #expires = :expires',
        ConditionExpression: 'attribute_not_exists(#sequence) OR #sequence < :sequence',
        ExpressionAttributeNames: { '#sequence': 'sequence', '#expires': expiryAttribute },
        ExpressionAttributeValues: { ':sequence': sequence, ':expires': expiresAt },
      });
    },
  };
}

export const emptyTrigger = (job: string, slice: string): TriggerRecord => ({
  ...{ job, slice, count: 0, due: 0, started: 0, after: null, afterStarted: null },
});

function readTrigger(item: Item): TriggerRecord {
  const { pk: _pk, sk: _sk, ...record } = item;
  return { ...emptyTrigger(String(item.job), String(item.slice)), ...record } as TriggerRecord;
}

function readPause(item: Item | null): Pause | null {
  if (item === null) return null;
  const { pk: _pk, sk: _sk, ...pause } = item;
  return pause as unknown as Pause;
}
