import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrivalRunId, type Receiving, sequence, slicesOfKey } from '../../../core/arrival.ts';
import {
  deliver,
  newTriggering,
  notice,
  quiet,
  say,
  settle,
  type Triggering,
  visible,
} from '../../support/triggering.ts';
import { job } from '../../support/world.ts';

const slice = '2026-03-01';
const key = (name: string, of = slice) => `orders/${of}/${name}`;
const requests = ({ starts }: Triggering) => starts.map(({ request }) => request);
const arrival = { trigger: 'arrival', slice };

describe('the slice of a key', () => {
  const source = (prefix: string): Receiving['source'] => ({ kind: 's3', bucket: 'partner', prefix });

  test.each<[string, Partial<Receiving>, string, string[]]>([
    ['the inbox, by the day', {}, 'orders/2026-03-01/a.csv', ['2026-03-01']],
    ['a folder below it', {}, 'orders/2026-03-01/eu/a.csv', ['2026-03-01']],
    ['by the month', { cadence: 'monthly' }, 'orders/2026-03/a.csv', ['2026-03']],
    ['by the hour', { cadence: 'hourly' }, 'orders/2026-03-01T05/a.csv', ['2026-03-01T05']],
    ['an hour that comes twice', { cadence: 'hourly' }, 'orders/2026-10-25T02-2/a', ['2026-10-25T02-2']],
    ['once', { cadence: 'once' }, 'orders/once/a.csv', ['once']],
    ['a prefix that goes on', { source: source('x/{slice}/o-') }, 'x/2026-03-01/o-1.csv', ['2026-03-01']],
    ["another's file beside it", { source: source('x/{slice}/o-') }, 'x/2026-03-01/c-1.csv', []],
    ['a file that is no slice of others', { source: source('x/{slice}/') }, 'x/readme.txt', []],
    ['a prefix that ends', { source: source('x/{slice}') }, 'x/2026-03-01-a.csv', ['2026-03-01']],
    [
      'an hour that may be either',
      { cadence: 'hourly', source: source('x/{slice}') },
      'x/2026-10-25T02-2/a',
      ['2026-10-25T02', '2026-10-25T02-2'],
    ],
    [
      'an hour that comes once',
      { cadence: 'hourly', source: source('{slice}') },
      '2026-03-01T02-2',
      ['2026-03-01T02'],
    ],
    ['a prefix without a slice', { cadence: 'once', source: source('all/') }, 'all/a.csv', ['once']],
  ])('%s', (_, change, at, slices) => {
    expect(slicesOfKey({ ...job, ...change }, at)).toEqual(slices);
  });

  test.each([
    ['orders/2026-3-1/x.csv', "'2026-3-1' is not a slice of orders (daily): write it as 2026-03-01"],
    ['orders/x.csv', "'x.csv' is not a slice of orders (daily): write it as 2026-03-01"],
    ['orders/2026-02-30/x.csv', "'2026-02-30' is not a slice"],
    ['orders/2026-03-01', 'orders/2026-03-01 lies below no slice of orders'],
  ])('%s is told to be none', (at, words) => {
    expect(() => slicesOfKey(job, at)).toThrow(`SliceInvalid: ${words}`);
  });
});

test("F15 sequencers are in their order as S3's documentation has it: the shorter filled up with zeros on its right", () => {
  const hex = fc.string({ unit: fc.constantFrom(...'0123456789ABCDEF'), minLength: 1, maxLength: 20 });
  const padded = (text: string, other: string) =>
    BigInt(`0x${text.padEnd(Math.max(text.length, other.length), '0')}`);
  fc.assert(
    fc.property(hex, hex, (a, b) => {
      const [x, y] = [padded(a, b), padded(b, a)];
      expect(sequence(a) < sequence(b)).toBe(x < y);
      expect(sequence(a) === sequence(b)).toBe(x === y);
    }),
  );
});

test('the name of a run is that of an execution, and of its job, slice and count alone', () => {
  const name = arrivalRunId('orders', slice, 1);
  expect(name).toMatch(/^[a-z0-9-]{1,80}$/);
  const others = [arrivalRunId('orders', slice, 2), arrivalRunId('orders', '2026-03-02', 1)];
  expect(new Set([name, ...others, arrivalRunId('others', slice, 1)]).size).toBe(4);
  expect(arrivalRunId('orders', slice, 1)).toBe(name);
});

