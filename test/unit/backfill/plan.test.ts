import { describe, expect, test } from 'vitest';
import { planBackfill } from '../../../core/backfill/plan.ts';
import { readBackfillInput } from '../../../core/backfill/request.ts';
import { committed, daily, failed, forgotten, held, hourly, monthly, now, request } from './support.ts';

const known = [committed('2026-02-26', 'r1'), failed('2026-02-27', 'r2'), forgotten('2026-02-28')];
const actions = (...[changes]: Parameters<typeof request>) =>
  planBackfill(daily, request(changes), known, now).map(({ slice, action }) => `${slice} ${action}`);

test.each([
  ['none', ['2026-02-26 skip', '2026-02-27 skip', '2026-02-28 skip', '2026-03-01 load']],
  ['failed', ['2026-02-26 skip', '2026-02-27 load', '2026-02-28 skip', '2026-03-01 load']],
  ['completed', ['2026-02-26 reload', '2026-02-27 load', '2026-02-28 load', '2026-03-01 load']],
] as const)(
  'reprocess %s decides what is done of loaded, failed and erased slices',
  (reprocess, expected) => {
    expect(actions({ reprocess })).toEqual(expected);
  },
);

test('each line has its reason, which names the run that it is about', () => {
  const lines = planBackfill(daily, request(), known, now);
  expect(lines.map(({ why }) => why)).toEqual([
    'run r1 loaded it',
    'run r2 failed',
    'its data was erased on purpose at 2026-02-28T00:00:00.000Z',
    'no run has loaded it',
  ]);
});

test('from raw only what is committed is made anew, also where a later run of it failed', () => {
  const later = committed('2026-02-27', 'r2', { last: { runId: 'r3', status: 'FAILED' } });
  const lines = planBackfill(daily, request({ fromRaw: true, reprocess: 'completed' }), [later], now);
  expect(lines.map(({ slice, action }) => `${slice} ${action}`)).toEqual([
    '2026-02-26 skip',
    '2026-02-27 rebuild',
    '2026-02-28 skip',
    '2026-03-01 skip',
  ]);
  expect(lines[1]?.why).toBe('from the raw objects of run r2');
  expect(lines[0]?.why).toBe('no run has committed it, so there is nothing to make it from');
});

test('a slice that a run holds is planned as any other, and its line says who holds it', () => {
  const [line] = planBackfill(daily, request({ from: '2026-03-01' }), [held('2026-03-01', 'r9')], now);
  expect(line).toEqual({
    ...{ n: 0, slice: '2026-03-01', action: 'load', heldBy: 'r9' },
    why: 'no run has loaded it; run r9 holds it now',
  });
});

test('newest first turns the order round, and numbers follow it', () => {
  const lines = planBackfill(daily, request({ order: 'newest', from: '2026-02-27' }), [], now);
  expect(lines.map(({ n, slice }) => [n, slice])).toEqual([
    [0, '2026-03-01'],
    [1, '2026-02-28'],
    [2, '2026-02-27'],
  ]);
});

test('a year of hours has its 8,760 slices, with the hour that a change of the clock leaves out and the one that it repeats', () => {
  const year = request({ from: '2025-01-01T00', to: '2025-12-31T23' });
  const lines = planBackfill(hourly, year, [], now);
  expect(lines).toHaveLength(8_760);
  const names = lines.map(({ slice }) => slice);
  expect(names).not.toContain('2025-03-30T02');
  expect(names).toContain('2025-10-26T02-2');
  expect(names).toEqual([...names].sort());
});

test('the only slice of a job without cadence is planned by its name', () => {
  const lines = planBackfill({ ...daily, cadence: 'once' }, request({ from: 'once', to: 'once' }), [], now);
  expect(lines).toMatchObject([{ slice: 'once', action: 'load' }]);
});

