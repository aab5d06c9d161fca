import { expect, test } from 'vitest';
import { closeRun } from '../../../tasks/close-run/close-run.ts';
import { openRun } from '../../../tasks/open-run/open-run.ts';
import { arnOf, begin, end, events, held, job, jobVersion, load, newWorld } from '../../support/world.ts';

const manual = (slice = '2026-03-01', force?: boolean) => ({
  trigger: 'manual' as const,
  slice,
  ...(force === undefined ? {} : { force }),
});

test('a run of a free slice holds it, with its time fixed to the start of its execution', async () => {
  const world = newWorld();
  expect(await begin(world, 'r1', manual())).toEqual({
    outcome: 'held',
    run: {
      job: 'orders',
      jobVersion,
      runId: 'r1',
      slice: '2026-03-01',
      fence: 1,
      revision: 1,
      trigger: 'manual',
      force: false,
      time: '2026-03-02T01:15:00.000Z',
    },
  });
});

test.each([
  // 02:15 in Amsterdam on 2 March is 01:15Z: the last day that had ended is 1 March.
  ['2026-03-02T01:15:00Z', '2026-03-01'],
  // The second of the day's end belongs to the day before.
  ['2026-03-01T23:00:00Z', '2026-03-01'],
  ['2026-03-01T22:59:59Z', '2026-02-28'],
])('a run scheduled for %s loads %s', async (scheduledTime, slice) => {
  const run = await held(newWorld(), 'r1', { trigger: 'schedule', scheduledTime });
  expect(run).toMatchObject({ slice, trigger: 'schedule' });
});

test('a schedule that says execution-start means the time at which the execution started', async () => {
  const run = await held(newWorld(), 'r1', { trigger: 'schedule', scheduledTime: 'execution-start' });
  expect(run.slice).toBe('2026-03-01');
});

test.each(['<aws.scheduler.scheduled-time>', 'now', '2026-03-02', '2026-03-02T02:15:00', undefined])(
  'a scheduled time of %s is a terminal error, never now',
  async (scheduledTime) => {
    const world = newWorld();
    const request = {
      trigger: 'schedule' as const,
      ...(scheduledTime === undefined ? {} : { scheduledTime }),
    };
    await expect(begin(world, 'r1', request)).rejects.toMatchObject({
      name: 'ScheduledTimeInvalid',
      persistence: 'terminal',
    });
    expect(await world.ledger.listSlices('orders')).toEqual([]);
  },
);

test.each([undefined, '2026-3-1', '2026-02-30', 'once', '../x'])(
  'a slice named %s is refused, and nothing is held',
  async (slice) => {
    const world = newWorld();
    const request = { trigger: 'manual' as const, ...(slice === undefined ? {} : { slice }) };
    await expect(begin(world, 'r1', request)).rejects.toMatchObject({ name: 'SliceInvalid' });
    expect(await world.ledger.listSlices('orders')).toEqual([]);
  },
);

test.each([
  null,
  'text',
  [],
  7,
  { slice: null },
  { slice: 20260301 },
  { trigger: 'schedule', scheduledTime: 5 },
])('F41 %j is no request, and nothing is held', async (input) => {
  const world = newWorld();
  await expect(begin(world, 'r1', input as never)).rejects.toMatchObject({ persistence: 'terminal' });
  expect(await world.ledger.listSlices('orders')).toEqual([]);
});

test('a request with no more than a slice is a manual one, not forced', async () => {
  const run = await held(newWorld(), 'r1', { slice: '2026-03-01', trigger: 'by hand', force: 'no' } as never);
  expect(run).toMatchObject({ trigger: 'manual', force: false });
});

test('F32 the second run of a slice is told who holds it, and leaves its mark', async () => {
  const world = newWorld();
  await held(world, 'r1', manual());
  const busy = await begin(world, 'r2', manual());
  expect(busy).toMatchObject({
    outcome: 'busy',
    holder: { runId: 'r1' },
    run: { runId: 'r2', slice: '2026-03-01' },
  });
  if (busy.outcome !== 'busy') return;
  expect(busy.markedRunId).toMatch(/^[A-Za-z0-9-]{1,80}$/);
  expect((await world.ledger.getSlice('orders', '2026-03-01'))?.mark?.runId).toBe(busy.markedRunId);
  expect(await world.ledger.getRun('orders', 'r2')).toBeNull();
});

test('F32 of ten runs that begin at the same moment one holds, and nine are told the same marked run', async () => {
  const world = newWorld();
  const ids = Array.from({ length: 10 }, (_, i) => `r${i}`);
  const answers = await Promise.all(ids.map((id) => begin(world, id, manual())));
  expect(answers.filter(({ outcome }) => outcome === 'held')).toHaveLength(1);
  const marked = answers.flatMap((answer) => (answer.outcome === 'busy' ? [answer.markedRunId] : []));
  expect(marked).toHaveLength(9);
  expect(new Set(marked).size).toBe(1);
});

test('F10 a repeat of OpenRun by the same execution gives the same answer, while it holds', async () => {
  const world = newWorld();
  const first = await begin(world, 'r1', manual());
  expect(await begin(world, 'r1', manual())).toEqual(first);
  expect((await world.ledger.getSlice('orders', '2026-03-01'))?.fence).toBe(1);
});

