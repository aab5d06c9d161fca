import { expect, test } from 'vitest';
import { catchUpOf } from '../../../core/catch-up.ts';
import type { SliceRecord } from '../../../core/ledger.ts';
import { jobsOf, jobVersionKey } from '../../../core/storage.ts';
import { type CatchUpDeps, catchUp } from '../../../tasks/sweep/catch-up.ts';
import { startUnlessRemoved } from '../../../tasks/sweep/deps.ts';
import { newRun } from '../../conformance/ledger.ts';
import { memoryLedger } from '../../support/memory-ledger.ts';
import { job as plainJob } from '../../support/world.ts';
import { request } from '../backfill/support.ts';

const job = { ...plainJob, timezone: 'UTC', schedule: 'rate(1 day)', freshnessSeconds: 3_600, catchUp: true };
const slices = (states: Record<string, 'committed' | 'failed' | 'running'>): SliceRecord[] =>
  Object.entries(states).map(([slice, state]) => ({
    ...{ job: job.name, slice, fence: 1, mark: null, holder: null, committed: null },
    ...(state === 'running' ? { holder: { runId: 'r', executionArn: '' } } : {}),
    ...(state === 'failed' ? { last: { runId: 'r', status: 'FAILED' as const } } : {}),
    ...(state === 'committed'
      ? { committed: { runId: 'r', revision: 1, loaded: { digest: '', count: 1 }, committedAt: '' } }
      : {}),
  }));
/** The 8th of March is late an hour behind its end. */
const now = '2026-03-09T01:00:00Z';
const idle = { paused: false, running: [], backfills: [], now };
const known = slices({
  ...{ '2026-03-01': 'committed', '2026-03-02': 'failed', '2026-03-04': 'running', '2026-03-07': 'failed' },
});

test('what was never run is caught up, from the first such slice to the last', () => {
  const found = catchUpOf(job, known, idle);
  expect(found).toEqual({
    id: expect.stringMatching(/^catch-up-[0-9a-f]{32}$/),
    from: '2026-03-03',
    to: '2026-03-08',
  });
  expect(catchUpOf(job, known, { ...idle, now: '2026-03-09T00:59:59Z' })?.to).toBe('2026-03-06');
});

test('the same missing slices have one name, and others another', () => {
  const name = (records: SliceRecord[], of = job) => catchUpOf(of, records, idle)?.id;
  expect(name([...known].reverse())).toBe(name(known));
  const fewer = slices({ ...{ '2026-03-01': 'committed', '2026-03-05': 'committed' } });
  expect(new Set([name(known), name(fewer), name(known, { ...job, name: 'others' })]).size).toBe(3);
});

test.each([
  ['a job that does not say so', { ...job, catchUp: false }, known, idle],
  ['a paused job', job, known, { ...idle, paused: true }],
  ['a job that is catching up', job, known, { ...idle, running: ['catch-up-1'] }],
  ['a job without a slice yet', job, [], idle],
  ['failed slices alone', job, slices({ '2026-03-07': 'committed', '2026-03-08': 'failed' }), idle],
])('%s catches nothing up', (_, of, records, state) => {
  expect(catchUpOf(of, records, state)).toBeNull();
});

test("a person's backfill is in nobody's way", () => {
  expect(catchUpOf(job, known, { ...idle, running: ['019d3f5e'] })).not.toBeNull();
});

test('after a long pause a thousand slices are caught up, and the rest behind them', () => {
  const hourly = { ...job, cadence: 'hourly' as const };
  const first = slices({ '2026-01-01T00': 'committed' });
  // A thousand hours from 01:00 on 1 January end with 16:00 of the 42nd day.
  expect(catchUpOf(hourly, first, idle)).toMatchObject({ from: '2026-01-01T01', to: '2026-02-11T16' });
});

const backfill = (id: string, from: string, to: string) => ({ id, request: request({ from, to }) });

