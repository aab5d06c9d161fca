/**
 * Every order in which the protocol's steps can happen, over the tasks' own code. A fault may strike run r1 at any
 * of its steps once; the function that it strikes goes on alone, for as long as a schedule lets it. Where there are
 * too many orders, the number of switches is bounded: how often another actor gets in between although the one that
 * went last could go on. A switch after a fault, and after an end, is free.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../../../aws/interfaces.ts';
import { ledger } from '../../../aws/ledger.ts';
import { createLedgerTables } from '../../support/ledger-tables.ts';
import type { LedgerState } from '../../support/memory-ledger.ts';
import { startCloud, type TestCloud } from '../../support/ministack.ts';
import type { Scenario } from '../../support/protocol-model.ts';
import { ledgerModel, memoryModel } from '../../support/protocol-search.ts';
import { explore, runOne } from '../../support/schedules.ts';

const one = [{ id: 'r1', force: false }];
const two = [...one, { id: 'r2', force: true }];
const three = [...two, { id: 'r3', force: false }];
const fault = (...kinds: NonNullable<Scenario['faults']>['kinds']) => ({
  faults: { kinds, budget: 1, of: 'r1' },
});

const scenarios = {
  'F32 two runs of one slice, in every order': { runs: two },
  'F32 three runs of one slice': { runs: three, switches: 1 },
  'a run whose Catch runs while its function is still at work, in every order': {
    runs: one,
    ...fault('catch'),
  },
  'F17 F32 a file that arrives at any moment, with the run that it starts': {
    ...{ runs: one, arrival: 'r2', switches: 2 },
  },
  'F17 the same, where an answer is lost and the task tried again, stopped or caught': {
    ...{ runs: one, arrival: 'r2', switches: 0, ...fault('retry', 'stop', 'catch') },
  },
  'F14 F21 an execution that is stopped at any step, and the sweeper': {
    ...{ runs: one, sweeps: 1, switches: 2, ...fault('stop') },
  },
  'F19 an execution that is stopped, a run that takes over, and the old function that wakes': {
    ...{ runs: two, switches: 1, ...fault('stop') },
  },
  'F10 F32 an answer of OpenRun that is lost while another run is there': {
    ...{ runs: two, switches: 1, faults: { ...fault('retry').faults, task: 'OpenRun' } },
  },
  'F17 an answer of Discover that is lost while a file arrives': {
    ...{ runs: one, arrival: 'r2', switches: 1, faults: { ...fault('retry').faults, task: 'Discover' } },
  },
  'two runs, FailRun and the sweeper, whatever strikes': {
    ...{ runs: two, sweeps: 1, switches: 0, ...fault('stop', 'retry', 'catch') },
  },
} satisfies Record<string, Scenario>;

test.each(Object.entries<Scenario>(scenarios))(
  '%s',
  async (_name, scenario) => {
    const { schedules, states } = await explore(() => memoryModel(scenario));
    console.log(`${schedules} schedules, ${states} states`);
    expect(states).toBeGreaterThan(500);
  },
  120_000,
);

const sliceIn = ({ slices }: LedgerState) => [...slices.values()][0];
const runIn = ({ runs }: LedgerState, { runId }: { runId: string }) =>
  [...runs.values()].find((run) => run.runId === runId);

/** The ledger without one of its conditions, a scenario that finds it, and what it finds. */
const mutants: Array<
  [string, keyof typeof scenarios, RegExp, (ledger: Ledger, state: LedgerState) => Ledger]
> = [
  [
    'opens a run although another holds the slice',
    'F32 two runs of one slice, in every order',
    /^r1,r2 open, held by r2/,
    (ledger, state) => ({
      ...ledger,
      acquire: async (seen, run) => {
        const slice = sliceIn(state);
        if (slice !== undefined && seen === null) Object.assign(slice, { holder: null });
        return ledger.acquire(slice ?? null, run);
      },
    }),
  ],
  [
    'gives the fence of the reading, though somebody was there since',
    'F32 two runs of one slice, in every order',
    /^two runs have one fence: 1,1/,
    (ledger, state) => ({
      ...ledger,
      acquire: async (seen, run) => {
        const slice = sliceIn(state);
        if (slice === undefined || slice.holder !== null) return ledger.acquire(seen, run);
        slice.fence = seen?.fence ?? 0;
        return ledger.acquire(slice, run);
      },
    }),
  ],
  [
    'commits a run that is not RUNNING any more',
    'a run whose Catch runs while its function is still at work, in every order',
    /^r1: FAILED→COMMITTING/,
    (ledger, state) => ({
      ...ledger,
      beginCommit: async (run, commit) => {
        Object.assign(runIn(state, run) ?? {}, { ...commit, status: 'COMMITTING' });
        return true;
      },
    }),
  ],
  [
    'fails a run that is committing',
    'a run whose Catch runs while its function is still at work, in every order',
    /^r1: COMMITTING→FAILED/,
    (ledger, state) => ({
      ...ledger,
      closeFailed: async (run, close) => {
        Object.assign(runIn(state, run) ?? {}, { status: 'RUNNING' });
        return ledger.closeFailed(run, close);
      },
    }),
  ],
  [
    'closes a committed run again, with the event anew',
    'F14 F21 an execution that is stopped at any step, and the sweeper',
    /^the sweeper finds something to do for ever/,
    (ledger, state) => ({
      ...ledger,
      closeCommitted: async (run, close) => {
        const closed = await ledger.closeCommitted(run, close);
        if (!closed) for (const record of close.outbox) state.outbox.set(record.id, record);
        return closed;
      },
    }),
  ],
  [
    'lets a later mark replace an earlier one',
    'F32 three runs of one slice',
    /^r2 was busy behind r1, and m-\w+ did not follow/,
    (ledger, state) => ({
      ...ledger,
      mark: async (job, name, holder, mark) => {
        const slice = sliceIn(state);
        if (slice?.holder?.runId === holder) slice.mark = null;
        return ledger.mark(job, name, holder, mark);
      },
    }),
  ],
  [
    'forgets the mark when the slice is freed',
    'F32 two runs of one slice, in every order',
    /^r2 was busy behind r1, and m-\w+ did not follow/,
    (ledger, state) => ({
      ...ledger,
      closeCommitted: async (run, close) => {
        const slice = sliceIn(state);
        const closed = await ledger.closeCommitted(run, close);
        if (closed && slice !== undefined) slice.mark = null;
        return closed;
      },
    }),
  ],
];

test.each(mutants)('the model finds a ledger that %s', async (_name, scenario, found, change) => {
  await expect(explore(() => memoryModel(scenarios[scenario], change))).rejects.toThrow(found);
});

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startCloud({ auth: false });
}, 180_000);
afterAll(() => cloud?.stop());

test('the same holds of the ledger in DynamoDB, for a sample of schedules', async () => {
  const client = new DynamoDBClient({ ...cloud.client, maxAttempts: 4 });
  const all = Object.values<Scenario>(scenarios).map(({ switches: _any, ...scenario }) => scenario);
  let schedules = 0;
  const property = fc.asyncProperty(
    fc.constantFrom(...all),
    fc.infiniteStream(fc.nat({ max: 1_000_000 })),
    async (scenario, picks) => {
      const tables = await createLedgerTables(client, `sample-${schedules++}`);
      const pick = (n: number) => Number(picks.next().value) % n;
      await runOne(await ledgerModel(scenario, ledger(client, tables)), pick);
    },
  );
  await fc.assert(property, { seed: 20_260_301, numRuns: 60 });
  expect(schedules).toBe(60);
}, 180_000);
