import { expect, test } from 'vitest';
import { resume } from '../../../cli/commands/jobs-pause.ts';
import { commitSlice } from '../../support/commits.ts';
import {
  commitNotice,
  newTriggering,
  notice,
  say,
  settle,
  type Triggering,
} from '../../support/triggering.ts';
import { begin, held, newWorld } from '../../support/world.ts';

const pause = { at: '2026-03-02T12:00:00Z', by: 'ann', reason: 'the source is late' };
const scheduled = { trigger: 'schedule' as const, scheduledTime: '2026-03-02T01:15:00Z' };
const slice = '2026-03-01';

test('a scheduled run of a paused job is none: it has no record, and its slice is as it was', async () => {
  const world = newWorld();
  await world.ledger.putPause('orders', pause);
  expect(await begin(world, 'r1', scheduled)).toEqual({
    outcome: 'paused',
    run: { job: 'orders', runId: 'r1', slice },
  });
  expect(await world.ledger.getRun('orders', 'r1')).toBeNull();
  expect(await world.ledger.listSlices('orders')).toEqual([]);
  await world.ledger.removePause('orders');
  expect(await begin(world, 'r2', scheduled)).toMatchObject({ outcome: 'held', run: { slice } });
});

test.each(['manual', 'backfill', 'redrive', 'mark', 'arrival', 'after'] as const)(
  'a pause does not stop a run that was started by %s',
  async (trigger) => {
    const world = newWorld();
    await world.ledger.putPause('orders', pause);
    expect(await begin(world, 'r1', { trigger, slice })).toMatchObject({ outcome: 'held' });
  },
);

test('a pause of another job is no pause', async () => {
  const world = newWorld();
  await world.ledger.putPause('invoices', pause);
  expect(await begin(world, 'r1', scheduled)).toMatchObject({ outcome: 'held' });
});

test('a scheduled run that has its lease goes on, though its answer was lost and the job paused since', async () => {
  const world = newWorld();
  await held(world, 'r1', scheduled);
  await world.ledger.putPause('orders', pause);
  expect(await begin(world, 'r1', scheduled)).toMatchObject({ outcome: 'held', run: { runId: 'r1' } });
});

/** Files and a commit that came while the job was paused. */
async function waiting(): Promise<Triggering> {
  const of = newTriggering({ timezone: 'UTC' }, [{ name: 'customers', cadence: 'daily', timezone: 'UTC' }]);
  await of.ledger.putPause('orders', pause);
  await commitSlice(of.ledger, 'customers', '2026-03-03');
  commitNotice(of, 'customers', '2026-03-03');
  for (const day of ['2026-03-01', '2026-03-02']) notice(of, `orders/${day}/a.csv`);
  await settle(of);
  expect(of.starts).toEqual([]);
  return of;
}

const startedSlices = (of: Triggering) =>
  of.starts.map(({ request }) => `${request.slice} ${request.trigger}`);
const all = ['2026-03-01 arrival', '2026-03-02 arrival', '2026-03-03 after'];

test('a resume asks for all that waited, once', async () => {
  const of = await waiting();
  const send = async (message: Parameters<typeof say>[1]) => say(of, message);
  const asked = ['2026-03-01', '2026-03-02', '2026-03-03'];
  expect(await resume(of.ledger, 'orders', send)).toEqual({ paused: pause, asked });
  await settle(of);
  expect(startedSlices(of)).toEqual(all);
  expect(await resume(of.ledger, 'orders', send)).toEqual({ paused: null, asked: [] });
});

test('a resume that is interrupted at any message, and called again, starts each run once', async () => {
  for (let last = 0; last < 3; last++) {
    const of = await waiting();
    let sent = 0;
    const dying = async (message: Parameters<typeof say>[1]) => {
      if (sent++ === last) throw new Error('the machine is off');
      say(of, message);
    };
    await expect(resume(of.ledger, 'orders', dying)).rejects.toThrow('off');
    if (last === 1) await settle(of);
    await resume(of.ledger, 'orders', async (message) => say(of, message));
    await settle(of);
    expect(startedSlices(of).sort()).toEqual(all);
  }
});

test('what becomes due while somebody resumes is started, whichever of the two comes first at each step', async () => {
  // Three moments at which the resume can come in: before the due count is written, before the pause is read, after.
  for (const verb of ['setDue', 'getPause', 'none'] as const) {
    const of = newTriggering();
    await of.ledger.putPause('orders', pause);
    notice(of, `orders/${slice}/a.csv`);
    const plain = { ...of.ledger };
    const resumed = () => resume(plain, 'orders', async (message) => say(of, message));
    if (verb === 'setDue') {
      of.ledger.setDue = async (...args) => {
        of.ledger.setDue = plain.setDue;
        await resumed();
        return plain.setDue(...args);
      };
    }
    if (verb === 'getPause') {
      of.ledger.getPause = async (...args) => {
        of.ledger.getPause = plain.getPause;
        await resumed();
        return plain.getPause(...args);
      };
    }
    await settle(of);
    if (verb === 'none') await resumed();
    await settle(of);
    expect(startedSlices(of), verb).toEqual([`${slice} arrival`]);
  }
});

test('a resume does not cut a quiet time short', async () => {
  const of = newTriggering();
  await of.ledger.putPause('orders', pause);
  await of.ledger.countArrival('orders', slice);
  expect(await resume(of.ledger, 'orders', async (message) => say(of, message))).toEqual({
    paused: pause,
    asked: [],
  });
});
