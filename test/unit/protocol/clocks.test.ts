/** Functions whose clocks are wrong: what they do follows from the ledger, from executions, and from scheduled times. */
import { expect, test } from 'vitest';
import { closeRun } from '../../../tasks/close-run/close-run.ts';
import { sweep } from '../../../tasks/sweep/sweep.ts';
import { newTriggering, notice, settle } from '../../support/triggering.ts';
import { arnOf, begin, end, events, held, load, newWorld, type World } from '../../support/world.ts';

const hour = 60 * 60 * 1_000;
const base = Date.parse('2026-03-02T12:00:00.000Z');

/** By how much each next function's clock is wrong, in hours. */
const clocks: Record<string, number[]> = {
  'all right': [0],
  'an hour fast': [1],
  'an hour slow': [-1],
  'fast and slow by turns': [1, -1],
  'slow and fast by turns': [-1, 1],
};

/** Days of work at one job: schedules, a trigger that meets a holder, a takeover, a run that dies in its commit. */
async function story(wrong: readonly number[]) {
  const world = newWorld();
  let functions = 0;
  const tick = () => {
    world.now = new Date(base + (wrong[functions++ % wrong.length] ?? 0) * hour);
  };
  const scheduled = (scheduledTime: string) => ({ trigger: 'schedule' as const, scheduledTime });
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    tick();
    return work();
  };
  const close = (runId: string) => step(() => closeRun(world.deps, { job: 'orders', runId }));

  const first = await step(() => held(world, 'r1', scheduled('2026-03-02T01:15:00Z')));
  const busy = await step(() => begin(world, 'r2', { trigger: 'manual', slice: '2026-03-01', force: true }));
  await load(world, first);
  await close('r1');
  end(world, 'r1');
  const marked = world.started[0]?.runId ?? '';
  const second = await step(() => held(world, marked, { trigger: 'mark', slice: '2026-03-01', force: true }));
  await load(world, second);
  await close(marked);
  end(world, marked);
  // An execution ends without a word, and the next run of its slice takes over.
  await step(() => held(world, 'r3', scheduled('2026-03-03T01:15:00Z')));
  end(world, 'r3');
  const fourth = await step(() => held(world, 'r4', { trigger: 'manual', slice: '2026-03-02' }));
  // That one ends behind its commit point: the sweeper alone goes on with it.
  await load(world, fourth, 'COMPLETED', { partition: false });
  end(world, 'r4');
  for (let i = 0; i < 2; i++) await step(() => sweep(world.deps, { sweep: 'all' }));
  world.now = new Date(base + 3 * hour);
  await sweep(world.deps, { sweep: 'all' });
  return { busy, marked, stored: await stored(world) };
}

/** All that is there but for times, which tell when a function thought that it was. */
async function stored(world: World) {
  const { ledger } = world;
  const runs = await ledger.listRuns({ job: 'orders' });
  const slices = await ledger.listSlices('orders');
  return {
    runs: Object.fromEntries(
      runs.map(({ runId, slice, status, fence, revision }) => [runId, { slice, status, fence, revision }]),
    ),
    slices: slices.map(({ slice, holder, fence, mark, committed }) => ({
      ...{ slice, holder, fence, mark },
      committed: committed === null ? null : { runId: committed.runId, revision: committed.revision },
    })),
    cursor: await ledger.getCursor('orders'),
    started: world.started,
    told: [...new Set(events(world).map(({ runId, type }) => `${runId} ${type}`))].sort(),
    partitions: Object.fromEntries(world.partitions),
  };
}

test.each(Object.entries(clocks))(
  'F20 slices, leases, their order and what is started are the same with clocks %s',
  async (_, wrong) => {
    const { busy, marked, stored: found } = await story(wrong);
    expect(busy).toMatchObject({ outcome: 'busy', holder: { runId: 'r1' }, markedRunId: marked });
    const free = { holder: null, mark: null };
    expect(found).toEqual({
      runs: {
        r1: { slice: '2026-03-01', status: 'COMPLETED', fence: 1, revision: 1 },
        [marked]: { slice: '2026-03-01', status: 'COMPLETED', fence: 2, revision: 2 },
        r3: { slice: '2026-03-02', status: 'FAILED', fence: 1, revision: 1 },
        r4: { slice: '2026-03-02', status: 'COMPLETED', fence: 2, revision: 1 },
      },
      slices: [
        { ...free, slice: '2026-03-01', fence: 2, committed: { runId: marked, revision: 2 } },
        { ...free, slice: '2026-03-02', fence: 2, committed: { runId: 'r4', revision: 1 } },
      ],
      cursor: { slice: '2026-03-01', runId: 'r1' },
      started: [{ runId: marked, request: { trigger: 'mark', slice: '2026-03-01', force: true } }],
      told: ['r1 JobCompleted', `${marked} JobCompleted`, 'r3 JobFailed', 'r4 JobCompleted'].sort(),
      partitions: { '2026-03-01': marked, '2026-03-02': 'r4' },
    });
  },
);

test('F20 a holder is alive while its execution is, however long ago or far ahead its start seems to be', async () => {
  for (const wrong of [-1, 1]) {
    const world = newWorld();
    await held(world, 'r1', { trigger: 'manual', slice: '2026-03-01' });
    world.now = new Date(base + wrong * 24 * hour);
    await sweep(world.deps, { sweep: 'all' });
    expect(await begin(world, 'r2', { trigger: 'manual', slice: '2026-03-01' })).toMatchObject({
      outcome: 'busy',
    });
    end(world, 'r1');
    expect(world.executions.get(arnOf('r1'))?.status).toBe('ENDED');
    expect(await begin(world, 'r3', { trigger: 'manual', slice: '2026-03-01' })).toMatchObject({
      outcome: 'held',
    });
  }
});

test('F20 files that arrive start the same run at the same moment, whatever the clocks of functions say', async () => {
  const starts = [0, 1, -1].map(async (wrong) => {
    const of = newTriggering();
    of.now = new Date(base + wrong * hour);
    for (const second of [0, 60, 170]) notice(of, `orders/2026-03-01/${second}.csv`, '0062E9', second);
    await settle(of);
    return of.starts;
  });
  const [right, ...others] = await Promise.all(starts);
  expect(right).toMatchObject([{ time: 290, request: { trigger: 'arrival', slice: '2026-03-01' } }]);
  for (const other of others) expect(other).toEqual(right);
});
