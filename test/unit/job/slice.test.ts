import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cadence } from '../../../core/job/model.ts';
import {
  nextSlice,
  parseSlice,
  type Slice,
  sliceForScheduledTime,
  slicesBetween,
} from '../../../core/slice.ts';

const jobOf = (cadence: Cadence, timezone: string, lagSeconds = 0) => ({
  ...{ name: 'orders', cadence, timezone, lagSeconds },
});

const quarter = 15 * 60_000;
const day = 86_400_000;
const minutes = (slice: Slice) => (Date.parse(slice.end ?? '') - Date.parse(slice.start ?? '')) / 60_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** The clock on the wall, by JavaScript's own calendar. */
function wallClock(
  timezone: string,
  time: number,
): { month: string; date: string; hour: string; wall: number } {
  let clock = clocks.get(timezone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
    clocks.set(timezone, clock);
  }
  const text = clock.format(time);
  const [date = '', rest = ''] = text.split(' ');
  return { month: date.slice(0, 7), date, hour: rest.slice(0, 2), wall: Date.parse(`${date}T${rest}Z`) };
}

/**
 * The slices that begin within a window, found by walking it in quarters of an hour: one begins where the wall
 * shows another day or hour, or where it goes back a whole hour.
 */
function walk(cadence: 'hourly' | 'daily', timezone: string, from: number, to: number): Slice[] {
  const starts: Array<{ name: string; time: number }> = [];
  for (let time = from; time < to; time += quarter) {
    const [before, now] = [wallClock(timezone, time - quarter), wallClock(timezone, time)];
    const back = before.wall - now.wall >= 45 * 60_000;
    if (cadence === 'daily' && before.date !== now.date) starts.push({ name: now.date, time });
    const name = `${now.date}T${now.hour}`;
    if (cadence === 'hourly' && (back || before.date !== now.date || before.hour !== now.hour)) {
      starts.push({ name: back ? `${name}-2` : name, time });
    }
  }
  const iso = (time: number) => new Date(time).toISOString().replace('.000Z', 'Z');
  return starts.slice(0, -1).map(({ name, time }, i) => ({
    name,
    start: iso(time),
    end: iso(starts[i + 1]?.time ?? Number.NaN),
  }));
}

