import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, test, vi } from 'vitest';
import { store } from '../../../aws/ledger/store.ts';

/** A client that gives these answers in turn, the last one for ever. */
function client(...answers: Array<object | Error>) {
  const sent: unknown[] = [];
  const send = async (command: { input: unknown }) => {
    const answer = answers[Math.min(sent.length, answers.length - 1)];
    sent.push(command.input);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { sent, store: store({ send } as unknown as DynamoDBDocumentClient) };
}

const named = (name: string, more: object = {}) => Object.assign(new Error(name), { name, ...more });
const canceled = (...codes: string[]) =>
  named('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });
const write = { Put: { TableName: 't', Item: { pk: 'a', sk: 'b' } } };
const update = { TableName: 't', Key: { pk: 'a', sk: 'b' } };

const withoutWaiting = () => vi.spyOn(Math, 'random').mockReturnValue(0);

test('a cancelled transaction names the writes whose condition did not hold', async () => {
  const { store, sent } = client(
    canceled('None', 'ConditionalCheckFailed', 'None', 'ConditionalCheckFailed'),
  );
  expect(await store.transact([write, write, write, write])).toEqual([1, 3]);
  expect(sent).toHaveLength(1);
});

test('a failed condition is final even where another write met a conflict', async () => {
  const { store, sent } = client(canceled('TransactionConflict', 'ConditionalCheckFailed'));
  expect(await store.transact([write, write])).toEqual([1]);
  expect(sent).toHaveLength(1);
});

test.each([
  ['a conflict', canceled('None', 'TransactionConflict')],
  ['throttling', canceled('ThrottlingError', 'None')],
  ['a table at its limit', canceled('ProvisionedThroughputExceeded', 'None')],
  ['its own first sending', named('TransactionInProgressException')],
])('F24 a transaction that met %s is sent again', async (_what, error) => {
  withoutWaiting();
  const { store, sent } = client(error, error, {});
  expect(await store.transact([write, write])).toEqual([]);
  expect(sent).toHaveLength(3);
});

test.each([
  ['LedgerConflict', canceled('TransactionConflict')],
  ['Throttled', canceled('ThrottlingError')],
])('F24 what does not end is a transient %s, after eight attempts', async (name, error) => {
  withoutWaiting();
  const { store, sent } = client(error);
  await expect(store.transact([write])).rejects.toMatchObject({ name, persistence: 'transient' });
  expect(sent).toHaveLength(8);
});

test('a transaction that was cancelled for another reason is an error', async () => {
  const { store, sent } = client(canceled('ValidationError'));
  await expect(store.transact([write])).rejects.toMatchObject({ name: 'TransactionCanceledException' });
  expect(sent).toHaveLength(1);
});

test('an update whose condition does not hold is null, one that met a transaction is sent again', async () => {
  withoutWaiting();
  const refused = client(named('ConditionalCheckFailedException'));
  expect(await refused.store.update(update)).toBeNull();
  const met = client(named('TransactionConflictException'), { Attributes: { a: 1 } });
  expect(await met.store.update(update)).toEqual({ a: 1 });
  expect(met.sent).toHaveLength(2);
});

test('a query goes on while there is a next page, and stops at its limit', async () => {
  const page = (n: number) => ({ Items: [{ n }], LastEvaluatedKey: { pk: n } });
  const all = client(page(1), page(2), { Items: [{ n: 3 }] });
  expect(await all.store.query({ TableName: 't' })).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(all.sent[2]).toMatchObject({ ExclusiveStartKey: { pk: 2 } });
  const some = client(page(1), page(2), page(3));
  expect(await some.store.query({ TableName: 't' }, 2)).toEqual([{ n: 1 }, { n: 2 }]);
  expect(some.sent).toHaveLength(2);
});

test('all reads of single items are strongly consistent', async () => {
  const { store, sent } = client({ Item: { pk: 'a' } }, {});
  expect(await store.get('t', { pk: 'a' })).toEqual({ pk: 'a' });
  expect(await store.get('t', { pk: 'b' })).toBeNull();
  expect(sent).toEqual([
    expect.objectContaining({ ConsistentRead: true }),
    expect.objectContaining({ ConsistentRead: true }),
  ]);
});
