import { expect, test } from 'vitest';
import { replay } from '../../../cli/commands/events-replay.ts';
import { eventId } from '../../../core/events.ts';
import { closeRun } from '../../../tasks/close-run/close-run.ts';
import { held, load, newWorld } from '../../support/world.ts';
import { forebay } from './forebay.ts';

type Published = Parameters<Parameters<typeof replay>[0]['publish']>[0];

/** Three slices that were loaded an hour apart. */
async function prepare() {
  const world = newWorld();
  for (const day of [1, 2, 3]) {
    const run = await held(world, `r${day}`, { trigger: 'manual', slice: `2026-03-0${day}` });
    await load(world, run);
    await closeRun(world.deps, run);
    world.now = new Date(world.now.getTime() + 3_600_000);
  }
  const published: Published = [];
  const deps = {
    listSent: world.ledger.listSent,
    publish: async (events: Published) => void published.push(...events),
  };
  return { world, deps, published };
}

test('events of a time are sent again as they were, oldest first, and no others', async () => {
  const { world, deps, published } = await prepare();
  const between = { from: '2026-03-02T12:00:00.000Z', to: '2026-03-02T14:00:00.000Z' };
  const events = await replay(deps, between, {});
  expect(events.map(({ type, runId }) => `${type} ${runId}`)).toEqual(['JobCompleted r1', 'JobCompleted r2']);
  expect(published.map(({ id }) => id)).toEqual(['r1', 'r2'].map((run) => eventId(run, 'JobCompleted')));
  expect(published.map(({ detail }) => detail)).toEqual(world.sent.slice(0, 2).map(({ body }) => body));
  expect(published.map(({ time }) => time)).toEqual([between.from, '2026-03-02T13:00:00.000Z']);
});

test('a dry run, and a job that sent none, send nothing', async () => {
  const { deps, published } = await prepare();
  const between = { from: '2026-03-02T00:00:00.000Z', to: '2026-03-03T00:00:00.000Z' };
  expect(await replay(deps, between, { dryRun: true })).toHaveLength(3);
  expect(await replay(deps, between, { job: 'payments' })).toEqual([]);
  expect(published).toEqual([]);
});

test.each([
  [['--from', 'yesterday', '--to', '2026-03-02'], "--from is 'yesterday': give a day such as"],
  [['--from', '2026-03-01T06:00', '--to', '2026-03-02'], "--from is '2026-03-01T06:00': give a day such as"],
  [['--from', '2026-03-02', '--to', '2026-03-02'], '--to 2026-03-02 is not behind --from 2026-03-02'],
])('a time that is none is told: %j', async (options, message) => {
  const { code, err } = await forebay('events', 'replay', ...options);
  expect(code).toBe(64);
  expect(err).toContain(message);
});
