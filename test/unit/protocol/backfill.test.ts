/** A backfill beside other runs, and interrupted before and after each of its writes in turn. */
import { expect, test } from 'vitest';
import { runNames } from '../../../core/backfill/lanes.ts';
import type { BackfillSliceRecord } from '../../../core/backfill/model.ts';
import { closeRun } from '../../../tasks/close-run/close-run.ts';
import { endedError, failOpened } from '../../../tasks/fail-run/fail-run.ts';
import { pauses } from '../../../tasks/plan-backfill/plan-backfill.ts';
import { sweep } from '../../../tasks/sweep/sweep.ts';
import {
  attemptsOf,
  type BackfillRuns,
  backfillArn,
  Interrupted,
  type Interruption,
  newBackfillRuns,
  runBackfill,
} from '../../support/backfill-runs.ts';
import { eventProblems } from '../../support/events.ts';
import { begin, end, held, load } from '../../support/world.ts';

const [good, bad, busy] = ['2026-03-01', '2026-03-02', '2026-03-03'];
const slices = [good, bad, busy];
const range = { from: good, to: busy };

const sliceOf = ({ world }: BackfillRuns, slice: string) => world.ledger.getSlice('orders', slice);
const outcomes = async ({ world }: BackfillRuns, id: string) =>
  (await world.ledger.listBackfillSlices(id)).map(({ slice, state, attempt }) => [slice, state, attempt]);

/** A run of somebody else, which fails in the pause before the third round. */
async function inTheWay(runs: BackfillRuns, runId: string, slice: string): Promise<void> {
  const run = await held(runs.world, runId, { trigger: 'manual', slice });
  runs.pause = async (round) => {
    if (round !== 3) return;
    const record = await runs.world.ledger.getRun('orders', runId);
    end(runs.world, run.runId);
    if (record !== null) await failOpened(runs.world.deps, record, endedError(null));
  };
}

async function three(): Promise<BackfillRuns> {
  const runs = newBackfillRuns();
  runs.failing.add(bad);
  await inTheWay(runs, 'r0', busy);
  return runs;
}

test('one slice that fails and one that is busy stop no other, and the busy one is tried again', async () => {
  const runs = await three();
  const closed = await runBackfill(runs, 'b1', range);
  expect(closed).toMatchObject({
    status: 'FAILED',
    counts: { done: 2, failed: 1, busy: 0, running: 0, skipped: 0, left: 0 },
    error: { name: 'BackfillIncomplete' },
  });
  expect(await outcomes(runs, 'b1')).toEqual([
    [good, 'done', 1],
    [bad, 'failed', 1],
    [busy, 'done', 3],
  ]);
  // It leaves no mark, so that no run comes that nobody waits for.
  expect((await sliceOf(runs, busy))?.mark).toBeNull();
  expect(runs.world.started).toEqual([]);
  expect(runs.started).toEqual([
    ...[...attemptsOf('b1', good, 1), ...attemptsOf('b1', bad, 1), ...attemptsOf('b1', busy, 3)],
  ]);
});

test('a slice that stays busy is reported as busy behind the last round', async () => {
  const runs = newBackfillRuns();
  await held(runs.world, 'r0', { trigger: 'manual', slice: good });
  const closed = await runBackfill(runs, 'b1', { from: good, to: good });
  expect(closed).toMatchObject({ status: 'FAILED', counts: { busy: 1, done: 0 } });
  expect(await runs.world.ledger.listBackfillSlices('b1')).toMatchObject([
    { state: 'busy', attempt: pauses.length, why: 'run r0 held it' },
  ]);
});

test('a backfill of nothing is complete, and starts nothing', async () => {
  const runs = newBackfillRuns();
  const run = await held(runs.world, 'r0', { trigger: 'manual', slice: good });
  await load(runs.world, run);
  await closeRun(runs.world.deps, run);
  const closed = await runBackfill(runs, 'b1', { from: good, to: good });
  expect(closed).toMatchObject({ status: 'COMPLETED', counts: { skipped: 1, done: 0, left: 0 } });
  expect(runs.started).toEqual([]);
});

