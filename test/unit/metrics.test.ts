import { afterEach, expect, test, vi } from 'vitest';
import type { RunRecord } from '../../core/ledger.ts';
import { committedMeasures, metricUnits } from '../../core/metrics.ts';
import { closeRun } from '../../tasks/close-run/close-run.ts';
import { failOpened } from '../../tasks/fail-run/fail-run.ts';
import { measureIn } from '../../tasks/metrics.ts';
import { sweep } from '../../tasks/sweep/sweep.ts';
import { held, job, load, newWorld } from '../support/world.ts';

afterEach(() => vi.restoreAllMocks());

const manual = { trigger: 'manual' as const, slice: '2026-03-01' };

const run: RunRecord = {
  ...{ job: 'orders', runId: 'r1', jobVersion: '', slice: '2026-03-01', status: 'COMPLETED', fence: 1 },
  ...{ revision: 1, trigger: 'schedule', force: false, time: '2026-03-02T01:15:00.000Z' },
  ...{ executionArn: '', startedAt: '2026-03-02T01:15:00.000Z', endedAt: '2026-03-02T01:20:30.500Z' },
  counts: { read: 200, written: 190, rejected: 4, filtered: 6, repeatedKeys: 0 },
  ...{ commitAs: 'COMPLETED', manifest: null, loaded: null, error: null },
  tasks: {
    Discover: { startedAt: '', endedAt: '', attempt: 1, metrics: { objects: 2, bytes: 4_096 } },
  },
};

test('a committed run is measured by its records, its bytes, its time and its lateness', () => {
  // The slice ends at midnight in Amsterdam, which in winter is 23:00 UTC of the day before.
  expect(committedMeasures(job, run)).toEqual({
    ...{ RunsCompleted: 1, RunsFailed: 0, Records: 200, Rejects: 4, Filtered: 6, RejectRatio: 0.02 },
    ...{ Bytes: 4_096, Duration: 330_500, Lateness: 2 * 3_600 + 20 * 60 + 30.5 },
  });
});

test('a run of no records has no part of them rejected', () => {
  const counts = { read: 0, written: 0, rejected: 0, filtered: 0, repeatedKeys: 0 };
  expect(committedMeasures(job, { ...run, counts })).toMatchObject({ Records: 0, RejectRatio: 0 });
});

test.each([
  ['a further revision', { revision: 2 }],
  ['a backfill', { trigger: 'backfill' }],
  ['a person', { trigger: 'manual' }],
] as const)('a slice that %s loads is not late by that', (_, change) => {
  expect(committedMeasures(job, { ...run, ...change })).not.toHaveProperty('Lateness');
});

test('a slice without an end is never late', () => {
  const once = { ...job, cadence: 'once' as const };
  expect(committedMeasures(once, { ...run, slice: 'once' })).not.toHaveProperty('Lateness');
});

test('a run is measured once when it is closed, whatever became of it', async () => {
  const world = newWorld();
  await load(world, await held(world, 'r1', manual));
  await closeRun(world.deps, { job: 'orders', runId: 'r1' });
  await closeRun(world.deps, { job: 'orders', runId: 'r1' });
  await held(world, 'r2', { ...manual, force: true });
  const failed = await world.ledger.getRun('orders', 'r2');
  await failOpened(world.deps, failed as RunRecord, { name: 'SourceChanged', message: '' });
  expect(world.measured).toEqual([
    { runId: 'r1', measures: expect.objectContaining({ RunsCompleted: 1, Records: 10 }) },
    { runId: 'r2', measures: { RunsCompleted: 0, RunsFailed: 1 } },
  ]);
});

test('a run that found nothing new is not measured', async () => {
  const world = newWorld();
  await closeRun(world.deps, await held(world, 'r1', manual));
  expect(world.measured).toEqual([]);
});

test.each([
  ['send', 'before', 1],
  ['send', 'after', 1],
  ['markSent', 'before', 2],
  // Its event is told as sent, so that nobody comes back to it.
  ['markSent', 'after', 1],
] as const)(
  'a crash at %s (%s its effect) loses no measure: the sweeper measures the run, perhaps again',
  async (verb, when, times) => {
    const world = newWorld();
    const opened = await held(world, 'r1', manual);
    await load(world, opened);
    world.crash(verb, when);
    await expect(closeRun(world.deps, opened)).rejects.toThrow(`${when} ${verb}`);
    world.now = new Date(world.now.getTime() + 120_000);
    await sweep(world.deps, { sweep: 'all' });
    expect(world.measured.map(({ runId }) => runId)).toEqual(Array(times).fill('r1'));
  },
);

test('what is measured is a line that CloudWatch reads as metrics of the stage and the job', () => {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => lines.push(String(chunk)) > 0);
  const measure = measureIn('local');
  measure('orders', { RunsFailed: 1, Duration: 12 }, { runId: 'r1', slice: '2026-03-01' });
  measure('products', { MissingSlices: 3 });
  const [first, second] = lines.map((line) => JSON.parse(line));
  expect(first._aws.CloudWatchMetrics).toEqual([
    {
      Namespace: 'Forebay',
      Dimensions: [['stage', 'job']],
      Metrics: [
        { Name: 'RunsFailed', Unit: 'Count' },
        { Name: 'Duration', Unit: 'Milliseconds' },
      ],
    },
  ]);
  expect(first).toMatchObject({ stage: 'local', job: 'orders', RunsFailed: 1, Duration: 12, runId: 'r1' });
  // Nothing of the one is left in the next.
  expect(Object.keys(second).sort()).toEqual(['MissingSlices', '_aws', 'job', 'stage']);
});

test('each metric has a unit that CloudWatch knows', () => {
  const known = ['Seconds', 'Milliseconds', 'Bytes', 'Count', 'None'];
  for (const [name, unit] of Object.entries(metricUnits)) expect(known, name).toContain(unit);
});