describe('files that arrive', () => {
  test('start a run of their slice when it has been quiet, and not before', async () => {
    const of = newTriggering();
    notice(of, key('a.csv'));
    await deliver(of, visible(of));
    of.time = quiet - 1;
    expect(visible(of)).toEqual([]);
    expect(of.starts).toEqual([]);
    await settle(of);
    expect(of.starts).toEqual([{ runId: arrivalRunId('orders', slice, 1), request: arrival, time: quiet }]);
  });

  test('of several slices start a run of each', async () => {
    const of = newTriggering();
    for (const day of ['2026-03-01', '2026-03-02']) for (const name of ['a', 'b']) notice(of, key(name, day));
    await settle(of);
    expect(requests(of)).toEqual([arrival, { ...arrival, slice: '2026-03-02' }]);
  });

  test('that come later than quiet start the next run', async () => {
    const of = newTriggering();
    notice(of, key('a.csv'));
    await settle(of);
    notice(of, key('b.csv'));
    await settle(of);
    expect(of.starts.map(({ runId }) => runId)).toEqual([1, 2].map((n) => arrivalRunId('orders', slice, n)));
  });

  test('begin the quiet time anew', async () => {
    const of = newTriggering();
    for (const second of [0, 100, 200, 300]) notice(of, key(`${second}.csv`), '1', second);
    await settle(of);
    expect(of.starts.map(({ time }) => time)).toEqual([300 + quiet]);
  });

  test("a console's folder is none", async () => {
    const of = newTriggering();
    notice(of, key(''), '1', 0, 0);
    notice(of, 'orders/', '1', 0, 0);
    await settle(of);
    expect([of.starts, of.dlq]).toEqual([[], []]);
  });

  test('F15 told twice at any later time start one run', async () => {
    const of = newTriggering();
    for (const second of [0, 0, 60, 10_000]) notice(of, key('a.csv'), '0062E9', second);
    await settle(of);
    expect(requests(of)).toEqual([arrival]);
  });

  test('F15 told in another order than they happened start one run, and an older event none behind a newer', async () => {
    const of = newTriggering();
    for (const [sequencer, second] of [
      ['0062E9A2', 0],
      ['0062E9A1', 60],
      ['0062E9A', 10_000],
    ] as const)
      notice(of, key('a.csv'), sequencer, second);
    await settle(of);
    expect(requests(of)).toEqual([arrival]);
    notice(of, key('a.csv'), '0062E9A3');
    await settle(of);
    expect(requests(of)).toEqual([arrival, arrival]);
  });

  test('whose events do not say where they stand are never passed over', async () => {
    const of = newTriggering();
    for (const second of [0, 1_000]) notice(of, key('a.csv'), '', second);
    await settle(of);
    expect(requests(of)).toEqual([arrival, arrival]);
  });

  test('with a key that names no slice are told: the message is given up, and its neighbours are not', async () => {
    const of = newTriggering();
    notice(of, 'orders/2026-3-1/x.csv');
    notice(of, 'orders/x.csv');
    notice(of, key('a.csv'));
    await settle(of);
    expect(requests(of)).toEqual([arrival]);
    expect(of.dlq.map(({ body }) => JSON.parse(body).detail.object.key)).toEqual([
      'orders/2026-3-1/x.csv',
      'orders/x.csv',
    ]);
  });

  test('a message of nobody is given up', async () => {
    const of = newTriggering();
    of.messages.push(
      { id: 'x', body: 'no JSON', at: 0, receives: 0 },
      { id: 'y', body: '{}', at: 0, receives: 0 },
    );
    await settle(of);
    expect(of.dlq.map(({ id }) => id).sort()).toEqual(['x', 'y']);
  });
});

