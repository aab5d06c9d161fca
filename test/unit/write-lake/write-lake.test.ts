import { beforeEach, expect, test } from 'vitest';
import type { Ledger } from '../../../aws/interfaces.ts';
import type { ErrorRecord } from '../../../core/errors.ts';
import type { RunRecord } from '../../../core/ledger.ts';
import { partKey } from '../../../core/storage.ts';
import { runRef } from '../../../tasks/run-ref.ts';
import type { WriteMessage } from '../../../tasks/write-lake/contract.ts';
import { receiveBatch, type WriteLakeDeps, writeLake } from '../../../tasks/write-lake/write-lake.ts';
import { memoryLedger } from '../../support/memory-ledger.ts';
import { untraced } from '../../support/nothing-before.ts';

const sha256 = 'c'.repeat(64);
let ledger: Ledger;
let run: RunRecord;
let told: Array<{ token: string; error?: ErrorRecord }>;
let copies: string[];

beforeEach(async () => {
  ledger = memoryLedger();
  told = [];
  copies = [];
  const startedAt = '2026-03-02T00:00:00.000Z';
  const identity = {
    job: 'orders',
    jobVersion: 'a'.repeat(64),
    runId: 'r1',
    slice: '2026-03-01',
    executionArn: 'arn:r1',
  };
  const acquired = await ledger.acquire(null, {
    ...identity,
    trigger: 'manual',
    force: false,
    time: startedAt,
    startedAt,
  });
  if (acquired === null) throw new Error('held');
  run = acquired;
});

function deps(overrides: Partial<WriteLakeDeps> = {}): WriteLakeDeps {
  return {
    ...{ ...ledger, ...untraced },
    copy: async (_from, to) => {
      copies.push(to.key);
      return { sha256 };
    },
    readFooter: async () => ({ rows: 5, bytes: 100 }),
    succeedTask: async (token) => {
      told.push({ token });
      return 'accepted';
    },
    failTask: async (token, error) => {
      told.push({ token, error });
      return 'accepted';
    },
    now: () => new Date('2026-03-02T00:00:01Z'),
    lakeBucket: 'lake',
    maxReceives: 5,
    ...overrides,
  };
}

const message = (): WriteMessage => ({
  ...{ schemaVersion: 1, taskToken: 'token', run: runRef(run), shard: { n: 3 }, sink: 'lake', major: 1 },
  batch: { bucket: 'ops', key: 'staging/orders/r1/batches/3.parquet', rows: 5, bytes: 100, sha256 },
});

const receive = (with_: WriteLakeDeps, body: string, times: number) =>
  receiveBatch(
    () => with_,
    [{ id: 'm1', body, receive: times }],
    ({ message: read, receive: n }) => writeLake(with_, read, n),
  );

test("a batch goes into the run's own prefix, and its rows are those that the footer has", async () => {
  await writeLake(deps({ readFooter: async () => ({ rows: 4, bytes: 99 }) }), message(), 1);
  const [sink] = await ledger.listSinks('r1', 'lake');
  expect(sink).toMatchObject({
    n: 3,
    status: 'done',
    rows: 4,
    bytes: 99,
    sha256,
    key: partKey('orders', '2026-03-01', 'r1', 3),
  });
  expect(sink?.trace).toMatchObject({ attempt: 1, metrics: { rows: 4, bytes: 99 } });
  expect(told).toEqual([{ token: 'token' }]);
});

test('F06 F18 a redelivery writes the same object and the same record', async () => {
  await writeLake(deps(), message(), 1);
  const before = await ledger.listSinks('r1', 'lake');
  await writeLake(deps({ succeedTask: async () => 'gone' }), message(), 1);
  expect(await ledger.listSinks('r1', 'lake')).toEqual(before);
  expect(new Set(copies).size).toBe(1);
});

test('F22 a message that outlived its run is acknowledged, and changes nothing', async () => {
  await ledger.closeSkipped(run, { endedAt: '2026-03-02T00:00:30.000Z' });
  expect(await receive(deps(), JSON.stringify(message()), 1)).toEqual({ batchItemFailures: [] });
  expect(copies).toEqual([]);
  expect(await ledger.listSinks('r1', 'lake')).toEqual([]);
});

test('a copy with another sha256 is a failure: a record with its reason, and the message comes again', async () => {
  const wrong = deps({ copy: async () => ({ sha256: 'd'.repeat(64) }) });
  expect(await receive(wrong, JSON.stringify(message()), 2)).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm1' }],
  });
  expect(await ledger.listFailures({ job: 'orders' })).toMatchObject([
    {
      id: 'orders/r1/lake/3',
      kind: 'write',
      shard: 3,
      sink: 'lake',
      attempts: 2,
      error: { name: 'ChecksumMismatch' },
    },
  ]);
  expect(told).toEqual([]);
});

test('F38 at the last receive the waiting state is told why, and the message goes to the DLQ', async () => {
  const failing = deps({
    copy: async () => Promise.reject(Object.assign(new Error('x'), { name: 'AccessDenied', $metadata: {} })),
  });
  expect(await receive(failing, JSON.stringify(message()), 5)).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm1' }],
  });
  expect(told).toEqual([{ token: 'token', error: { name: 'AccessDenied', message: 'x' } }]);
});

test.each(['', 'no JSON', '{}', JSON.stringify({ schemaVersion: 2 })])(
  'a message that is none of ours (%j) is not acknowledged',
  async (body) => {
    expect(await receive(deps(), body, 1)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(copies).toEqual([]);
  },
);
