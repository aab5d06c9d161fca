/** Executions that are stopped: nobody's `Catch` runs, and functions that they called go on. */
import { DisableRuleCommand, EnableRuleCommand, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { GetFunctionConfigurationCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../core/ledger.ts';
import { sweeperOf, sweepNow } from '../../support/deployed.ts';
import {
  call,
  expectFailed,
  expectLoaded,
  type FaultRuns,
  fileOf,
  gate,
  job,
  type Started,
} from '../../support/fault-runs.ts';
import type { Call } from '../../support/proxy.ts';
import { until } from '../../support/until.ts';

const names = ['ada', 'bob', 'cyd'];

/** A run held at a call of one of its functions, before or behind the deed. */
async function heldAt(runs: FaultRuns, slice: string, wanted: (call: Call) => boolean) {
  const held = gate();
  const statuses: number[] = [];
  const rule = runs.cloud.proxy.on(
    wanted,
    {
      before: async () => void (await held.wait()),
      after: async (_, { status }) => void statuses.push(status),
    },
    1,
  );
  await runs.deliver(slice, 'a.csv', fileOf(names));
  const started = await runs.start(slice);
  await until('the call is made', async () => rule.calls.length === 1);
  return { started, statuses, release: held.open };
}

const closed = (runs: FaultRuns, { runId }: Started, status: RunRecord['status']): Promise<RunRecord> =>
  until(`${runId} is ${status}`, async () => {
    const run = await runs.ledger.getRun(job, runId);
    return run?.status === status && run;
  });

/** The status events of stopped executions get lost while `work` goes on. */
async function deaf<T>({ cloud }: FaultRuns, work: () => Promise<T>): Promise<T> {
  const { events } = cloud.clients;
  const { Rules = [] } = await events.send(new ListRulesCommand({}));
  const Name = Rules.find(({ Name: name = '' }) => name.includes('EndedExecutions'))?.Name;
  expect(Name).toBeDefined();
  await events.send(new DisableRuleCommand({ Name }));
  try {
    return await work();
  } finally {
    await events.send(new EnableRuleCommand({ Name }));
  }
}

/** Catalog's five minutes are over at once for the sweeper: what it does behind them, it does now. */
async function impatient<T>(runs: FaultRuns, work: () => Promise<T>): Promise<T> {
  const { lambda } = runs.cloud.clients;
  const FunctionName = await sweeperOf(lambda);
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const set = (Variables: Record<string, string>) =>
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  await set({ ...Environment?.Variables, CATALOG_TIMEOUT: '0' });
  try {
    return await work();
  } finally {
    await set({ ...Environment?.Variables });
  }
}

const commits = call('UpdateItem', 'COMMITTING');

export function stops(runs: () => FaultRuns): void {
  test('F35 a run that is stopped half-way is FAILED, nothing of it is seen, and the next one loads the slice', async () => {
    const slice = runs().slice();
    const { started, release } = await heldAt(runs(), slice, call('PutObject', '/batches/2'));
    await runs().stop(started);
    await expectFailed(runs(), await closed(runs(), started, 'FAILED'), 'ExecutionEnded');
    expect(await runs().partition(slice)).toBeNull();
    release();
    const next = await runs().ended(await runs().start(slice));
    expect(next.revision).toBe(1);
    await expectLoaded(runs(), next, names);
  });

  test('F14 a stopped run whose status event is lost, too, is found by the sweeper, and told once', async () => {
    const slice = runs().slice();
    const { started, release } = await heldAt(runs(), slice, call('PutObject', '/batches/0'));
    await deaf(runs(), () => runs().stop(started));
    expect((await runs().ended(started)).status).toBe('RUNNING');
    expect((await sweepNow(runs().cloud.clients.lambda)).failed).toBe(1);
    expect((await sweepNow(runs().cloud.clients.lambda)).failed).toBe(0);
    await expectFailed(runs(), await closed(runs(), started, 'FAILED'), 'ExecutionEnded');
    release();
  });

  test('F21 a lease whose execution has ended is taken over, and that run is FAILED first', async () => {
    const slice = runs().slice();
    const { started, release } = await heldAt(runs(), slice, call('PutObject', '/batches/0'));
    await deaf(runs(), () => runs().stop(started));
    const next = await runs().ended(await runs().start(slice));
    await expectFailed(runs(), await closed(runs(), started, 'FAILED'), 'ExecutionEnded');
    await expectLoaded(runs(), next, names);
    expect(next.fence).toBe(2);
    release();
  });

  describe('an old Catalog that wakes behind a takeover', () => {
    test('F19 before its commit is fenced off', async () => {
      const slice = runs().slice();
      const { started, statuses, release } = await heldAt(runs(), slice, commits);
      await runs().stop(started);
      await closed(runs(), started, 'FAILED');
      const next = await runs().ended(await runs().start(slice));
      release();
      await until('the old Catalog is answered', async () => statuses.length === 1);
      expect(statuses).toEqual([400]);
      await expectFailed(runs(), await closed(runs(), started, 'FAILED'), 'ExecutionEnded');
      await expectLoaded(runs(), next, names);
    });

    test('F19 in its commit points the partition back, and puts it right itself', async () => {
      const slice = runs().slice();
      const { started, release } = await heldAt(runs(), slice, call('BatchCreatePartition'));
      await runs().stop(started);
      await closed(runs(), started, 'COMMITTING');
      await impatient(runs(), async () =>
        expect((await sweepNow(runs().cloud.clients.lambda)).rolledForward).toBe(1),
      );
      const first = await closed(runs(), started, 'COMPLETED');
      await expectLoaded(runs(), first, names);
      await runs().deliver(slice, 'b.csv', fileOf(['dot']));
      const next = await runs().ended(await runs().start(slice));
      await expectLoaded(runs(), next, [...names, 'dot']);

      const { calls } = runs().cloud.proxy;
      const behind = calls.length;
      release();
      const pointedTo = (runId: string) => (made: Call) =>
        made.action.startsWith('BatchUpdate') && made.body.includes(runId);
      await until(
        'the partition is set twice',
        async () => calls.slice(behind).filter(pointedTo('run=')).length === 2,
      );
      const [wrong, right] = calls.slice(behind).filter(pointedTo('run='));
      expect([wrong, right].map((made) => made && pointedTo(started.runId)(made))).toEqual([true, false]);
      await until('it is right', async () => (await runs().partition(slice)) === next.runId);
      await expectLoaded(runs(), next, [...names, 'dot']);
    });
  });
}