test('a repeat of OpenRun behind a living holder gives the same marked run', async () => {
  const world = newWorld();
  await held(world, 'r1', manual());
  const first = await begin(world, 'r2', manual());
  expect(await begin(world, 'r2', manual())).toEqual(first);
});

test('F10 F32 a late repeat of OpenRun that meets the run of its own mark leaves a mark that starts another', async () => {
  const world = newWorld();
  const first = await held(world, 'r1', manual());
  const busy = await begin(world, 'r2', manual());
  await closeRun(world.deps, first);
  const [started] = world.started;
  await held(world, started?.runId ?? '', started?.request ?? manual());
  const again = await begin(world, 'r2', manual());
  if (busy.outcome !== 'busy' || again.outcome !== 'busy') throw new Error('nobody is in the way');
  expect(started?.runId).toBe(busy.markedRunId);
  expect(again.holder.runId).toBe(busy.markedRunId);
  // Somebody else who comes now is told of a run that is yet to start, too.
  expect(await begin(world, 'r3', manual())).toMatchObject({ markedRunId: again.markedRunId });
  await closeRun(world.deps, { job: 'orders', runId: busy.markedRunId ?? '' });
  expect(world.started.map(({ runId }) => runId)).toEqual([busy.markedRunId, again.markedRunId]);
});

test('OpenRun that crashed behind its lease holds it when it is tried again', async () => {
  const world = newWorld();
  world.crash('acquire', 'after');
  await expect(begin(world, 'r1', manual())).rejects.toThrow('after acquire');
  expect(await held(world, 'r1', manual())).toMatchObject({ runId: 'r1', fence: 1 });
});

test('F21 a holder whose execution has ended is finished as failed, and its slice is taken', async () => {
  const world = newWorld();
  await held(world, 'r1', manual());
  end(world, 'r1', { Error: 'CountMismatch', Cause: 'CountMismatch: shard 0: 3 is not 4' });
  expect(await held(world, 'r2', manual())).toMatchObject({ runId: 'r2', fence: 2 });
  expect(await world.ledger.getRun('orders', 'r1')).toMatchObject({
    status: 'FAILED',
    error: { name: 'CountMismatch', message: 'shard 0: 3 is not 4' },
  });
  expect(events(world)).toMatchObject([{ type: 'JobFailed', runId: 'r1' }]);
  expect(world.sent.filter((record) => record.target === 'job-dlq')).toHaveLength(1);
});

test('F21 a holder whose execution is gone is finished too', async () => {
  const world = newWorld();
  await held(world, 'r1', manual());
  world.executions.delete(arnOf('r1'));
  await held(world, 'r2', manual());
  expect(await world.ledger.getRun('orders', 'r1')).toMatchObject({
    status: 'FAILED',
    error: { name: 'ExecutionEnded' },
  });
});

test('F20 a holder is alive while its execution runs, however old it is', async () => {
  const world = newWorld();
  await held(world, 'r1', manual());
  world.now = new Date('2027-03-02T12:00:00.000Z');
  expect((await begin(world, 'r2', manual())).outcome).toBe('busy');
});

test('F21 a holder that is committing is left to the sweeper, and the trigger is not forgotten', async () => {
  const world = newWorld();
  await load(world, await held(world, 'r1', manual()));
  end(world, 'r1');
  expect(await begin(world, 'r2', manual())).toMatchObject({ outcome: 'busy', holder: { runId: 'r1' } });
  expect((await world.ledger.getRun('orders', 'r1'))?.status).toBe('COMMITTING');
});

test('a holder that closes between the reading and the mark makes room at once', async () => {
  const world = newWorld();
  const first = await held(world, 'r1', manual());
  const execution = { id: arnOf('r2'), name: 'r2', startTime: '2026-03-02T01:15:00.000Z' };
  const deps = {
    ...world.deps,
    describe: async (arn: string) => {
      const state = await world.deps.describe(arn);
      await closeRun(world.deps, first);
      return state;
    },
  };
  const input = { request: manual(), job: { name: job.name, version: jobVersion }, execution };
  expect(await openRun(deps, input)).toMatchObject({ outcome: 'held', run: { runId: 'r2', fence: 2 } });
  expect((await world.ledger.getSlice('orders', '2026-03-01'))?.mark).toBeNull();
});

test('a slice that changes hands for ever is a transient error, not an endless loop', async () => {
  const world = newWorld();
  const deps = { ...world.deps, acquire: async () => null };
  const execution = { id: arnOf('r1'), name: 'r1', startTime: '2026-03-02T01:15:00.000Z' };
  const input = { request: manual(), job: { name: job.name, version: jobVersion }, execution };
  await expect(openRun(deps, input)).rejects.toMatchObject({
    name: 'LedgerConflict',
    persistence: 'transient',
  });
});

test('force of a marked trigger is inherited by whoever takes the slice next', async () => {
  const world = newWorld();
  const first = await held(world, 'r1', manual());
  await begin(world, 'r2', manual('2026-03-01', true));
  // A third one gets in before the marked run is started.
  await world.ledger.closeSkipped((await world.ledger.getRun('orders', 'r1')) ?? ({} as never), {
    endedAt: first.time,
  });
  expect(await held(world, 'r3', manual())).toMatchObject({ force: true });
});
