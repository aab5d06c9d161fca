/** What the backfill commands show and follow. */
import { expect, test } from 'vitest';
import { followBackfill } from '../../../cli/backfill/follow.ts';
import { backfillPage, countsOf, duration, printPage } from '../../../cli/backfill/page.ts';
import { summaryOf } from '../../../cli/backfill/plan.ts';
import { createOutput } from '../../../cli/output.ts';
import type { BackfillRecord, BackfillSliceRecord } from '../../../core/backfill/model.ts';
import { planBackfill } from '../../../core/backfill/plan.ts';
import { resumedBy, resumeRefusal } from '../../../core/backfill/rest.ts';
import { committed, daily, held, now, request } from '../backfill/support.ts';

const record = (changes: Partial<BackfillRecord> = {}): BackfillRecord => ({
  ...{ job: 'orders', id: 'b1', jobVersion: 'a'.repeat(64), status: 'RUNNING', resumes: null },
  request: request({ from: '2026-02-01', to: '2026-02-10', lanes: 2 }),
  planned: { load: 8, reload: 0, rebuild: 0, skip: 2 },
  ...{ executionArn: 'arn:b1', startedAt: '2026-03-02T12:00:00.000Z', endedAt: null, cancelledAt: null },
  ...{ counts: null, error: null },
  ...changes,
});

const slice = (n: number, changes: Partial<BackfillSliceRecord> = {}): BackfillSliceRecord => ({
  ...{ n, slice: `2026-02-0${n + 1}`, state: 'done', attempt: 1, runId: `b-${n}-1` },
  ...{ startedAt: '2026-03-02T12:00:00.000Z', endedAt: '2026-03-02T12:00:30.000Z' },
  ...{ error: null, why: null },
  ...changes,
});

const failed = (n: number, name: string) =>
  slice(n, { state: 'failed', error: { name, message: `what is wrong with ${n}` } });

const at = (seconds: number) => new Date(Date.parse('2026-03-02T12:00:00.000Z') + seconds * 1_000);

test('a page has the slices by state, and the time that is left at the pace so far', () => {
  const slices = [slice(0), slice(1), slice(2), slice(3, { state: 'running', endedAt: null })];
  const page = backfillPage(record(), slices, at(60));
  expect(page.counts).toEqual({ done: 3, running: 1, failed: 0, busy: 0, skipped: 2, left: 4 });
  // Three in sixty seconds: twenty for each of the five that are not done.
  expect(page.secondsLeft).toBe(100);
  expect(page.next).toBeNull();
  expect(backfillPage(record(), [], at(60)).secondsLeft).toBeNull();
});

test('what failed is grouped by its error, the largest group first, with the command that helps', () => {
  const slices = [
    failed(0, 'HeaderInvalid'),
    failed(1, 'RejectThresholdExceeded'),
    failed(2, 'HeaderInvalid'),
  ];
  const page = backfillPage(record({ status: 'FAILED' }), slices, at(60));
  expect(page.failed).toEqual([
    {
      error: { name: 'HeaderInvalid', message: 'what is wrong with 0' },
      ...{ slices: ['2026-02-01', '2026-02-03'], runIds: ['b-0-1', 'b-2-1'] },
      next: 'forebay dlq redrive orders/b-0-1',
    },
    {
      error: { name: 'RejectThresholdExceeded', message: 'what is wrong with 1' },
      ...{ slices: ['2026-02-02'], runIds: ['b-1-1'], next: 'forebay rejects b-1-1' },
    },
  ]);
  expect(page.next).toBe('forebay backfill start orders --resume b1');
});

