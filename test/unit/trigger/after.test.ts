import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askedRunId, overlapping, type Timed } from '../../../core/after.ts';
import type { Cadence, Job } from '../../../core/job/model.ts';
import { parseSlice, sliceAt } from '../../../core/slice.ts';
import { receiveBatch } from '../../../tasks/trigger/trigger.ts';
import { commitSlice } from '../../support/commits.ts';
import {
  commitNotice,
  deliver,
  newTriggering,
  say,
  settle,
  type Triggering,
  visible,
} from '../../support/triggering.ts';
import { jobFile, problemsIn } from '../job/support.ts';

const timed = (name: string, cadence: Cadence, timezone = 'UTC'): Timed => ({ name, cadence, timezone });
const names = (job: Timed, of: Timed, slice: string) =>
  overlapping(job, parseSlice(of, slice))?.map(({ name }) => name);

describe('slices that belong together', () => {
  const zoned = (cadence: Cadence) => timed(cadence, cadence, 'Europe/Amsterdam');
  const march = Array.from({ length: 31 }, (_, i) => `2026-03-${String(i + 1).padStart(2, '0')}`);

  test.each<[string, Timed, Timed, string, string[]]>([
    ['the same', timed('a', 'daily'), timed('b', 'daily'), '2026-03-01', ['2026-03-01']],
    ['coarser', timed('a', 'monthly'), timed('b', 'daily'), '2026-03-01', ['2026-03']],
    ['finer', timed('a', 'daily'), timed('b', 'monthly'), '2026-03', march],
    [
      'a day of another zone',
      zoned('daily'),
      timed('b', 'daily'),
      '2026-03-02',
      ['2026-03-02', '2026-03-03'],
    ],
    ['a month of another zone', zoned('monthly'), timed('b', 'monthly'), '2026-03', ['2026-03', '2026-04']],
    ['once, which is all of them', timed('a', 'once'), timed('b', 'daily'), '2026-03-01', ['once']],
    ['once behind once', timed('a', 'once'), timed('b', 'once'), 'once', ['once']],
  ])('%s', (_, job, of, slice, expected) => {
    expect(names(job, of, slice)).toEqual(expected);
  });

  test('on the days of a change of the clock a day has the hours that it has', () => {
    const hours = (day: string) => names(timed('a', 'hourly', 'UTC'), zoned('daily'), day)?.length;
    expect(['2026-03-28', '2026-03-29', '2026-10-25'].map(hours)).toEqual([24, 23, 25]);
    expect(names(zoned('hourly'), zoned('daily'), '2026-10-25')).toContain('2026-10-25T02-2');
  });

  test('once covers all time', () => {
    expect(names(timed('a', 'daily'), timed('b', 'once'), 'once')).toBeUndefined();
  });
});

const newCalendar = (timeZone: string) =>
  new Intl.DateTimeFormat('en-CA', {
    ...{ timeZone, hourCycle: 'h23' },
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit' },
  });
const calendars = new Map<string, Intl.DateTimeFormat>();

/** Which period a moment is in, by the time zones of the machine's own calendar. */
function labelOf({ cadence, timezone }: Timed, moment: number): string {
  const calendar = calendars.get(timezone) ?? newCalendar(timezone);
  calendars.set(timezone, calendar);
  const parts = calendar.formatToParts(moment);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  const month = `${of('year')}-${of('month')}`;
  if (cadence === 'monthly') return month;
  return cadence === 'daily' ? `${month}-${of('day')}` : `${month}-${of('day')}T${of('hour')}`;
}

test('two slices belong together exactly where a quarter of an hour is in both', () => {
  // Without zones whose clock changes within these months: there an hour comes twice, which has no label here.
  const zones = [
    'UTC',
    'Asia/Kolkata',
    'Asia/Kathmandu',
    'America/Phoenix',
    'Pacific/Kiritimati',
    'Asia/Tokyo',
  ];
  const job = fc.record({
    name: fc.constant('a'),
    cadence: fc.constantFrom<Cadence>('hourly', 'daily', 'monthly'),
    timezone: fc.constantFrom(...zones),
  });
  const quarter = 15 * 60 * 1_000;
  const moment = fc.integer({ min: Date.UTC(2026, 0, 3), max: Date.UTC(2026, 10, 1) });
  fc.assert(
    fc.property(job, job, moment, (downstream, upstream, at) => {
      const slice = labelOf(upstream, at);
      // Every quarter of an hour of that slice, from where its label begins to where it ends.
      const labels = new Set<string>();
      for (const step of [-1, 1])
        for (let t = at - (at % quarter); labelOf(upstream, t) === slice; t += step * quarter)
          labels.add(labelOf(downstream, t));
      expect(sliceAt(upstream, new Date(at).toISOString()).name).toBe(slice);
      expect(names(downstream, upstream, slice)).toEqual([...labels].sort());
      for (const label of labels) expect(names(upstream, downstream, label)).toContain(slice);
    }),
    { numRuns: 60 },
  );
}, 120_000);