test('slices that an earlier catch-up was for are left to people, and those behind them have their turn', () => {
  const first = slices({ '2026-03-01': 'committed' });
  // Somebody cancelled the one of the second to the fifth, or its slices could not be started.
  const [all, cut] = [catchUpOf(job, first, idle), backfill('catch-up-1', '2026-03-02', '2026-03-05')];
  expect(all).toMatchObject({ from: '2026-03-02', to: '2026-03-08' });
  const rest = catchUpOf(job, first, { ...idle, backfills: [cut] });
  expect(rest).toMatchObject({ from: '2026-03-06', to: '2026-03-08' });
  expect(rest?.id).not.toBe(all?.id);
  const whole = backfill('catch-up-2', '2026-03-02', '2026-03-08');
  expect(catchUpOf(job, first, { ...idle, backfills: [cut, whole] })).toBeNull();
  // The next slice that is missed starts none of them again.
  const later = { ...idle, now: '2026-03-10T01:00:00Z', backfills: [whole] };
  expect(catchUpOf(job, first, later)).toMatchObject({ from: '2026-03-09', to: '2026-03-09' });
});

test('a range ends before slices that an earlier catch-up was for, and goes on behind them next', () => {
  const first = slices({ '2026-03-01': 'committed' });
  const backfills = [backfill('catch-up-1', '2026-03-04', '2026-03-05')];
  const ahead = catchUpOf(job, first, { ...idle, backfills });
  expect(ahead).toMatchObject({ from: '2026-03-02', to: '2026-03-03' });
  const behind = catchUpOf(job, first, {
    ...idle,
    backfills: [...backfills, backfill('catch-up-2', '2026-03-02', '2026-03-03')],
  });
  expect(behind).toMatchObject({ from: '2026-03-06', to: '2026-03-08' });
});

test("a person's backfill of the same slices says nothing of what is caught up", () => {
  const backfills = [backfill('019d3f5e', '2026-03-01', '2026-03-08')];
  expect(catchUpOf(job, known, { ...idle, backfills })).toEqual(catchUpOf(job, known, idle));
});

test('behind a thousand slices that were not caught up the next thousand are', () => {
  const hourly = { ...job, cadence: 'hourly' as const };
  const first = slices({ '2026-01-01T00': 'committed' });
  const backfills = [backfill('catch-up-1', '2026-01-01T01', '2026-02-11T16')];
  expect(catchUpOf(hourly, first, { ...idle, backfills })).toMatchObject({ from: '2026-02-11T17' });
});

test('of a job that was removed there is nothing to start, and any other trouble is told', async () => {
  const named = (name: string) => async () => Promise.reject(Object.assign(new Error('x'), { name }));
  const asked = ['arn:machine', 'catch-up-1', {}] as const;
  expect(await startUnlessRemoved(named('StateMachineDoesNotExist'), ...asked)).toBe(false);
  await expect(startUnlessRemoved(named('AccessDenied'), ...asked)).rejects.toThrow();
  const start = async () => ({ executionArn: 'arn', started: true });
  expect(await startUnlessRemoved(start, ...asked)).toBe(true);
});

test('the sweep starts it once, by what the latest run says of the job', async () => {
  const ledger = memoryLedger();
  const run = await ledger.acquire(null, newRun(job.name, 'r1', { slice: '2026-03-01' }));
  const started: unknown[] = [];
  const deps: CatchUpDeps = {
    ...ledger,
    jobNames: async () => [job.name],
    readJob: async ({ jobVersion }) => ({ ...job, catchUp: jobVersion === run?.jobVersion }),
    runningBackfills: async () => [],
    startBackfill: async (name, backfill) => {
      if (started.some((one) => JSON.stringify(one) === JSON.stringify([name, backfill]))) return false;
      started.push([name, backfill]);
      return true;
    },
    now: () => new Date(now),
  };
  expect(await catchUp(deps, 'unknown')).toBe(false);
  expect(await catchUp(deps, job.name)).toBe(true);
  expect(await catchUp(deps, job.name)).toBe(false);
  expect(started).toEqual([[job.name, expect.objectContaining({ from: '2026-03-02', to: '2026-03-08' })]]);
  await ledger.putPause(job.name, { at: now, by: 'ann', reason: null });
  expect(await catchUp({ ...deps, startBackfill: async () => true }, job.name)).toBe(false);
});

test('jobs are known by the keys of their versions', () => {
  const keys = [
    jobVersionKey('orders', 'a'),
    jobVersionKey('orders', 'b'),
    jobVersionKey('order-lines', 'a'),
  ];
  expect(jobsOf(keys)).toEqual(['orders', 'order-lines']);
});