test('the page of a backfill that was resumed leads to the last that did its rest', () => {
  const failed = record({ status: 'FAILED' });
  const [b2, b3] = [
    record({ id: 'b2', resumes: 'b1', status: 'FAILED' }),
    record({ id: 'b3', resumes: 'b2', status: 'RUNNING' }),
  ];
  const newestFirst = [b3, b2, failed];
  expect(resumedBy('b1', newestFirst)).toBe(b3);
  expect(resumedBy('b3', newestFirst)).toBeNull();
  expect(backfillPage(failed, [], at(60), 'b3').next).toBe('forebay backfill show b3');
  expect(resumeRefusal(failed, newestFirst)).toMatch(/resumed by b3, which is still at work; .* show b3`$/);
  expect(resumeRefusal(b3, newestFirst)).toMatch(/^backfill b3 is still at work/);
  expect(resumeRefusal(failed, [failed])).toBeNull();
});

test('a page is printed as people read it', () => {
  const slices = [
    slice(0),
    failed(1, 'HeaderInvalid'),
    slice(2, { state: 'busy', why: 'run r7 held it' }),
    slice(3, { state: 'running', endedAt: null }),
  ];
  const texts: string[] = [];
  const sink = { write: (text: string) => texts.push(text) };
  const out = createOutput({ json: false, stdout: sink, stderr: sink, environment: {} });
  const ended = record({ status: 'FAILED', endedAt: '2026-03-02T12:05:00.000Z', resumes: 'b0' });
  printPage(out, backfillPage(ended, slices, at(600)));
  expect(texts.join('').trimEnd().split('\n')).toEqual([
    'orders 2026-02-01 to 2026-02-10  FAILED  backfill b1',
    'reprocess none, oldest first, lanes 2, the rest of b0; started 2026-03-02T12:00:00.000Z, ended 2026-03-02T12:05:00.000Z',
    'slices: 1 done, 1 failed, 1 busy, 1 running, 2 skipped, 4 left',
    '1 × HeaderInvalid: what is wrong with 1',
    '  2026-02-02',
    '  forebay dlq redrive orders/b-1-1',
    '2026-02-03: run r7 held it',
    '2026-02-04: its run did not end',
    'next: forebay backfill start orders --resume b1',
  ]);
});

test('counts without slices are left out, and times are as long as people say them', () => {
  expect(countsOf({ done: 0, failed: 0, busy: 0, running: 0, skipped: 0, left: 0 })).toBe('none');
  expect([45, 100, 4_000, 10_000, 200_000].map(duration)).toEqual([
    '45 s',
    '2 min',
    '67 min',
    '3 h',
    '2 days',
  ]);
});

test('a plan is summed up in one line, with what other runs hold', () => {
  const asked = request();
  const known = [committed('2026-02-26', 'r1'), held('2026-02-27', 'r2')];
  const slices = planBackfill(daily, asked, known, now);
  const counts = { load: 3, reload: 0, rebuild: 0, skip: 1 };
  expect(summaryOf({ job: 'orders', request: asked, resumes: null, counts, slices })).toBe(
    'orders: 4 slices, 3 to load, 1 to skip; 1 held by other runs now; 1 lane',
  );
});

const following = (records: Array<BackfillRecord | null>, ended: object | null = null) => {
  const progress: string[] = [];
  return {
    progress,
    deps: {
      getBackfill: async () => (records.length > 1 ? records.shift() : records[0]) ?? null,
      listBackfillSlices: async () => [slice(0)],
      describe: async () =>
        ({
          status: ended === null ? 'RUNNING' : 'ENDED',
          stoppedAt: null,
          output: null,
          error: null,
          ...ended,
        }) as never,
      sleep: async () => undefined,
      now: () => at(30),
      progress: (text: string) => void progress.push(text),
    },
  };
};
const started = { job: 'orders', id: 'b1', executionArn: 'arn:b1' };

test('a backfill is followed from its plan to its end', async () => {
  const { deps, progress } = following([null, record(), record({ status: 'COMPLETED' })]);
  expect((await followBackfill(deps, started)).backfill.status).toBe('COMPLETED');
  expect(progress).toEqual(['orders: planning', 'orders: 1 done, 2 skipped, 7 left; about 4 min left']);
});

test('a backfill that was refused says why, and one that its execution left is named', async () => {
  const error = { Error: 'BackfillRefused', Cause: '{"errorMessage":"BackfillRefused: from is not given"}' };
  await expect(followBackfill(following([null], { error }).deps, started)).rejects.toThrow(
    'BackfillRefused: from is not given',
  );
  await expect(followBackfill(following([null], {}).deps, started)).rejects.toThrow(
    'b1 was stopped before it had a plan',
  );
  await expect(followBackfill(following([record()], {}).deps, started)).rejects.toThrow(
    /the execution of backfill b1 has ended, but it is not closed/,
  );
});
