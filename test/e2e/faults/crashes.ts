/** Functions that die between two of their calls. The kernel ends the process; the machine tries the task again. */
import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../core/ledger.ts';
import { call, expectLoaded, type FaultRuns } from '../../support/fault-runs.ts';
import type { Call } from '../../support/proxy.ts';

interface Crash {
  what: string;
  task: string;
  /** Whether the cloud has done the call when the process ends. */
  done: boolean;
  at: (call: Call) => boolean;
  /** What more holds behind it. */
  also?: (runs: FaultRuns, run: RunRecord) => Promise<void>;
}

/** The source is not read a second time for what comes behind Extract. */
const readOnce = async ({ cloud }: FaultRuns): Promise<void> => {
  const { proxy, outputs } = cloud;
  expect(proxy.calls.filter(call('GetObject', `/${outputs.InboxBucket}/`)).length).toBe(1);
};

const toldTwice = async (runs: FaultRuns, { runId }: RunRecord): Promise<void> => {
  expect((await runs.events(runId)).length).toBe(2);
};

const toldOnce = async (runs: FaultRuns, { runId }: RunRecord): Promise<void> => {
  expect((await runs.events(runId)).length).toBe(1);
};

const written = 'TransactWriteItems';
const points: Crash[] = [
  { what: 'behind the lease', task: 'OpenRun', done: true, at: call(written, 'SLICE#') },
  { what: 'behind the listing', task: 'Discover', done: true, at: call('PutObject', '/objects.json') },
  { what: 'F01 before the raw object is put', task: 'Extract', done: false, at: call('PutObject', '/raw/') },
  { what: 'F02 behind the raw object', task: 'Extract', done: true, at: call('PutObject', '/raw/') },
  { what: 'F02 behind the scan', task: 'Extract', done: true, at: call('PutObject', '/scans/') },
  { what: 'F02 behind the ledger', task: 'Extract', done: true, at: call(written, 'OBJECT#') },
  { what: 'behind the plan', task: 'Plan', done: true, at: call('PutObject', '/shards.json') },
  { what: 'F13 while a shard is read', task: 'Envelope', done: true, at: call('GetObject', '/raw/') },
  { what: 'F13 behind a batch', task: 'Envelope', done: true, at: call('PutObject', '/batches/') },
  { what: 'F03 before the first message', task: 'Envelope', done: true, at: call(written, 'SHARD#') },
  { what: 'F13 while a part is written', task: 'WriteLake', done: false, at: call('CopyObject') },
  { what: 'F06 behind the part', task: 'WriteLake', done: true, at: call('CopyObject') },
  { what: 'F06 before the acknowledgement', task: 'WriteLake', done: true, at: call(written, 'SINK#') },
  { what: 'F06 behind the acknowledgement', task: 'WriteLake', done: true, at: call('SendTaskSuccess') },
  {
    what: 'F07 behind the manifest',
    task: 'Reconcile',
    done: true,
    at: call('PutObject', '/manifests/'),
    also: readOnce,
  },
  {
    what: 'F07 before the commit',
    task: 'Catalog',
    done: false,
    at: call('UpdateItem', 'COMMITTING'),
    also: readOnce,
  },
  {
    what: 'F08 in the commit',
    task: 'Catalog',
    done: true,
    at: call('UpdateItem', 'COMMITTING'),
    also: toldOnce,
  },
  {
    what: 'F08 behind the partition',
    task: 'Catalog',
    done: true,
    at: call('BatchCreatePartition'),
    also: toldOnce,
  },
  { what: 'F08 before the event', task: 'CloseRun', done: true, at: call(written), also: toldOnce },
  { what: 'F09 behind the event', task: 'CloseRun', done: true, at: call('PutEvents'), also: toldTwice },
];

export function crashes(runs: () => FaultRuns): void {
  describe('a function whose process ends', () => {
    test.each(points)(
      '$what is taken up again, and each record is there once',
      async ({ task, done, at, also }) => {
        const { cloud, slice } = runs();
        const die = async () => {
          expect(await cloud.kill(task)).toBeGreaterThan(0);
          return 'drop' as const;
        };
        const ofTask = (made: Call) =>
          at(made) && (task !== 'CloseRun' || made.body.includes('COMPLETED') || made.action === 'PutEvents');
        const rule = cloud.proxy.on(ofTask, done ? { after: die } : { before: die }, 1);
        const names = ['ada', 'bob'];
        const { run } = await runs().load(slice(), names);
        expect(rule.calls.length).toBe(1);
        await expectLoaded(runs(), run, names);
        await also?.(runs(), run);
      },
    );
  });
}