describe('the run that commits ask for', () => {
  const before = [
    { job: 'customers', slice: '2026-03-01', revision: 1 },
    { job: 'products', slice: '2026-03', revision: 4 },
  ];

  test('is none while one of them is missing', () => {
    expect(
      askedRunId('orders', '2026-03-01', [...before, { job: 'x', slice: 'once', revision: null }]),
    ).toBeNull();
  });

  test('has one name for the same revisions, and another for others', () => {
    const name = askedRunId('orders', '2026-03-01', before);
    expect(name).toMatch(/^[a-z0-9-]{1,80}$/);
    expect(askedRunId('orders', '2026-03-01', structuredClone(before))).toBe(name);
    const [first, second] = before as [(typeof before)[0], (typeof before)[0]];
    const others = [
      askedRunId('orders', '2026-03-01', [first, { ...second, revision: 5 }]),
      askedRunId('orders', '2026-03-02', before),
      askedRunId('lines', '2026-03-01', before),
    ];
    expect(new Set([name, ...others]).size).toBe(4);
  });
});

const daily = [timed('customers', 'daily'), timed('products', 'daily')];
const behind = (change: Partial<Job> = {}, jobs: Timed[] = daily) =>
  newTriggering({ timezone: 'UTC', arrival: null, after: jobs.map(({ name }) => name), ...change }, jobs);
const slice = '2026-03-01';

/** A job commits a slice, and tells it. */
async function commit(of: Triggering, job: string, at = slice, told = true): Promise<void> {
  await commitSlice(of.ledger, job, at);
  if (told) commitNotice(of, job, at);
}

const requests = (of: Triggering) => of.starts.map(({ request }) => request);
const run = { trigger: 'after', slice, force: false };

describe('a job after others', () => {
  test('is run once all of them have committed the slice, whichever came first', async () => {
    for (const order of [daily, [...daily].reverse()]) {
      const of = behind();
      await commit(of, order[0]?.name ?? '');
      await settle(of);
      expect(of.starts).toEqual([]);
      await commit(of, order[1]?.name ?? '');
      await settle(of);
      expect(requests(of)).toEqual([run]);
    }
  });

  test('F15 is run once where commits are told twice, late, or both at the same moment', async () => {
    const of = behind();
    for (const { name } of daily) await commit(of, name);
    for (const { name } of daily) commitNotice(of, name, slice);
    await settle(of);
    for (const { name } of daily) commitNotice(of, name, slice);
    await settle(of);
    expect(requests(of)).toEqual([run]);
  });

  test('is run anew, as a new revision, behind each new revision of one of them', async () => {
    const of = behind();
    for (const { name } of daily) await commit(of, name);
    await settle(of);
    await commit(of, 'products');
    await settle(of);
    await commit(of, 'orders', slice, false);
    await commit(of, 'customers');
    await settle(of);
    expect(requests(of)).toEqual([run, { ...run, force: true }, { ...run, force: true }]);
  });

  test('is made anew where it was loaded before the others were', async () => {
    const of = behind();
    await commit(of, 'orders', slice, false);
    for (const { name } of daily) await commit(of, name);
    await settle(of);
    expect(requests(of)).toEqual([{ ...run, force: true }]);
  });

  test('that ignores revisions is left alone once it is committed, and run until then', async () => {
    const of = behind({ onRevision: 'ignore' });
    for (const { name } of daily) await commit(of, name);
    await settle(of);
    await commit(of, 'products');
    await settle(of);
    expect(requests(of)).toEqual([run, run]);
    await commit(of, 'orders', slice, false);
    await commit(of, 'products');
    await settle(of);
    expect(requests(of)).toEqual([run, run]);
    const [record] = await of.ledger.listTriggers('orders');
    expect(record?.after).toBe(record?.afterStarted);
  });

  test('that is coarser waits for all slices within its own', async () => {
    const of = behind({ cadence: 'monthly' }, [timed('customers', 'daily')]);
    for (let day = 1; day <= 31; day++) {
      expect(of.starts).toEqual([]);
      await commit(of, 'customers', `2026-03-${String(day).padStart(2, '0')}`);
      await settle(of);
    }
    expect(requests(of)).toEqual([{ ...run, slice: '2026-03' }]);
  });

  test('that is finer is run for all slices within', async () => {
    const of = behind({}, [timed('customers', 'monthly')]);
    await commit(of, 'customers', '2026-02');
    await settle(of);
    expect(requests(of).map((request) => request.slice)).toEqual(
      Array.from({ length: 28 }, (_, i) => `2026-02-${String(i + 1).padStart(2, '0')}`),
    );
  });

  test('waits for what covers all time, and is run anew with it, for every slice that there is', async () => {
    const of = behind({}, [timed('customers', 'daily'), timed('countries', 'once')]);
    await commit(of, 'customers', '2026-03-01');
    await commit(of, 'customers', '2026-03-02');
    await settle(of);
    expect(of.starts).toEqual([]);
    await commit(of, 'countries', 'once');
    await settle(of);
    expect(requests(of)).toEqual([run, { ...run, slice: '2026-03-02' }]);
    await commit(of, 'countries', 'once');
    await settle(of);
    expect(requests(of).slice(2)).toEqual([
      { ...run, force: true },
      { ...run, slice: '2026-03-02', force: true },
    ]);
  });

  test('is asked for each of the slices that what covers all time concerns', async () => {
    const of = behind({}, [timed('countries', 'once')]);
    const first = Date.UTC(2023, 0, 1);
    for (let day = 0; day < 1_000; day++) {
      const name = new Date(first + day * 86_400_000).toISOString().slice(0, 10);
      await of.ledger.setAfter('orders', name, null);
    }
    await commit(of, 'countries', 'once');
    await deliver(of, visible(of));
    expect(of.messages).toHaveLength(1_000);
  });

  test('does the works of a batch one behind the other, and names the messages of those that failed', async () => {
    const of = behind();
    const slices = ['2026-03-01', '2026-03-02', '2026-03-03'];
    const received = slices.map((name) => ({
      id: name,
      body: JSON.stringify({ schemaVersion: 1, after: { slice: name } }),
    }));
    const told: string[] = [];
    const answer = await receiveBatch(of.triggers, received, async ({ ids: [id = ''] }) => {
      told.push(`${id} begins`);
      await new Promise((done) => setImmediate(done));
      told.push(`${id} ends`);
      if (id === '2026-03-02') throw new Error(id);
    });
    expect(told).toEqual(slices.flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '2026-03-02' }] });
  });

  test('that is paused is run once it is asked for behind its pause', async () => {
    const of = behind();
    await of.ledger.putPause('orders', { at: '2026-03-02T12:00:00Z', by: 'ann', reason: null });
    for (const { name } of daily) await commit(of, name);
    await settle(of);
    expect(of.starts).toEqual([]);
    const [record] = await of.ledger.listTriggers('orders');
    expect(record).toMatchObject({ slice, after: expect.stringMatching(/^after-/), afterStarted: null });
    await of.ledger.removePause('orders');
    say(of, { schemaVersion: 1, after: { slice } });
    await settle(of);
    expect(requests(of)).toEqual([run]);
  });

  test('is not asked by a job that it no longer comes after', async () => {
    const of = behind();
    await commit(of, 'somebody');
    await settle(of);
    expect([of.starts, of.dlq]).toEqual([[], []]);
  });
});