/** Zones whose changes are of an hour, of half an hour, at midnight, or none. */
const zones = [
  ...['Europe/Amsterdam', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC'],
  ...['America/Havana', 'America/Sao_Paulo', 'Asia/Beirut', 'Asia/Kathmandu', 'Africa/Casablanca'],
];

const windows = [
  ['Europe/Amsterdam', 'the clock goes forward', '2026-03-28', '2026-03-31'],
  ['Europe/Amsterdam', 'the clock goes back', '2026-10-24', '2026-10-27'],
  ['America/New_York', 'the clock goes forward', '2026-03-07', '2026-03-10'],
  ['America/New_York', 'the clock goes back', '2026-10-31', '2026-11-03'],
  ['Australia/Lord_Howe', 'the clock goes forward half an hour', '2026-10-02', '2026-10-06'],
  ['Australia/Lord_Howe', 'the clock goes back half an hour', '2026-04-03', '2026-04-07'],
  ['America/Havana', 'midnight comes twice', '2026-10-31', '2026-11-03'],
  ['America/Sao_Paulo', 'midnight is skipped', '2018-11-03', '2018-11-06'],
  ['America/Sao_Paulo', 'the hour before midnight comes twice', '2018-02-16', '2018-02-20'],
  ['Asia/Pyongyang', 'half an hour before midnight comes twice', '2015-08-13', '2015-08-17'],
  ['Asia/Kolkata', 'nothing changes', '2026-03-28', '2026-03-31'],
] as const;

describe.each(windows)('in %s, where %s', (timezone, _, from, to) => {
  test.each(['hourly', 'daily'] as const)('%s slices have the edges that the wall shows', (cadence) => {
    const walked = walk(cadence, timezone, Date.parse(from), Date.parse(to));
    expect(walked.length).toBeGreaterThan(1);
    expect(walked.map(({ name }) => parseSlice(jobOf(cadence, timezone), name))).toEqual(walked);
  });
  test.each(['hourly', 'daily'] as const)('%s slices follow each other as on the wall', (cadence) => {
    const walked = walk(cadence, timezone, Date.parse(from), Date.parse(to));
    const [first, last] = [walked[0], walked.at(-1)];
    if (first === undefined || last === undefined) throw new Error('nothing was walked');
    expect(slicesBetween(jobOf(cadence, timezone), first, last)).toEqual(walked);
  });
});

test.each([
  ['Europe/Amsterdam', '2026-03-29', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 23],
  ['Europe/Amsterdam', '2026-10-25', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 25],
  ['America/New_York', '2026-03-08', '2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z', 23],
  ['America/New_York', '2026-11-01', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z', 25],
  ['Australia/Lord_Howe', '2026-10-04', '2026-10-03T13:30:00Z', '2026-10-04T13:00:00Z', 23.5],
  ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00:00Z', '2026-04-05T13:30:00Z', 24.5],
  ['Asia/Kolkata', '2026-03-29', '2026-03-28T18:30:00Z', '2026-03-29T18:30:00Z', 24],
  ['America/Havana', '2026-11-01', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z', 25],
  ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z', 23],
])('in %s the day %s goes from %s to %s: %s hours', (timezone, name, start, end, hours) => {
  const slice = parseSlice(jobOf('daily', timezone), name);
  expect(slice).toEqual({ name, start, end });
  expect(minutes(slice)).toBe(hours * 60);
});

test.each([
  ['Europe/Amsterdam', '2026-10-25T02', '2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'],
  ['Europe/Amsterdam', '2026-10-25T02-2', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'],
  ['America/New_York', '2026-11-01T01-2', '2026-11-01T06:00:00Z', '2026-11-01T07:00:00Z'],
  // 01:00 to 02:00, back to 01:30, and on to 02:00: one hour by its name, ninety minutes.
  ['Australia/Lord_Howe', '2026-04-05T01', '2026-04-04T14:00:00Z', '2026-04-04T15:30:00Z'],
  // It begins with 02:30.
  ['Australia/Lord_Howe', '2026-10-04T02', '2026-10-03T15:30:00Z', '2026-10-03T16:00:00Z'],
  ['Asia/Kolkata', '2026-03-01T05', '2026-02-28T23:30:00Z', '2026-03-01T00:30:00Z'],
])('in %s the hour %s goes from %s to %s', (timezone, name, start, end) => {
  expect(parseSlice(jobOf('hourly', timezone), name)).toEqual({ name, start, end });
});

test.each([
  ['UTC', '2026-02', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
  ['Europe/Amsterdam', '2026-03', '2026-02-28T23:00:00Z', '2026-03-31T22:00:00Z'],
  ['America/Havana', '2026-11', '2026-11-01T04:00:00Z', '2026-12-01T05:00:00Z'],
  ['America/Havana', '2026-10', '2026-10-01T04:00:00Z', '2026-11-01T04:00:00Z'],
])('in %s the month %s goes from %s to %s', (timezone, name, start, end) => {
  expect(parseSlice(jobOf('monthly', timezone), name)).toEqual({ name, start, end });
});

test('a range holds both its ends, is cut behind its limit, and is empty the wrong way round', () => {
  const job = jobOf('monthly', 'UTC');
  const at = (name: string) => parseSlice(job, name);
  const names = (slices: Slice[]) => slices.map(({ name }) => name);
  expect(names(slicesBetween(job, at('2025-11'), at('2026-02')))).toEqual([
    ...['2025-11', '2025-12', '2026-01', '2026-02'],
  ]);
  expect(names(slicesBetween(job, at('2026-02'), at('2026-02')))).toEqual(['2026-02']);
  expect(names(slicesBetween(job, at('2025-11'), at('2026-02'), 2))).toHaveLength(3);
  expect(slicesBetween(job, at('2026-02'), at('2025-11'))).toEqual([]);
});

test('a year of hours has 8,760 of them, whatever the clocks do', () => {
  for (const timezone of ['UTC', 'Europe/Amsterdam', 'America/New_York']) {
    const job = jobOf('hourly', timezone);
    const year = slicesBetween(job, parseSlice(job, '2026-01-01T00'), parseSlice(job, '2026-12-31T23'));
    expect(year).toHaveLength(8_760);
    expect(new Set(year.map(({ name }) => name)).size).toBe(8_760);
  }
});

test("the only slice of cadence 'once' has none behind it", () => {
  const job = jobOf('once', 'UTC');
  const once = parseSlice(job, 'once');
  expect(nextSlice(job, once)).toBeNull();
  expect(slicesBetween(job, once, once)).toEqual([once]);
});

test("the only slice of cadence 'once' has no edges", () => {
  const job = jobOf('once', 'UTC');
  expect(parseSlice(job, 'once')).toEqual({ name: 'once', start: null, end: null });
  expect(sliceForScheduledTime(job, '2026-03-01T02:15:00Z').name).toBe('once');
});

test.each([
  ['daily', 'UTC', '2026-02-29', 'there is no such time in UTC; write it as 2026-03-01'],
  ['daily', 'UTC', '2026-13-01', 'there is no such time in UTC; write it as 2026-03-01'],
  ['daily', 'UTC', '2026-3-1', 'write it as 2026-03-01'],
  ['daily', 'UTC', '2026-03-01T05', 'write it as 2026-03-01'],
  ['daily', 'UTC', '2026-03-01-2', 'write it as 2026-03-01'],
  ['daily', 'UTC', '../2026-03-01', 'write it as 2026-03-01'],
  ['daily', 'UTC', '２０２６-03-01', 'write it as 2026-03-01'],
  ['daily', 'UTC', '', 'write it as 2026-03-01'],
  ['daily', 'UTC', 'once', 'write it as 2026-03-01'],
  ['daily', 'Pacific/Apia', '2011-12-30', 'there is no such time in Pacific/Apia; write it as 2026-03-01'],
  ['hourly', 'UTC', '2026-03-01T24', 'there is no such time in UTC; write it as 2026-03-01T05'],
  ['hourly', 'UTC', '2026-03-01T05:00', 'write it as 2026-03-01T05'],
  ['hourly', 'UTC', '2026-03-01T05-2', 'that hour comes only once in UTC'],
  ['hourly', 'UTC', '2026-03-01T05-1', 'write it as 2026-03-01T05'],
  ['hourly', 'Australia/Lord_Howe', '2026-04-05T01-2', 'that hour comes only once in Australia/Lord_Howe'],
  [
    ...(['hourly', 'America/New_York', '2026-03-08T02'] as const),
    'there is no such time in America/New_York; write it as 2026-03-01T05',
  ],
  ['monthly', 'UTC', '2026-00', 'there is no such time in UTC; write it as 2026-03'],
  ['monthly', 'UTC', '2026-03-01', 'write it as 2026-03'],
  ['once', 'UTC', '2026-03-01', "its only slice is 'once'"],
] as const)('a %s slice in %s is not called %j', (cadence, timezone, name, what) => {
  expect(() => parseSlice(jobOf(cadence, timezone), name)).toThrow(
    expect.objectContaining({
      name: 'SliceInvalid',
      message: `SliceInvalid: '${name}' is not a slice of orders (${cadence}): ${what}`,
    }),
  );
});

test.each([
  ...['', 'now', '<aws.scheduler.scheduled-time>', '2026-03-01', '2026-03-01T02:15:00', '1772331300'],
  ...['2026-02-30T02:15:00Z', '2026-03-01T02:15:00 UTC', '2026-03-01T25:00:00Z'],
])('%j is no scheduled time, and never means now', (time) => {
  expect(() => sliceForScheduledTime(jobOf('daily', 'UTC'), time)).toThrow(
    expect.objectContaining({
      name: 'ScheduledTimeInvalid',
      persistence: 'terminal',
      message:
        `ScheduledTimeInvalid: '${time}' is not a time such as 2026-03-01T02:15:00Z; ` +
        "set the schedule's input to <aws.scheduler.scheduled-time>",
    }),
  );
});

test('a value of any length is cut in the message', () => {
  expect(() => parseSlice(jobOf('daily', 'UTC'), 'x'.repeat(1_000))).toThrow(`'${'x'.repeat(60)}' is not`);
  expect(() => sliceForScheduledTime(jobOf('daily', 'UTC'), 'x'.repeat(1_000))).toThrow(
    `'${'x'.repeat(60)}' is not`,
  );
});

test.each([
  ['daily', 'UTC', 0, '2026-03-02T02:15:00Z', '2026-03-01'],
  ['daily', 'UTC', 0, '2026-03-02T00:00:00Z', '2026-03-01'],
  ['daily', 'UTC', 0, '2026-03-01T23:59:59.999Z', '2026-02-28'],
  ['daily', 'UTC', 3 * 3_600, '2026-03-02T02:15:00Z', '2026-02-28'],
  ['daily', 'UTC', 2 * 3_600 + 15 * 60, '2026-03-02T02:15:00Z', '2026-03-01'],
  ['daily', 'Europe/Amsterdam', 0, '2026-03-01T23:00:00Z', '2026-03-01'],
  ['daily', 'Europe/Amsterdam', 0, '2026-03-02T00:15:00+01:00', '2026-03-01'],
  ['daily', 'America/New_York', 0, '2026-03-02T02:15:00Z', '2026-02-28'],
  ['hourly', 'UTC', 0, '2026-03-01T05:10:00Z', '2026-03-01T04'],
  ['hourly', 'Europe/Amsterdam', 0, '2026-10-25T01:10:00Z', '2026-10-25T02'],
  ['hourly', 'Europe/Amsterdam', 0, '2026-10-25T02:10:00Z', '2026-10-25T02-2'],
  ['hourly', 'Europe/Amsterdam', 0, '2026-03-29T01:10:00Z', '2026-03-29T01'],
  ['hourly', 'Asia/Kolkata', 0, '2026-03-01T00:10:00Z', '2026-03-01T04'],
  ['monthly', 'UTC', 0, '2026-03-01T00:00:00Z', '2026-02'],
  ['monthly', 'UTC', 86_400, '2026-03-01T12:00:00Z', '2026-01'],
] as const)('a %s job in %s with a lag of %s s that is scheduled for %s loads %s', (...row) => {
  const [cadence, timezone, lag, time, name] = row;
  expect(sliceForScheduledTime(jobOf(cadence, timezone, lag), time).name).toBe(name);
});

/** Quarters of an hour around each change of a clock from 2000 to 2037. */
const changes = zones.flatMap((timezone) => {
  const offset = (time: number) => wallClock(timezone, time).wall - time;
  const days = Array.from({ length: 38 * 365 }, (_, n) => Date.UTC(2000, 0) + n * day);
  const changing = days.filter((time) => offset(time) !== offset(time + day));
  return changing.map((time) => ({ timezone, time }));
});

const nearChange = fc
  .tuple(fc.constantFrom(...changes), fc.integer({ min: -100, max: 200 }))
  .map(([{ timezone, time }, n]) => ({ timezone, time: time + n * quarter }));

const anyTime = fc.record({
  timezone: fc.constantFrom(...zones),
  time: fc
    .integer({ min: Date.UTC(2000, 0) / quarter, max: Date.UTC(2037, 11) / quarter })
    .map((n) => n * quarter),
});

const anywhere = fc.record({
  cadence: fc.constantFrom('hourly' as const, 'daily' as const),
  moment: fc.oneof(anyTime, nearChange),
  lagSeconds: fc.constantFrom(0, 1, 900, 3_600, 86_400),
});

test('a scheduled time loads the last slice that ended by then, less the lag', () => {
  fc.assert(
    fc.property(anywhere, ({ cadence, moment: { timezone, time }, lagSeconds }) => {
      const due = time - lagSeconds * 1_000;
      const walked = walk(cadence, timezone, floor(due) - 3 * day, floor(due) + 2 * day);
      const last = walked.findLast(({ end }) => Date.parse(end ?? '') <= due);
      const job = jobOf(cadence, timezone, lagSeconds);
      expect(sliceForScheduledTime(job, new Date(time).toISOString())).toEqual(last);
    }),
  );
});

const floor = (time: number): number => Math.floor(time / quarter) * quarter;

test('slices follow one another without a gap, and their names sort as text in the order of time', () => {
  fc.assert(
    fc.property(anywhere, ({ cadence, moment: { timezone, time } }) => {
      const job = jobOf(cadence, timezone);
      const slice = sliceForScheduledTime(job, new Date(time).toISOString());
      const next = sliceForScheduledTime(job, endOfNext(job, slice));
      expect(next.start).toBe(slice.end);
      expect(slice.name < next.name).toBe(true);
      expect(parseSlice(job, slice.name)).toEqual(slice);
    }),
  );
});

/** The first quarter of an hour by which the slice behind this one has ended. */
function endOfNext(job: ReturnType<typeof jobOf>, slice: Slice): string {
  const cadence = job.cadence === 'hourly' ? 'hourly' : 'daily';
  const end = Date.parse(slice.end ?? '');
  const walked = walk(cadence, job.timezone, end, end + 3 * day);
  return walked[0]?.end ?? '';
}

test('months follow one another without a gap, wherever they are', () => {
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 38 * 12 }), (timezone, months) => {
      const name = (n: number) => new Date(Date.UTC(2000, n)).toISOString().slice(0, 7);
      const job = jobOf('monthly', timezone);
      const [slice, next] = [parseSlice(job, name(months)), parseSlice(job, name(months + 1))];
      expect(slice.end).toBe(next.start);
      expect(sliceForScheduledTime(job, slice.end ?? '')).toEqual(slice);
      expect(wallClock(timezone, Date.parse(slice.start ?? '')).month).toBe(slice.name);
      expect(wallClock(timezone, Date.parse(slice.start ?? '') - 1).month < slice.name).toBe(true);
    }),
  );
});
