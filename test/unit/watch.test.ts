import { expect, test } from 'vitest';
import type { RunRecord } from '../../core/ledger.ts';
import { closeRun } from '../../tasks/close-run/close-run.ts';
import { failOpened } from '../../tasks/fail-run/fail-run.ts';
import { watch } from '../../tasks/watch/watch.ts';
import { held, job, load, newWorld } from '../support/world.ts';

const hour = 3_600;
const daily = { ...job, freshnessSeconds: 6 * hour };

/** The slice of 1 March is committed, the run of 2 March failed, and nothing is known of 3 March. */
async function gaps() {
  const world = newWorld();
  const loaded = await held(world, 'r1', { trigger: 'manual', slice: '2026-03-01' });
  await load(world, loaded);
  await closeRun(world.deps, loaded);
  const { runId } = await held(world, 'r2', { trigger: 'manual', slice: '2026-03-02' });
  const run = (await world.ledger.getRun('orders', runId)) as RunRecord;
  await failOpened(world.deps, run, { name: 'SourceEmpty', message: '' });
  world.measured.length = 0;
  // 3 March ends in Amsterdam at 23:00 UTC, and is late six hours behind that.
  world.now = new Date('2026-03-04T05:00:00.000Z');
  return { world, deps: { ...world.ledger, ...world.deps } };
}

test('the late slices and the open failures of a job are measured', async () => {
  const { world, deps } = await gaps();
  expect(await watch(deps, { job: daily })).toEqual({ missing: 2, failures: 1 });
  expect(world.measured).toEqual([{ runId: undefined, measures: { MissingSlices: 2, OpenFailures: 1 } }]);
});

test('of a paused job no slice counts as late, and its failures go on counting', async () => {
  const { world, deps } = await gaps();
  const getPause = async () => ({ at: '2026-03-02T00:00:00.000Z', by: 'anna', reason: null });
  expect(await watch({ ...deps, getPause }, { job: daily })).toEqual({ missing: null, failures: 1 });
  expect(world.measured).toEqual([{ runId: undefined, measures: { MissingSlices: 0, OpenFailures: 1 } }]);
});

test('a job that expects no slices has no measure of late ones', async () => {
  const { world, deps } = await gaps();
  const input = { job: { ...daily, freshnessSeconds: null } };
  expect(await watch(deps, input)).toEqual({ missing: null, failures: 1 });
  expect(world.measured).toEqual([{ runId: undefined, measures: { OpenFailures: 1 } }]);
});
