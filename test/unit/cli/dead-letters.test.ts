import { expect, test } from 'vitest';
import type { PeekedMessage } from '../../../aws/peek.ts';
import { deadLetters, failureOf } from '../../../cli/dead-letters.ts';
import type { FailureRecord } from '../../../core/ledger.ts';

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
  ...{ id, body, sentAt: '2026-03-02T00:00:00.000Z', receives: 1, attributes: {} },
});
const write = JSON.stringify({
  taskToken: 'AQ-secret',
  run: { job: 'orders', runId: 'r1' },
  shard: { n: 7 },
  sink: 'lake',
});

test('each message is told to the failure that it belongs to', () => {
  expect(failureOf({ kind: 'job' }, JSON.stringify(failure('orders/r1')))).toBe('orders/r1');
  expect(failureOf({ kind: 'write' }, write)).toBe('orders/r1/lake/7');
  expect(failureOf({ kind: 'delivery' }, '{"id":"event"}')).toBeNull();
  expect(failureOf({ kind: 'write' }, 'no JSON')).toBeNull();
});

test('failures say whether their message was seen, queues how much they hold, and no task token gets out', async () => {
  const peeked: Record<string, PeekedMessage[]> = {
    job: [message('m1', JSON.stringify(failure('orders/r1')))],
    write: [message('m2', write)],
    delivery: [message('m3', '{}')],
  };
  const found = await deadLetters(
    {
      listFailures: async () => [failure('orders/r1'), failure('orders/r2')],
      peek: async (url) => ({ approximateMessages: 3, messages: peeked[url] ?? [] }),
    },
    (['job', 'write', 'delivery'] as const).map((kind) => ({ kind, name: `${kind}-dlq`, url: kind })),
    {},
  );
  expect(found.failures.map(({ id, seen }) => [id, seen])).toEqual([
    ['orders/r1', true],
    ['orders/r2', false],
  ]);
  expect(found.queues.map(({ approximateMessages }) => approximateMessages)).toEqual([3, 3, 3]);
  expect(found.messages.map(({ id, queue, failure }) => [id, queue, failure])).toEqual([
    ['m1', 'job-dlq', 'orders/r1'],
    ['m2', 'write-dlq', 'orders/r1/lake/7'],
    ['m3', 'delivery-dlq', null],
  ]);
  expect(JSON.stringify(found)).not.toContain('AQ-secret');
});

test("of one job, other jobs' messages and deliveries are left out", async () => {
  const found = await deadLetters(
    {
      listFailures: async () => [],
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
