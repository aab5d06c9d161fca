import { expect, test } from 'vitest';
import { closeRun } from '../../../tasks/close-run/close-run.ts';
import { eventProblems } from '../../support/events.ts';
import { arnOf, begin, events, held, load, newWorld } from '../../support/world.ts';

const manual = { trigger: 'manual' as const, slice: '2026-03-01' };
const scheduled = (scheduledTime: string) => ({ trigger: 'schedule' as const, scheduledTime });

test.each([
  ['COMPLETED', 'JobCompleted'],
  ['PARTIAL', 'JobPartial'],
] as const)('a run committed as %s is closed so, and says %s', async (commitAs, eventType) => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  await load(world, run, commitAs);
  expect(await closeRun(world.deps, run)).toEqual({
    runId: 'r1',
    job: 'orders',
    slice: '2026-03-01',
    status: commitAs,
  });
  expect(await world.ledger.getRun('orders', 'r1')).toMatchObject({
    status: commitAs,
    endedAt: '2026-03-02T12:00:00.000Z',
  });
  expect(await world.ledger.getSlice('orders', '2026-03-01')).toMatchObject({
    holder: null,
    mark: null,
    committed: { runId: 'r1', revision: 1, loaded: { digest: 'r1', count: 1 } },
  });
  expect(events(world)).toMatchObject([
    {
      type: eventType,
      runId: 'r1',
      data: {
        status: commitAs,
        slice: '2026-03-01',
        revision: 1,
        counts: { read: 10, written: 10, rejected: 0, filtered: 0, repeatedKeys: 0 },
        manifest: { bucket: 'ops', key: 'manifests/orders/r1.json' },
        table: { database: 'forebay_local', name: 'orders' },
      },
    },
  ]);
  expect(eventProblems(eventType, JSON.parse(world.sent[0]?.body ?? ''))).toEqual([]);
  expect(await world.ledger.pendingOutbox()).toEqual([]);
});

test("a run that rejected records tells its feed's owner by code, as Settle counted them where it did", async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  const shard = { status: 'done' as const, filtered: 0, batch: null, error: null, trace: null };
  await world.ledger.putShard('r1', { n: 0, rejected: 1, rejectsByCode: { CastFailed: 1 }, ...shard });
  await world.ledger.putShard('r1', { n: 1, rejected: 0, rejectsByCode: {}, ...shard });
  const settled = { n: 0, rejected: 3, rejectsByCode: { CastFailed: 1, RepeatedKey: 2 }, ...shard };
  await world.ledger.putSettled('r1', settled);
  const { counts } = world;
  Object.assign(counts, { written: 7, rejected: 3 });
  await load(world, run, 'PARTIAL');
  await closeRun(world.deps, run);
  expect(events(world).map(({ type }) => type)).toEqual(['JobPartial', 'ContractViolated']);
  const detail = JSON.parse(world.sent[1]?.body ?? '');
  expect(eventProblems('ContractViolated', detail)).toEqual([]);
  expect(detail.data).toMatchObject({
    ...{ status: 'PARTIAL', error: null, violations: { CastFailed: 1, RepeatedKey: 2 } },
    rejects: { bucket: 'ops', prefix: 'rejects/orders/r1/' },
  });
});

test('a run that found nothing new is closed as skipped, without an event', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  expect(await closeRun(world.deps, run)).toMatchObject({ status: 'SKIPPED' });
  expect(await world.ledger.getSlice('orders', '2026-03-01')).toMatchObject({
    holder: null,
    committed: null,
  });
  expect(world.sent).toEqual([]);
});

test('the marked run is started by whoever closes the holder, and takes the slice', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  const busy = await begin(world, 'r2', { ...manual, force: true });
  if (busy.outcome !== 'busy') throw new Error('r1 does not hold');
  await closeRun(world.deps, run);
  expect(world.started).toEqual([
    { runId: busy.markedRunId, request: { trigger: 'mark', slice: '2026-03-01', force: true } },
  ]);
  await held(world, busy.markedRunId ?? '', world.started[0]?.request ?? manual);
  expect((await world.ledger.getSlice('orders', '2026-03-01'))?.mark).toBeNull();
});

test('a run that is not in the ledger cannot be closed', async () => {
  await expect(closeRun(newWorld().deps, { job: 'orders', runId: 'r9' })).rejects.toMatchObject({
    name: 'RunFenced',
  });
});

test('F33 the cursor only grows: an earlier slice that is loaded late closes without it', async () => {
  const world = newWorld();
  for (const [runId, time] of [
    ['r2', '2026-03-03T01:15:00Z'],
    ['r1', '2026-03-02T01:15:00Z'],
  ] as const) {
    const run = await held(world, runId, scheduled(time));
    await load(world, run);
    await closeRun(world.deps, run);
  }
  expect(await world.ledger.getCursor('orders')).toEqual({ slice: '2026-03-02', runId: 'r2' });
  expect((await world.ledger.getSlice('orders', '2026-03-01'))?.committed?.runId).toBe('r1');
});

test('F33 a run started by hand does not move the cursor', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  await load(world, run);
  await closeRun(world.deps, run);
  expect(await world.ledger.getCursor('orders')).toBeNull();
});

test('F08 a crash between the transaction and the event: the repeat sends it, with the same id', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  await load(world, run);
  world.crash('send', 'before');
  await expect(closeRun(world.deps, run)).rejects.toThrow('before send');
  expect(events(world)).toEqual([]);
  const pending = await world.ledger.pendingOutbox();
  await closeRun(world.deps, run);
  expect(events(world).map(({ id }) => id)).toEqual(pending.map(({ id }) => id));
  expect(pending).toHaveLength(1);
});

test('F09 a crash between the event and its mark: a duplicate with the same id', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  await load(world, run);
  world.crash('markSent', 'before');
  await expect(closeRun(world.deps, run)).rejects.toThrow('before markSent');
  await closeRun(world.deps, run);
  expect(events(world)).toHaveLength(2);
  expect(new Set(events(world).map(({ id }) => id)).size).toBe(1);
  expect(new Set(world.sent.map(({ body }) => body)).size).toBe(1);
});

test('F10 the transaction took effect though its answer was lost: the repeat sees it closed', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  await load(world, run);
  world.crash('closeCommitted', 'after');
  await expect(closeRun(world.deps, run)).rejects.toThrow('after closeCommitted');
  expect(await closeRun(world.deps, run)).toMatchObject({ status: 'COMPLETED' });
  expect(events(world)).toHaveLength(1);
});

test('F19 an old CloseRun that wakes up behind a takeover changes nothing of the new holder', async () => {
  const world = newWorld();
  const old = await held(world, 'r1', manual);
  await closeRun(world.deps, old);
  const next = await held(world, 'r2', manual);
  expect(await closeRun(world.deps, old)).toMatchObject({ status: 'SKIPPED' });
  expect(await world.ledger.getSlice('orders', '2026-03-01')).toMatchObject({
    holder: { runId: 'r2', executionArn: arnOf('r2') },
    fence: next.fence,
  });
});
