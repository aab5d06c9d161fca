import { expect, test } from 'vitest';
import { closeRun } from '../../../tasks/close-run/close-run.ts';
import { backfillOfExecution, runOfExecution } from '../../../tasks/sweep/executions.ts';
import { sweep } from '../../../tasks/sweep/sweep.ts';
import { arnOf, begin, end, events, held, load, newWorld, type World } from '../../support/world.ts';

const manual = { trigger: 'manual' as const, slice: '2026-03-01' };
const nothing = {
  ...{ failed: 0, rolledForward: 0, sent: 0, repaired: 0, started: 0 },
  ...{ backfills: 0, caughtUp: 0 },
};
const later = (world: World, seconds: number) => {
  world.now = new Date(world.now.getTime() + seconds * 1000);
};
const status = async (world: World, runId: string) => (await world.ledger.getRun('orders', runId))?.status;

test('F14 a run that was stopped, with its status event lost too, becomes FAILED, once', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  end(world, 'r1', { Error: 'States.Timeout', Cause: '' });
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual({ ...nothing, failed: 1 });
  expect(await status(world, 'r1')).toBe('FAILED');
  expect(events(world)).toMatchObject([{ type: 'JobFailed', data: { error: { name: 'States.Timeout' } } }]);
  expect(world.sent.filter(({ target }) => target === 'job-dlq')).toHaveLength(1);
  later(world, 600);
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual(nothing);
  expect(world.sent).toHaveLength(2);
});

test('F35 the status event of a stopped execution fails its run and frees its slice', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  end(world, 'r1');
  const input = { detail: { executionArn: arnOf('r1'), status: 'ABORTED' } };
  expect(await sweep(world.deps, input)).toEqual({ ...nothing, failed: 1 });
  expect(await world.ledger.getRun('orders', 'r1')).toMatchObject({
    status: 'FAILED',
    error: { name: 'ExecutionEnded' },
  });
  expect((await world.ledger.getSlice('orders', '2026-03-01'))?.holder).toBeNull();
});

test('the same status event twice, and one of a run that is closed already, do nothing more', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  end(world, 'r1');
  const input = { detail: { executionArn: arnOf('r1'), status: 'ABORTED' } };
  await sweep(world.deps, input);
  expect(await sweep(world.deps, input)).toEqual(nothing);
  expect(world.sent).toHaveLength(2);
});

test.each([
  ['of a Map child', `${arnOf('r1').replace('orders:', 'orders/Shards:')}`],
  ['of another machine', 'arn:aws:states:eu-west-1:000000000000:execution:theirs:r1'],
  ['of a run that the ledger does not know', arnOf('r9')],
])('a status event %s is ignored', async (_what, executionArn) => {
  const world = newWorld();
  await held(world, 'r1', manual);
  end(world, 'r1');
  expect(await sweep(world.deps, { detail: { executionArn, status: 'FAILED' } })).toEqual(nothing);
  expect(await status(world, 'r1')).toBe('RUNNING');
});

test('runs and machines are told from an execution by its ARN', () => {
  const runOf = runOfExecution('arn:aws:states:eu-west-1:000000000000:stateMachine:forebay-local-');
  const execution = 'arn:aws:states:eu-west-1:000000000000:execution:forebay-local-';
  expect(runOf(`${execution}orders:r1`)).toEqual({ job: 'orders', runId: 'r1' });
  expect(runOf(`${execution}orders/Shards:0b3c`)).toBeNull();
  expect(runOf(`${execution}orders:r1:more`)).toBeNull();
  expect(runOf(`${execution}orders`)).toBeNull();
  expect(runOf('arn:aws:states:eu-west-1:000000000000:execution:forebay-prod-orders:r1')).toBeNull();
});

test('a backfill is told from an execution by its ARN, and is no run', () => {
  const prefix = 'arn:aws:states:eu-west-1:000000000000:stateMachine:forebay-local-';
  const execution = 'arn:aws:states:eu-west-1:000000000000:execution:forebay-local-';
  const [runOf, backfillOf] = [runOfExecution(prefix), backfillOfExecution(prefix)];
  expect(backfillOf(`${execution}orders_backfill:b1`)).toEqual({ job: 'orders', id: 'b1' });
  expect(runOf(`${execution}orders_backfill:b1`)).toBeNull();
  expect(backfillOf(`${execution}orders:r1`)).toBeNull();
  expect(backfillOf(`${execution}orders_backfill/Lanes:0b3c`)).toBeNull();
});

test('F20 a run whose execution goes on is left alone, however long it takes', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  later(world, 30 * 24 * 3600);
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual(nothing);
  expect(await status(world, 'r1')).toBe('RUNNING');
});

