import { expect, test } from 'vitest';
import type { PeekedMessage } from '../../../aws/peek.ts';
import { deadLetters, deliveryFailure, failureOf, groupsOf } from '../../../cli/failures/dead-letters.ts';
import type { FailureRecord } from '../../../core/failure.ts';

const failure = (id: string): FailureRecord => ({
  ...{
    id,
    kind: 'run',
    job: 'orders',
    slice: '2026-03-01',
    runId: 'r1',
    attempts: 1,
    trace: null,
    pointer: null,
  },
  error: { name: 'CountMismatch', message: '3 and 4' },
  firstFailedAt: '2026-03-02T00:00:00.000Z',
  lastFailedAt: '2026-03-02T00:00:00.000Z',
});
const message = (id: string, body: string): PeekedMessage => ({
  ...{ id, body, sentAt: '2026-03-02T00:00:00.000Z', receives: 1, movedFrom: null, attributes: {} },
});
const write = JSON.stringify({
  taskToken: 'AQ-secret',
  run: { job: 'orders', runId: 'r1' },
  shard: { n: 7 },
  sink: 'lake',
});

const machinePrefix = 'arn:aws:states:eu-west-1:000000000000:stateMachine:forebay-local-';

test('each message is told to the failure that it belongs to', () => {
  expect(failureOf({ kind: 'job' }, message('m1', JSON.stringify(failure('orders/r1'))))).toBe('orders/r1');
  expect(failureOf({ kind: 'write' }, message('m2', write))).toBe('orders/r1/lake/7');
  expect(failureOf({ kind: 'delivery' }, message('m3', '{"id":"event"}'))).toBe('m3');
  expect(failureOf({ kind: 'write' }, message('m4', 'no JSON'))).toBeNull();
});

test('failures say whether their message was seen, queues how much they hold, and no task token gets out', async () => {
  const peeked: Record<string, PeekedMessage[]> = {
    job: [message('m1', JSON.stringify(failure('orders/r1')))],
    write: [message('m2', write)],
    delivery: [message('m3', '{}')],
  };
  const found = await deadLetters(
    {
      machinePrefix,
      listFailures: async () => [failure('orders/r1'), failure('orders/r2')],
      getFailure: async () => null,
      peek: async (url) => ({ approximateMessages: 3, messages: peeked[url] ?? [] }),
    },
    (['job', 'write', 'delivery'] as const).map((kind) => ({ kind, name: `${kind}-dlq`, url: kind })),
    {},
  );
  expect(found.failures.map(({ id, seen }) => [id, seen])).toEqual([
    ['orders/r1', true],
    ['orders/r2', false],
    ['m3', true],
  ]);
  expect(found.queues.map(({ approximateMessages }) => approximateMessages)).toEqual([3, 3, 3]);
  expect(found.messages.map(({ id, queue, failure }) => [id, queue, failure])).toEqual([
    ['m1', 'job-dlq', 'orders/r1'],
    ['m2', 'write-dlq', 'orders/r1/lake/7'],
    ['m3', 'delivery-dlq', 'm3'],
  ]);
  expect(JSON.stringify(found)).not.toContain('AQ-secret');
});

test('a delivery that was discarded is closed, whether or not its message is still there, and is listed once', async () => {
  const closed = { how: 'discarded' as const, at: '2026-03-02T01:00:00.000Z', by: 'ann', reason: 'too old' };
  const record = { ...failure('m1'), kind: 'delivery' as const, closed };
  const deps = {
    machinePrefix,
    listFailures: async (filter: { all?: boolean } = {}) => (filter.all ? [record] : []),
    getFailure: async (id: string) => (id === 'm1' ? record : null),
    peek: async () => ({ approximateMessages: 2, messages: [message('m1', '{}'), message('m2', '{}')] }),
  };
  const queues = [{ kind: 'delivery' as const, name: 'delivery-dlq', url: 'delivery' }];
  const listed = async (all?: true) =>
    (await deadLetters(deps, queues, { ...(all ? { all } : {}) })).failures.map((found) => [
      ...[found.id, found.closed?.how, found.seen],
    ]);
  expect(await listed()).toEqual([['m2', undefined, true]]);
  expect((await listed(true)).sort()).toEqual([
    ['m1', 'discarded', true],
    ['m2', undefined, true],
  ]);
});

test("of one job, other jobs' messages and deliveries are left out", async () => {
  const found = await deadLetters(
    {
      machinePrefix,
      listFailures: async (filter) => (filter?.job === 'orders' ? [failure('orders/r1')] : []),
      getFailure: async () => null,
      peek: async () => ({
        approximateMessages: 2,
        messages: [
          message('m1', JSON.stringify(failure('orders/r1'))),
          message('m2', JSON.stringify(failure('other/r1'))),
        ],
      }),
    },
    [{ kind: 'job', name: 'job-dlq', url: 'job' }],
    { job: 'orders' },
  );
  expect(found.messages.map(({ id }) => id)).toEqual(['m1']);
});

test('what was not delivered is a failure of the same shape: by what EventBridge and Scheduler say, or SQS', () => {
  const target = `${machinePrefix}orders`;
  const attributes = {
    ...{
      TARGET_ARN: target,
      ERROR_CODE: 'NO_PERMISSIONS',
      ERROR_MESSAGE: 'not allowed',
      RETRY_ATTEMPTS: '3',
    },
  };
  const scheduled = { ...message('m1', '{}'), attributes };
  const at = '2026-03-02T00:00:00.000Z';
  const common = { kind: 'delivery', slice: '', runId: '', firstFailedAt: at, lastFailedAt: at, trace: null };
  expect(deliveryFailure(scheduled, {}, machinePrefix)).toEqual({
    ...{ ...common, id: 'm1', job: 'orders', attempts: 4, pointer: target },
    error: { name: 'NO_PERMISSIONS', message: 'not allowed' },
  });
  const queue = 'arn:aws:sqs:eu-west-1:000000000000:triggers';
  const moved = { ...message('m2', '{}'), movedFrom: queue, receives: 4 };
  expect(deliveryFailure(moved, { job: 'products' }, machinePrefix)).toMatchObject({
    ...{ id: 'm2', job: 'products', pointer: queue, attempts: 1 },
    error: {
      name: 'Undelivered',
      message: 'received 4 times without success; the log of the function Trigger of job products says why',
    },
  });
});

test('failures are grouped by error and kind, the most frequent first, with the oldest of each', () => {
  const failed = (id: string, name: string, firstFailedAt: string): FailureRecord => ({
    ...{ ...failure(id), job: id.slice(0, id.indexOf('/')), error: { name, message: '' }, firstFailedAt },
  });
  const groups = groupsOf([
    failed('orders/r1', 'AccessDenied', '2026-03-02T00:00:00.000Z'),
    failed('orders/r2', 'CountMismatch', '2026-03-01T00:00:00.000Z'),
    failed('products/r1', 'CountMismatch', '2026-03-03T00:00:00.000Z'),
    { ...failed('orders/r2/lake/1', 'CountMismatch', '2026-03-01T00:00:00.000Z'), kind: 'write' },
  ]);
  expect(groups).toEqual([
    {
      ...{ error: 'CountMismatch', kind: 'run', count: 2, jobs: ['orders', 'products'] },
      oldest: '2026-03-01T00:00:00.000Z',
    },
    { error: 'AccessDenied', kind: 'run', count: 1, jobs: ['orders'], oldest: '2026-03-02T00:00:00.000Z' },
    { error: 'CountMismatch', kind: 'write', count: 1, jobs: ['orders'], oldest: '2026-03-01T00:00:00.000Z' },
  ]);
});