test('F33 a backfill beside a scheduled run of one of its slices: both load it, and only the scheduled one moves the cursor', async () => {
  const runs = newBackfillRuns();
  const schedule = { trigger: 'schedule' as const, scheduledTime: '2026-03-04T02:15:00Z' };
  const scheduled = await held(runs.world, 's1', schedule);
  expect(scheduled.slice).toBe(busy);
  runs.pause = async (round) => {
    if (round !== 2) return;
    expect(await runs.world.ledger.getCursor('orders')).toBeNull();
    await load(runs.world, scheduled);
    await closeRun(runs.world.deps, scheduled);
  };
  const closed = await runBackfill(runs, 'b1', { ...range, reprocess: 'completed' });
  expect(closed).toMatchObject({ status: 'COMPLETED', counts: { done: 2, skipped: 1 } });
  expect(await runs.world.ledger.getCursor('orders')).toEqual({ slice: busy, runId: 's1' });
  expect((await sliceOf(runs, busy))?.committed?.runId).toBe('s1');
});

test('F33 a scheduled run that finds a slice held by a backfill leaves its mark, and its run follows', async () => {
  const runs = newBackfillRuns();
  await held(runs.world, 'b-run', { trigger: 'backfill', slice: good });
  const later = await begin(runs.world, 's1', {
    ...{ trigger: 'schedule', scheduledTime: '2026-03-02T02:15:00Z' },
  });
  expect(later.outcome).toBe('busy');
  await load(runs.world, { ...(await runOf(runs, 'b-run')) });
  await closeRun(runs.world.deps, { job: 'orders', runId: 'b-run' });
  expect(runs.world.started).toMatchObject([{ request: { slice: good } }]);
  expect(await runs.world.ledger.getCursor('orders')).toBeNull();
});

async function runOf({ world }: Pick<BackfillRuns, 'world'>, runId: string) {
  return (await world.ledger.getRun('orders', runId)) ?? expect.fail(`there is no run ${runId}`);
}

test('a run from raw lets a marked run go first, since that one wants the source read', async () => {
  const { world } = newBackfillRuns();
  const first = await held(world, 'r1', { trigger: 'manual', slice: good });
  await begin(world, 'r2', { trigger: 'manual', slice: good });
  await load(world, first);
  await closeRun(world.deps, first);
  const mark = (await world.ledger.getSlice('orders', good))?.mark;
  const fromRaw = { trigger: 'backfill' as const, slice: good, from: 'raw' as const, force: true };
  expect(await begin(world, 'b1', fromRaw)).toMatchObject({
    ...{ outcome: 'busy', holder: { runId: mark?.runId }, markedRunId: null },
  });
  expect((await world.ledger.getSlice('orders', good))?.mark).toEqual(mark);
});

test('a run that resumes one from raw lets a marked run go first, too', async () => {
  const { world } = newBackfillRuns();
  const first = await held(world, 'r1', { trigger: 'manual', slice: good });
  await load(world, first);
  await closeRun(world.deps, first);
  await held(world, 'b1', { trigger: 'backfill', slice: good, from: 'raw', force: true });
  await begin(world, 'r2', { trigger: 'manual', slice: good });
  end(world, 'b1');
  await failOpened(world.deps, await runOf({ world }, 'b1'), endedError(null));
  const mark = (await world.ledger.getSlice('orders', good))?.mark;
  expect(mark).not.toBeNull();
  const redrive = { trigger: 'redrive' as const, slice: good, resumes: 'b1' };
  expect(await begin(world, 'd1', redrive)).toMatchObject({
    ...{ outcome: 'busy', holder: { runId: mark?.runId }, markedRunId: null },
  });
  expect((await world.ledger.getSlice('orders', good))?.mark).toEqual(mark);
});

test('a backfill that is cancelled finishes what is at work, begins no more, and its rest can be done', async () => {
  const runs = newBackfillRuns();
  await inTheWay(runs, 'r0', good);
  const pause = runs.pause;
  runs.pause = async (round) => {
    await runs.world.ledger.cancelBackfill('orders', 'b1', '2026-03-10T12:01:00.000Z');
    await pause(round);
  };
  expect(await runBackfill(runs, 'b1', range)).toMatchObject({
    status: 'CANCELLED',
    counts: { done: 2, busy: 1, left: 0 },
    error: null,
  });
  expect(await runs.world.ledger.cancelBackfill('orders', 'b1', '2026-03-10T12:02:00.000Z')).toBe(false);
  runs.pause = pause;
  expect(await runBackfill(runs, 'b2', { resume: 'b1' })).toMatchObject({
    status: 'COMPLETED',
    counts: { done: 1, left: 0 },
  });
});