test('a committing run is taken over only when the function of its Catalog cannot be at work any more', async () => {
  const world = newWorld();
  await load(world, await held(world, 'r1', manual), 'COMPLETED', { partition: false });
  end(world, 'r1', { Error: 'States.Timeout', Cause: '' });
  later(world, 59);
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual(nothing);
  later(world, 1);
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual({ ...nothing, rolledForward: 1 });
  expect(await status(world, 'r1')).toBe('COMPLETED');
  expect(world.partitions.get('2026-03-01')).toBe('r1');
  expect(events(world)).toMatchObject([{ type: 'JobCompleted', runId: 'r1' }]);
});

test('F08 an event that a crash left behind is sent after a grace period, with its id', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  await load(world, run);
  world.crash('send', 'before');
  await expect(closeRun(world.deps, run)).rejects.toThrow();
  const [pending] = await world.ledger.pendingOutbox();
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual(nothing);
  later(world, 61);
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual({ ...nothing, sent: 1 });
  expect(events(world).map(({ id }) => id)).toEqual([pending?.id]);
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual(nothing);
});

test('a mark whose closer died before it started the run is not forgotten', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  const busy = await begin(world, 'r2', manual);
  world.crash('start', 'before');
  await expect(closeRun(world.deps, run)).rejects.toThrow('before start');
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual({ ...nothing, started: 1 });
  expect(world.started.map(({ runId }) => runId)).toEqual([busy.outcome === 'busy' && busy.markedRunId]);
});

test('F19 a partition that an old worker set back is put right', async () => {
  const world = newWorld();
  for (const runId of ['r1', 'r2']) {
    const run = await held(world, runId, { ...manual, force: true });
    await load(world, run);
    await closeRun(world.deps, run);
  }
  world.partitions.set('2026-03-01', 'r1');
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual({ ...nothing, repaired: 1 });
  expect(world.partitions.get('2026-03-01')).toBe('r2');
});

test('one run that cannot be finished does not stop the others, and the sweep says which', async () => {
  const world = newWorld();
  for (const [runId, slice] of [
    ['r1', '2026-03-01'],
    ['r2', '2026-03-02'],
  ] as const) {
    await held(world, runId, { ...manual, slice });
    end(world, runId);
  }
  world.crash('closeFailed', 'before');
  await expect(sweep(world.deps, { sweep: 'all' })).rejects.toThrow(/could not finish 1: r[12]$/);
  expect([await status(world, 'r1'), await status(world, 'r2')].sort()).toEqual(['FAILED', 'RUNNING']);
  expect(await sweep(world.deps, { sweep: 'all' })).toEqual({ ...nothing, failed: 1 });
});

test('partitions are compared beside each other, one a slice, and behind what is to be caught up', async () => {
  const world = newWorld();
  const days = Array.from({ length: 9 }, (_, i) => `2026-02-0${i + 1}`);
  for (const [i, slice] of [...days, ...days].entries()) {
    const run = await held(world, `r${i}`, { ...manual, slice, force: true });
    await load(world, run);
    await closeRun(world.deps, run);
  }
  const calls: string[] = [];
  let [atWork, most] = [0, 0];
  const told = sweep(
    {
      ...world.deps,
      jobNames: async () => ['gone', 'orders'],
      listRuns: async (filter) => {
        if (filter.job === undefined) return world.ledger.listRuns(filter);
        calls.push(`catch-up of ${filter.job}`);
        throw new Error(filter.job);
      },
      repairPartition: async ({ slice }) => {
        calls.push(slice);
        most = Math.max(most, ++atWork);
        await new Promise((done) => setImmediate(done));
        atWork--;
        return true;
      },
    },
    { sweep: 'all' },
  );
  await expect(told).rejects.toThrow('could not finish 2: catch-up of gone, catch-up of orders');
  expect(calls.slice(0, 2)).toEqual(['catch-up of gone', 'catch-up of orders']);
  expect(calls.slice(2).sort()).toEqual(days);
  expect(most).toBe(days.length);
});

const steps = ['closeCommitted', 'send', 'markSent', 'getSlice', 'start', 'traceTask', 'readJob'] as const;
test.each(steps.flatMap((verb) => [[verb, 'before'] as const, [verb, 'after'] as const]))(
  'CloseRun that dies for good at %s (%s it) is finished by the sweeper: one event, free slice, marked run',
  async (verb, when) => {
    const world = newWorld();
    const run = await held(world, 'r1', manual);
    await load(world, run);
    const busy = await begin(world, 'r2', manual);
    world.crash(verb, when);
    await expect(closeRun(world.deps, run)).rejects.toThrow(`${when} ${verb}`);
    end(world, 'r1');
    later(world, 120);
    await sweep(world.deps, { sweep: 'all' });
    expect(await status(world, 'r1')).toBe('COMPLETED');
    expect(new Set(events(world).map(({ id }) => id)).size).toBe(1);
    expect(await world.ledger.pendingOutbox()).toEqual([]);
    expect(world.started.map(({ runId }) => runId)).toEqual([busy.outcome === 'busy' && busy.markedRunId]);
    expect(await world.ledger.getSlice('orders', '2026-03-01')).toMatchObject({
      holder: null,
      committed: { runId: 'r1' },
    });
  },
);
