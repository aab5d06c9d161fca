import { expect, test } from 'vitest';
import { type CancelDeps, cancelRun } from '../../../cli/failures/cancel.ts';
import type { RunRecord } from '../../../core/ledger.ts';
import { closeRun } from '../../../tasks/close-run/close-run.ts';
import { sweep } from '../../../tasks/sweep/sweep.ts';
import { arnOf, begin, end, held, load, newWorld, type World } from '../../support/world.ts';

const slice = '2026-03-01';
const manual = { trigger: 'manual' as const, slice };

/** The cloud as the command sees it: whatever else happens, happens while it waits. */
function depsOf(world: World, meanwhile: () => Promise<unknown>): CancelDeps & { stopped: string[] } {
  const stopped: string[] = [];
  return {
    ...world.ledger,
    stopped,
    describe: async (arn) => world.executions.get(arn) ?? null,
    stop: async (arn, error) => {
      stopped.push(`${error.Error} ${error.Cause}`);
      world.executions.set(arn, { status: 'ENDED', stoppedAt: world.now.toISOString(), error, output: null });
    },
    sleep: async () => void (await meanwhile()),
    progress: () => undefined,
    by: 'arn:aws:iam::000000000000:user/ann',
  };
}

const recordOf = async (world: World, runId: string): Promise<RunRecord> =>
  (await world.ledger.getRun('orders', runId)) ?? expect.fail(`${runId} is not there`);

const statusEvent = (runId: string) => ({ detail: { executionArn: arnOf(runId), status: 'ABORTED' } });

test('F35 a cancelled run ends FAILED with who cancelled it, and its slice is free', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  const deps = depsOf(world, () => sweep(world.deps, statusEvent('r1')));
  const { run, cancelled, marked } = await cancelRun(deps, await recordOf(world, 'r1'));
  expect({ cancelled, marked, status: run.status }).toEqual({
    cancelled: true,
    marked: null,
    status: 'FAILED',
  });
  expect(run.error).toEqual({ name: 'Cancelled', message: 'by arn:aws:iam::000000000000:user/ann' });
  expect((await world.ledger.getSlice('orders', slice))?.holder).toBeNull();
  expect((await held(world, 'r2', manual)).revision).toBe(1);
});

test('a run that waits for the slice is named, and begins', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  const busy = await begin(world, 'r2', manual);
  const deps = depsOf(world, () => sweep(world.deps, statusEvent('r1')));
  const { marked } = await cancelRun(deps, await recordOf(world, 'r1'));
  expect(marked).toBe(busy.outcome === 'busy' ? busy.markedRunId : '');
  expect(world.started.map(({ runId }) => runId)).toEqual([marked]);
});

test('a run that has passed its commit point is not stopped but rolled forward, and that is said', async () => {
  const world = newWorld();
  const ref = await held(world, 'r1', manual);
  await load(world, ref);
  const deps = depsOf(world, () => closeRun(world.deps, ref));
  const { run, cancelled } = await cancelRun(deps, await recordOf(world, 'r1'));
  expect(deps.stopped).toEqual([]);
  expect([cancelled, run.status]).toEqual([false, 'COMPLETED']);
});

test('a run that commits while it is being stopped is rolled forward by the sweeper, and that is said', async () => {
  const world = newWorld();
  const ref = await held(world, 'r1', manual);
  const seen = await recordOf(world, 'r1');
  await load(world, ref);
  const deps = depsOf(world, async () => {
    world.now = new Date(world.now.getTime() + 120_000);
    await sweep(world.deps, { sweep: 'all' });
  });
  const { run, cancelled } = await cancelRun(deps, seen);
  expect(deps.stopped).toHaveLength(1);
  expect([cancelled, run.status]).toEqual([false, 'COMPLETED']);
  expect((await world.ledger.getSlice('orders', slice))?.committed?.runId).toBe('r1');
});

test('a run that has ended is not cancelled, and the answer says what it is', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  end(world, 'r1');
  await sweep(world.deps, statusEvent('r1'));
  const deps = depsOf(world, async () => undefined);
  await expect(cancelRun(deps, await recordOf(world, 'r1'))).rejects.toThrow(/r1 is FAILED/);
  expect(deps.stopped).toEqual([]);
});