test('a backfill is resumed once: what is left behind that is the rest of the one that resumed it', async () => {
  const runs = newBackfillRuns();
  runs.failing.add(bad);
  expect(await runBackfill(runs, 'b1', range)).toMatchObject({ counts: { done: 2, failed: 1 } });
  expect(await runBackfill(runs, 'b2', { resume: 'b1' })).toMatchObject({ counts: { failed: 1 } });
  const refused = runBackfill(runs, 'b3', { resume: 'b1' });
  await expect(refused).rejects.toThrow(
    'BackfillRefused: backfill b1 was resumed by b2; resume that one: `forebay backfill start orders --resume b2`',
  );
  runs.failing.clear();
  expect(await runBackfill(runs, 'b4', { resume: 'b2' })).toMatchObject({ status: 'COMPLETED' });
  const left = 'b1 was resumed by b4, which left nothing; see `forebay backfill show b4`';
  await expect(runBackfill(runs, 'b5', { resume: 'b1' })).rejects.toThrow(left);
});

test.each([
  [{ resume: 'b9' }, /orders has no backfill b9/],
  [{ from: '2026-03-01', to: '2026-03-10' }, /2026-03-10 has not ended yet/],
])('what cannot be planned is refused, and leaves no record: %j', async (request, sentence) => {
  const runs = newBackfillRuns();
  await expect(runBackfill(runs, 'b1', request)).rejects.toThrow(sentence);
  expect(await runs.world.ledger.listBackfills({})).toEqual([]);
});

test('a backfill that is at work cannot be resumed', async () => {
  const runs = await three();
  runs.pause = async () => {
    await expect(runBackfill(runs, 'b2', { resume: 'b1' })).rejects.toThrow(/b1 is still at work/);
  };
  await runBackfill(runs, 'b1', range);
  expect.assertions(pauses.length - 1);
});

test.each([
  ['told by its status event', { detail: { executionArn: backfillArn('b1'), status: 'TIMED_OUT' } }],
  ['found by the sweeper', { sweep: 'all' as const }],
])(
  'F14 a backfill that was stopped without a word is closed, %s, and its rest can be done',
  async (_, swept) => {
    const runs = newBackfillRuns();
    // Behind the end of the first slice.
    const interruption = { when: 'after', mode: 'whole' } as const;
    const undisturbed = newBackfillRuns();
    await runBackfill(undisturbed, 'b1', { from: good, to: good });
    const write = undisturbed.writes.findIndex(({ name }) => name === 'closeBackfill');
    runs.interruption = { ...interruption, write };
    await expect(runBackfill(runs, 'b1', range)).rejects.toBeInstanceOf(Interrupted);
    runs.interruption = null;
    expect(await sweep(runs.world.deps, swept)).toMatchObject({ backfills: 1, failed: 0 });
    expect(await runs.world.ledger.getBackfill('orders', 'b1')).toMatchObject({
      ...{ status: 'FAILED', counts: { done: 1, left: 2 } },
      error: {
        name: 'BackfillIncomplete',
        message: 'of 3 slices 2 were not begun; see `forebay backfill show b1`',
      },
    });
    expect(await sweep(runs.world.deps, swept)).toMatchObject({ backfills: 0 });
    expect(await runBackfill(runs, 'b2', { resume: 'b1' })).toMatchObject({
      ...{ status: 'COMPLETED', counts: { done: 2 } },
    });
    const told = runs.world.sent
      .map(({ body }) => JSON.parse(body))
      .filter(({ metadata }) => metadata?.eventType === 'BackfillCompleted');
    for (const event of told) expect(eventProblems('BackfillCompleted', event)).toEqual([]);
    expect(
      told.map(({ data }) => [data.backfillId, data.status, data.slices.done, data.slices.left]),
    ).toEqual([
      ['b1', 'FAILED', 1, 2],
      ['b2', 'COMPLETED', 2, 0],
    ]);
  },
);

/** Each write with what interrupts it; an end of the run alone only at a run's own writes. */
async function points(make: () => Promise<BackfillRuns>, request: object): Promise<Point[]> {
  const undisturbed = await make();
  await runBackfill(undisturbed, 'b1', request);
  return undisturbed.writes.flatMap(({ name, of }, i) =>
    (['tried again', 'whole', ...(of === 'run' ? ['run' as const] : [])] as const).flatMap((mode) =>
      (['before', 'after'] as const).map((when) => ({ name, write: i + 1, when, mode })),
    ),
  );
}