describe('a job that waits for a marker', () => {
  const marked = () => newTriggering({ arrival: { quietSeconds: quiet, marker: '_SUCCESS' } });

  test('starts no run before it is there, and one when it has come', async () => {
    const of = marked();
    notice(of, key('a.csv'));
    await settle(of);
    expect(of.starts).toEqual([]);
    notice(of, key('_SUCCESS'), '1', of.time, 0);
    await settle(of);
    expect(requests(of)).toEqual([arrival]);
  });

  test('takes no file of that name elsewhere for it', async () => {
    const of = marked();
    notice(of, key('eu/_SUCCESS'));
    notice(of, key('_SUCCESS', '2026-03-02'));
    notice(of, key('a.csv'));
    await settle(of);
    expect(requests(of)).toEqual([{ ...arrival, slice: '2026-03-02' }]);
  });

  test('starts one run where the marker came before the last file was told', async () => {
    const of = marked();
    notice(of, key('_SUCCESS'), '1', 0, 0);
    notice(of, key('a.csv'), '1', quiet - 1);
    await settle(of);
    expect(requests(of)).toEqual([arrival]);
  });
});

describe('a paused job', () => {
  const paused = async () => {
    const of = newTriggering();
    await of.ledger.putPause('orders', { at: '2026-03-02T12:00:00Z', by: 'ann', reason: null });
    notice(of, key('a.csv'));
    await settle(of);
    return of;
  };

  test('counts its files, and starts nothing', async () => {
    const of = await paused();
    expect(of.starts).toEqual([]);
    expect(await of.ledger.listTriggers('orders')).toEqual([
      { job: 'orders', slice, count: 1, due: 1, started: 0, after: null, afterStarted: null },
    ]);
  });

  test('starts what waited once it is asked for behind its pause, once', async () => {
    const of = await paused();
    await of.ledger.removePause('orders');
    say(of, { schemaVersion: 1, due: { slice, count: 1 } });
    say(of, { schemaVersion: 1, due: { slice, count: 1 } });
    await settle(of);
    expect(requests(of)).toEqual([arrival]);
  });
});

describe('a burst', () => {
  /** Notices by twos and more, in any order, some of them again at any later time. */
  const burst = fc.record({
    order: fc.infiniteStream(fc.nat()),
    gaps: fc.infiniteStream(fc.nat({ max: quiet - 1 })),
    batches: fc.infiniteStream(fc.integer({ min: 1, max: 10 })),
    repeats: fc.array(fc.record({ file: fc.nat(), at: fc.nat({ max: 100_000 }) }), { maxLength: 200 }),
  });

  /** Plays a burst, each next notice within quiet of the one before. */
  async function play(files: number, { order, gaps, batches, repeats }: Burst): Promise<Triggering> {
    const of = newTriggering();
    const names = shuffled(
      Array.from({ length: files }, (_, i) => `${i}.csv`),
      order,
    );
    let at = 0;
    while (names.length > 0) {
      const batch = names.splice(0, batches.next().value);
      for (const name of batch) notice(of, key(name), '0062E9', at);
      at += gaps.next().value;
    }
    for (const repeat of repeats) notice(of, key(`${repeat.file % files}.csv`), '0062E9', repeat.at);
    await settle(of);
    return of;
  }

  test('F15 of 1,000 files is one run, whatever the order, repeats and batches of its notices', async () => {
    await fc.assert(
      fc.asyncProperty(burst, async (how) => {
        const of = await play(1_000, how);
        expect(requests(of)).toEqual([arrival]);
        expect(of.messages).toEqual([]);
      }),
      { numRuns: 5 },
    );
  }, 120_000);

  test('F15 whose function is interrupted anywhere ends with a run that began behind the last file', async () => {
    const interruption = fc.record({
      write: fc.integer({ min: 1, max: 60 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    });
    await fc.assert(
      fc.asyncProperty(burst, interruption, async (how, where) => {
        const of = newTriggering();
        of.interruption = where;
        const put: number[] = [];
        for (let i = 0, at = 0; i < 20; i++, at += how.gaps.next().value) {
          notice(of, key(`${i}.csv`), '0062E9', at);
          put.push(at);
        }
        await settle(of);
        expect(of.dlq).toEqual([]);
        expect(of.starts.at(-1)?.time).toBeGreaterThan(Math.max(...put));
        expect(new Set(of.starts.map(({ runId }) => runId)).size).toBe(of.starts.length);
      }),
    );
  });
});

interface Burst {
  order: fc.Stream<number>;
  gaps: fc.Stream<number>;
  batches: fc.Stream<number>;
  repeats: Array<{ file: number; at: number }>;
}

function shuffled<T>(items: T[], order: fc.Stream<number>): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(order.next().value % left.length, 1));
}
