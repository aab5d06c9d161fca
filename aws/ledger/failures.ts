/** Failures: recorded by who failed, listed, taken for a redrive, closed. */
import { type FailureClose, type FailureRecord, jobOfFailure, type RedriveLock } from '../../core/failure.ts';
import { runsIndexes } from '../../core/ledger-schema.ts';
import type { Ledger } from '../interfaces.ts';
import { below, equals, isIn } from './conditions.ts';
import { failureClosed, failureKey, failureOpen, jobKey, type Tables } from './keys.ts';
import type { Item, Store, Write } from './store.ts';

type FailureVerbs = 'putFailure' | 'listFailures' | 'getFailure' | 'closeFailure' | 'lockFailure';

export function failureVerbs(store: Store, tables: Tables): Pick<Ledger, FailureVerbs> {
  return {
    putFailure: (record) => renewFailure(store, tables, record),
    listFailures: async ({ job, all } = {}) => {
      const kinds = all ? [failureOpen, failureClosed] : [failureOpen];
      const items = job === undefined ? byStatus(store, tables, kinds) : ofJob(store, tables, job, kinds);
      return (await items).map(readFailure);
    },
    getFailure: async (id) => {
      const item = await store.get(tables.runs, keyOf(id));
      return item === null ? null : readFailure(item);
    },
    closeFailure: async (id, close) => (await store.update(closing(tables, id, close))) !== null,
    lockFailure: (seen, lock) => lockFailure(store, tables, seen, lock),
  };
}

const keyOf = (id: string) => failureKey(jobOfFailure(id), id);

/** Of a run that fails once, in the transaction that says so. */
export const putFailure = (tables: Tables, record: FailureRecord): Write => ({
  Put: {
    TableName: tables.runs,
    Item: { ...keyOf(record.id), statusKey: failureOpen, at: record.lastFailedAt, ...record },
  },
});

/** The failure that this one follows is closed with it: of one slice's failed attempts one is open. */
export const closeFollowed = (tables: Tables, { id, follows = '', lastFailedAt }: FailureRecord): Write => ({
  Update: closing(tables, follows, {
    ...{ how: 'failed-again', at: lastFailedAt, by: 'forebay' },
    reason: `its slice failed again: ${id}`,
  }),
});

/** Who closes it second, or discards what is being redriven to its end, changes nothing: the first word stays. */
const closing = (tables: Tables, id: string, close: FailureClose) => ({
  TableName: tables.runs,
  Key: keyOf(id),
  UpdateExpression: 'SET statusKey = :statusKey, closed = :close',
  ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(closed)',
  ExpressionAttributeValues: { ':statusKey': failureClosed, ':close': close },
});

/**
 * A and B both read a failure that was redriven once. A takes it for redrive 2 and starts its execution. B's condition
 * (one redrive, open) fails, also if A's execution has ended by then: B reads again, and sees what came of it.
 */
async function lockFailure(
  store: Store,
  tables: Tables,
  seen: FailureRecord,
  lock: RedriveLock,
): Promise<FailureRecord | null> {
  const unchanged = seen.redrives === undefined ? 'attribute_not_exists(redrives)' : 'redrives = :seen';
  const item = await store.update({
    TableName: tables.runs,
    Key: keyOf(seen.id),
    UpdateExpression: 'SET redrives = :next, redrive = :lock',
    ConditionExpression: `attribute_exists(pk) AND attribute_not_exists(closed) AND ${unchanged}`,
    ExpressionAttributeValues: {
      ':next': (seen.redrives ?? 0) + 1,
      ':lock': lock,
      ...(seen.redrives === undefined ? {} : { ':seen': seen.redrives }),
    },
  });
  return item === null ? null : readFailure(item);
}

async function renewFailure(store: Store, tables: Tables, record: FailureRecord): Promise<void> {
  const { firstFailedAt, ...rest } = record;
  const set: Item = { statusKey: failureOpen, at: record.lastFailedAt, ...rest };
  const names = Object.keys(set).filter((name) => set[name] !== undefined);
  const reopened = record.closed === undefined ? ' REMOVE closed' : '';
  await store.update({
    TableName: tables.runs,
    Key: keyOf(record.id),
    UpdateExpression: `SET #first = if_not_exists(#first, :first)${names.map((n) => `, #${n} = :${n}`).join('')}${reopened}`,
    ExpressionAttributeNames: {
      '#first': 'firstFailedAt',
      ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
    },
    ExpressionAttributeValues: {
      ':first': firstFailedAt,
      ...Object.fromEntries(names.map((name) => [`:${name}`, set[name]])),
    },
  });
}

const ofJob = (store: Store, tables: Tables, job: string, kinds: string[]): Promise<Item[]> =>
  store.query({
    TableName: tables.runs,
    KeyConditions: below(jobKey(job), 'FAILURE#'),
    QueryFilter: { statusKey: isIn(...kinds) },
    ConsistentRead: true,
  });

async function byStatus(store: Store, tables: Tables, kinds: string[]): Promise<Item[]> {
  const found = await Promise.all(
    kinds.map((kind) =>
      store.query({
        TableName: tables.runs,
        IndexName: runsIndexes.byStatus.name,
        KeyConditions: { statusKey: equals(kind) },
      }),
    ),
  );
  return found.flat();
}

function readFailure(item: Item): FailureRecord {
  const { pk: _pk, sk: _sk, statusKey: _statusKey, at: _at, ...record } = item;
  return record as unknown as FailureRecord;
}
