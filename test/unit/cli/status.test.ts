import { expect, test } from 'vitest';
import { type StatusDeps, statusOf } from '../../../cli/status.ts';
import type { RunRecord } from '../../../core/ledger.ts';
import { closeRun } from '../../../tasks/close-run/close-run.ts';
import { failOpened } from '../../../tasks/fail-run/fail-run.ts';
import { held, job, load, newWorld, type World } from '../../support/world.ts';

const daily = { ...job, freshnessSeconds: 6 * 3_600 };
const depth: Record<string, number> = {};

const depsOf = (world: World, more: Partial<StatusDeps> = {}): StatusDeps => ({
  ...world.ledger,
  jobs: async () => [{ job: daily, dlqs: ['https://sqs/0/orders-write'] }],
  dlqs: ['https://sqs/0/job', 'https://sqs/0/delivery'],
  depthOf: async (url) => depth[url] ?? 0,
  now: () => world.now,
  ...more,
});

async function loaded(world: World, runId: string, slice: string): Promise<void> {
  const run = await held(world, runId, { trigger: 'manual', slice });
  await load(world, run);
  await closeRun(world.deps, run);
}

async function failed(world: World, runId: string, slice: string): Promise<void> {
  await held(world, runId, { trigger: 'manual', slice });
  const run = (await world.ledger.getRun('orders', runId)) as RunRecord;
  await failOpened(world.deps, run, { name: 'SourceEmpty', message: 'nothing there' });
}

test('where every slice is there in time, nothing needs a person', async () => {
  const world = newWorld();
  await loaded(world, 'r1', '2026-03-01');
  expect(await statusOf(depsOf(world))).toEqual({
    jobs: [
      {
        job: 'orders',
        last: { slice: '2026-03-01', runId: 'r1', revision: 1, committedAt: '2026-03-02T12:00:00.000Z' },
        late: { seconds: 0, missing: 0, first: [] },
        ...{ running: 0, failed: 0, paused: null, failures: {} },
        queues: [{ name: 'orders-write', messages: 0 }],
      },
    ],
    queues: [
      { name: 'job', messages: 0 },
      { name: 'delivery', messages: 0 },
    ],
    attention: [],
  });
});

/** 2 March failed, 3 and 4 March never ran, 5 March is being loaded; they are late from 05:00 UTC of the day behind. */
async function gaps(): Promise<World> {
  const world = newWorld();
  await loaded(world, 'r1', '2026-03-01');
  await failed(world, 'r2', '2026-03-02');
  await held(world, 'r5', { trigger: 'manual', slice: '2026-03-05' });
  world.now = new Date('2026-03-06T05:30:00.000Z');
  return world;
}

test('late slices are told with the backfill that loads them, and failures by their error', async () => {
  const { jobs, attention } = await statusOf(depsOf(await gaps()));
  expect(jobs).toMatchObject([
    {
      late: {
        // Since 3 March, 05:00 UTC.
        seconds: 3 * 86_400 + 1_800,
        missing: 4,
        first: [
          { slice: '2026-03-02', state: 'failed', dueAt: '2026-03-03T05:00:00Z' },
          { slice: '2026-03-03', state: 'never-run' },
          { slice: '2026-03-04', state: 'never-run' },
        ],
      },
      ...{ running: 1, failures: { SourceEmpty: 1 } },
    },
  ]);
  expect(attention).toEqual([
    {
      job: 'orders',
      what: '3 slices late, the first is 2026-03-02, due 2026-03-03T05:00:00Z',
      next: 'forebay backfill start orders --from 2026-03-02 --to 2026-03-04 --reprocess failed',
    },
    { job: 'orders', what: '1 open failure: SourceEmpty', next: 'forebay dlq list orders' },
  ]);
});

test('slices that no run has come to need no word about failed ones in their backfill', async () => {
  const world = newWorld();
  await loaded(world, 'r1', '2026-03-01');
  world.now = new Date('2026-03-03T05:00:00.000Z');
  expect((await statusOf(depsOf(world))).attention.map(({ next }) => next)).toEqual([
    'forebay backfill start orders --from 2026-03-02 --to 2026-03-02',
  ]);
});

test('a slice that is late and being loaded needs nobody yet', async () => {
  const world = newWorld();
  await loaded(world, 'r1', '2026-03-01');
  await held(world, 'r2', { trigger: 'manual', slice: '2026-03-02' });
  world.now = new Date('2026-03-03T05:00:00.000Z');
  const { jobs, attention } = await statusOf(depsOf(world));
  expect(jobs).toMatchObject([{ late: { missing: 1, first: [{ state: 'running' }] }, running: 1 }]);
  expect(attention).toEqual([]);
});

test('a paused job is shown as such, with what it misses, and its late slices need nobody', async () => {
  const world = newWorld();
  await loaded(world, 'r1', '2026-03-01');
  world.now = new Date('2026-03-06T12:00:00.000Z');
  const pause = { at: '2026-03-02T12:00:00.000Z', by: 'anna', reason: 'the source moves' };
  const { jobs, attention } = await statusOf(depsOf(world, { getPause: async () => pause }));
  expect(jobs).toMatchObject([{ paused: pause, late: { missing: 4 } }]);
  expect(attention).toEqual([]);
});

test('a failed run of more than three days ago is counted no more, its open failure is', async () => {
  const world = newWorld();
  await failed(world, 'r1', '2026-03-01');
  const later = new Date(world.now.getTime() + 4 * 86_400_000);
  const jobs = async () => [{ job: { ...daily, freshnessSeconds: null }, dlqs: [] }];
  expect((await statusOf(depsOf(world, { jobs }))).jobs).toMatchObject([{ failed: 1 }]);
  const report = await statusOf(depsOf(world, { now: () => later, jobs }));
  expect(report.jobs).toMatchObject([{ failed: 0, failures: { SourceEmpty: 1 }, late: null }]);
  expect(report.attention).toMatchObject([{ what: '1 open failure: SourceEmpty' }]);
});

test('messages in a DLQ need a person, of a job or of what all share', async () => {
  const world = newWorld();
  const messages: Record<string, number> = { 'https://sqs/0/orders-write': 2, 'https://sqs/0/delivery': 1 };
  const { attention } = await statusOf(depsOf(world, { depthOf: async (url) => messages[url] ?? 0 }));
  expect(attention).toEqual([
    { job: 'orders', what: '2 messages in orders-write', next: 'forebay dlq list orders' },
    { job: null, what: '1 message in delivery', next: 'forebay dlq list' },
  ]);
});

test('a hundred jobs are asked for beside each other, each once', async () => {
  const world = newWorld();
  const names = Array.from({ length: 100 }, (_, n) => `feed-${n}`);
  const asked: string[] = [];
  const deps = depsOf(world, {
    jobs: async () => names.map((name) => ({ job: { ...daily, name }, dlqs: [`https://sqs/0/${name}`] })),
    latestSlices: async (name) => {
      asked.push(name);
      return [];
    },
  });
  const { jobs } = await statusOf(deps);
  expect(jobs.map((each) => each.job)).toEqual(names);
  expect(asked).toEqual(names);
});