describe('job files that come after each other', () => {
  const file = (name: string, more: Record<string, string> = {}) => ({ [`${name}.ts`]: jobFile(name, more) });

  test('each name is a job of the folder', async () => {
    const { byFile } = await problemsIn({
      ...file('orders', { after: "['customer']" }),
      ...file('customers'),
    });
    expect(byFile).toEqual({
      'orders.ts': [
        {
          field: 'after.0',
          value: '"customer"',
          allowed: "a job of this folder; did you mean 'customers'?",
        },
      ],
    });
  });

  test('a cycle is told to each job in it, and to no other', async () => {
    const { byFile } = await problemsIn({
      ...file('a', { after: "['b']" }),
      ...file('b', { after: "['c']" }),
      ...file('c', { after: "['a']" }),
      ...file('d', { after: "['a']" }),
    });
    const told = (value: string, way: string) => [
      { field: 'after', value, allowed: `no cycle, in which each would wait for the others: ${way}` },
    ];
    expect(byFile).toEqual({
      'a.ts': told('["b"]', 'a after b after c after a'),
      'b.ts': told('["c"]', 'b after c after a after b'),
      'c.ts': told('["a"]', 'c after a after b after c'),
    });
  });

  test('what is loaded once comes only after what is loaded once', async () => {
    const once = { cadence: "'once'" };
    const { byFile } = await problemsIn({
      ...file('all', { ...once, after: "['daily', 'other']" }),
      ...file('daily', { after: "['other']" }),
      ...file('other', once),
    });
    expect(byFile).toEqual({
      'all.ts': [
        {
          field: 'after.0',
          value: '"daily"',
          allowed:
            "a job with cadence 'once', as this one has: there is always one more slice of daily to come",
        },
      ],
    });
  });

  test('there are at most twenty of them', async () => {
    const names = Array.from({ length: 21 }, (_, i) => `job${i}`);
    const others = Object.assign({}, ...names.map((name) => file(name)));
    const { byFile } = await problemsIn({ ...file('orders', { after: JSON.stringify(names) }), ...others });
    expect(byFile).toEqual({ 'orders.ts': [{ field: 'after', value: '21', allowed: 'at most 20 jobs' }] });
  });
});