interface Point extends Interruption {
  /** Of the write. */
  name: string;
}

/** Two minutes later, in which the sweeper finishes what no execution does any more. */
async function sweepUp({ world }: BackfillRuns): Promise<void> {
  world.now = new Date(world.now.getTime() + 120_000);
  await sweep(world.deps, { sweep: 'all' });
}

/** Whatever happened: done again once mended, and each slice was loaded as often as was asked for. */
async function assess(runs: BackfillRuns, interruption: Interruption, revisions: number[]): Promise<void> {
  const told = JSON.stringify(interruption);
  runs.interruption = null;
  runs.failing.clear();
  await sweepUp(runs);
  const { ledger } = runs.world;
  const [last] = await ledger.listBackfills({});
  expect(last === undefined || last.status !== 'RUNNING', told).toBe(true);
  const request = last === undefined ? { ...range, reprocess: 'completed' } : { resume: last.id };
  await runs.pause(3);
  const closed = await runBackfill(runs, 'b2', request);
  expect(closed.status, told).toBe('COMPLETED');
  const records = await Promise.all(slices.map((slice) => sliceOf(runs, slice)));
  expect(
    records.map((record) => record?.committed?.revision),
    told,
  ).toEqual(revisions);
  for (const record of records) expect(record, told).toMatchObject({ holder: null, mark: null });
  expect(
    slices.map((slice) => runs.world.partitions.get(slice)),
    told,
  ).toEqual(records.map((record) => record?.committed?.runId));
  expect(await ledger.pendingOutbox(), told).toEqual([]);
  expect(await ledger.getCursor('orders'), told).toBeNull();
  // A slice that is said to be done was committed by a run of this backfill.
  for (const id of ['b1', 'b2']) {
    const done = (await ledger.listBackfillSlices(id)).filter(({ state }) => state === 'done');
    for (const { slice, runId } of done as BackfillSliceRecord[])
      expect(runId?.startsWith(runNames(id, slice)), told).toBe(true);
  }
}

async function interruptedAt(
  make: () => Promise<BackfillRuns>,
  request: object,
  interruption: Point,
): Promise<BackfillRuns> {
  const runs = await make();
  runs.interruption = interruption;
  // The sweeper comes in each pause, as it would in a longer one.
  const { pause } = runs;
  runs.pause = async (round) => {
    await pause(round);
    if (runs.interrupted) await sweepUp(runs);
  };
  const run = runBackfill(runs, 'b1', request);
  if (interruption.mode === 'whole') await expect(run).rejects.toBeInstanceOf(Interrupted);
  else {
    const { status, counts } = await run;
    // A run that ended before it had a record is told as failed; of any other the next try finds what became of it.
    const unopened = interruption.mode === 'run' && interruption.name === 'acquire';
    const failed = expect.toSatisfy((n: number) => n === 1 || (unopened && n === 2));
    expect({ status, counts }, JSON.stringify(interruption)).toMatchObject({
      status: 'FAILED',
      counts: { failed },
    });
    expect(counts?.done).toBe(slices.length - (counts?.failed ?? 0));
  }
  expect(runs.interrupted).toBe(true);
  return runs;
}

/** Slices that an earlier backfill loaded, to be loaded again. */
async function loadedBefore(): Promise<BackfillRuns> {
  const runs = await three();
  const { failing, pause } = runs;
  for (const slice of [good, bad]) {
    const run = await held(runs.world, `old-${slice}`, { trigger: 'manual', slice });
    await load(runs.world, run);
    await closeRun(runs.world.deps, run);
  }
  return { ...runs, failing, pause };
}

test.each([
  ['slices that nobody has loaded, once each', three, [1, 1, 1]],
  ['slices that are loaded, once more each', loadedBefore, [2, 2, 1]],
] as const)(
  'F01 F09 F14 F21 a backfill that is interrupted at any write and tried again, or resumed, does %s',
  async (_name, make, revisions) => {
    const request = { ...range, reprocess: 'completed' };
    const all = await points(make, request);
    for (const point of all) {
      await assess(await interruptedAt(make, request, point), point, [...revisions]);
    }
    console.log(`a backfill was interrupted at ${all.length} points`);
  },
  120_000,
);