describe('a range that cannot be is refused with the command that can', () => {
  const refusal = (job: typeof daily | typeof hourly | typeof monthly, changes: object) => {
    try {
      planBackfill(job, request(changes), [], now);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('it was planned');
  };

  test.each([
    [
      'hours for days',
      daily,
      { from: '2026-02-01T05', to: '2026-02-03T06' },
      "'2026-02-01T05' is not a slice of orders, which is daily; run `forebay backfill plan orders --from 2026-02-01 --to 2026-02-03`",
    ],
    [
      'days for hours',
      hourly,
      { from: '2026-02-01', to: '2026-02-03' },
      '--from 2026-02-01T00 --to 2026-02-03T23`',
    ],
    ['months for days', daily, { from: '2026-01', to: '2026-02' }, '--from 2026-01-01 --to 2026-02-28`'],
    ['days for months', monthly, { from: '2026-01-15', to: '2026-02-15' }, '--from 2026-01 --to 2026-02`'],
    [
      'the wrong way round',
      daily,
      { from: '2026-03-01', to: '2026-02-26' },
      'from 2026-03-01 to 2026-02-26 is the wrong way round; run `forebay backfill plan orders --from 2026-02-26 --to 2026-03-01`',
    ],
    [
      'a slice that has not ended',
      daily,
      { from: '2026-02-26', to: '2026-03-02' },
      '2026-03-02 has not ended yet; the last slice that has is 2026-03-01; run `forebay backfill plan orders --from 2026-02-26 --to 2026-03-01`',
    ],
    [
      'nothing but slices to come',
      daily,
      { from: '2026-03-05', to: '2026-03-09' },
      '--from 2026-03-01 --to 2026-03-01`',
    ],
    [
      'more than ten thousand',
      hourly,
      { from: '2024-01-01T00', to: '2025-12-31T23' },
      'there are more than 10000 slices; do them in parts, of which this is the first; run `forebay backfill plan orders --from 2024-01-01T00 --to 2025-02-20T15`',
    ],
  ])('%s', (_, job, changes, sentence) => {
    const message = refusal(job as typeof daily, changes);
    expect(message).toMatch(/^BackfillRefused: /);
    expect(message).toContain(sentence);
  });

  test('the command keeps all other options as they were asked for', () => {
    const changes = { to: '2026-03-02', reprocess: 'failed', lanes: 4, order: 'newest' };
    expect(refusal(daily, changes)).toContain('--reprocess failed --lanes 4 --order newest`');
    expect(refusal(daily, { to: '2026-03-02', reprocess: 'completed', fromRaw: true })).toContain(
      '--to 2026-03-01 --from-raw`',
    );
  });

  test('what names no time at all is refused by the form that the cadence has', () => {
    expect(refusal(daily, { from: 'yesterday' })).toContain(
      "'yesterday' is not a slice of orders (daily): write it as 2026-03-01",
    );
  });
});

describe("a console's input", () => {
  test('needs nothing but the range', () => {
    expect(readBackfillInput({ from: '2026-01-01', to: '2026-01-31' })).toEqual({
      ...{ from: '2026-01-01', to: '2026-01-31', reprocess: 'none', fromRaw: false },
      ...{ lanes: 1, order: 'oldest' },
    });
  });

  test('from raw is of what is loaded, and says so', () => {
    const range = { from: '2026-01-01', to: '2026-01-31', fromRaw: true };
    expect(readBackfillInput(range)).toMatchObject({ reprocess: 'completed' });
    expect(() => readBackfillInput({ ...range, reprocess: 'failed' })).toThrow(/'completed' or nothing/);
  });

  test('names the backfill whose rest is to be done', () => {
    expect(readBackfillInput({ resume: 'b1' })).toEqual({ resume: 'b1' });
  });

  test.each([
    [{ from: '2026-01-01' }, /to is not given; give the last slice/],
    [{ from: 20260101, to: '2026-01-31' }, /from is 20260101/],
    [{ from: 'a', to: 'b', lanes: 41 }, /lanes is 41; give a whole number from 1 to 40$/],
    [{ from: 'a', to: 'b', lanes: '4' }, /lanes is "4"/],
    [{ from: 'a', to: 'b', reprocess: 'all' }, /one of 'none', 'failed', 'completed'/],
    [{ from: 'a', to: 'b', order: 'up' }, /one of 'oldest', 'newest'/],
    [{ from: 'a', to: 'b', fromRaw: 'yes' }, /fromRaw is "yes"; give true or false/],
    [null, /from is not given/],
  ])('is refused with what is allowed: %j', (input, sentence) => {
    expect(() => readBackfillInput(input)).toThrow(sentence);
    expect(() => readBackfillInput(input)).toThrow(/^BackfillRefused: /);
  });
});
