/** Named schedules of the protocol, over the tasks' own code: Catalog and FailRun in both orders, and old functions that wake. */
import { expect, test } from 'vitest';
import { partitionPrefix, tableName } from '../../../core/storage.ts';
import { sweep } from '../../../tasks/sweep/sweep.ts';
import { begin, gated, newProtocol, type Protocol, slice } from '../../support/protocol-model.ts';
import type { Thread } from '../../support/schedules.ts';
import { end, events, job } from '../../support/world.ts';

const force = { trigger: 'manual' as const, slice, force: true };
const partition = ({ catalog }: Protocol) =>
  catalog.partitions.get(`${tableName(job.name)}/${slice}`)?.location;
const locationOf = (runId: string) => `s3://lake/${partitionPrefix(job.name, slice, runId)}`;
const statusOf = async ({ world }: Protocol, runId: string) =>
  (await world.ledger.getRun(job.name, runId))?.status;

async function newRun(): Promise<Protocol> {
  const protocol = newProtocol({ runs: [{ id: 'r1', force: false }] });
  await protocol.gates.settle();
  return protocol;
}

const functionOf = (protocol: Protocol) => {
  const current = protocol.executions[0]?.function;
  if (current == null) throw new Error('r1 waits for no function');
  return current;
};

/** Lets r1 go on until its task stands before a verb, and gives that function. */
async function upTo(protocol: Protocol, task: string, verb: string): Promise<Thread> {
  for (let current = functionOf(protocol); ; current = functionOf(protocol)) {
    if (current.task === task && current.waits?.verb === verb) return current;
    await protocol.gates.pass(current);
  }
}

/** Lets a function go on alone, to its end or for some steps. */
async function wake(protocol: Protocol, thread: Thread, steps = 100): Promise<void> {
  for (let step = 0; step < steps && thread.waits !== null; step++) await protocol.gates.pass(thread);
}

/** r1's execution is stopped; its function stays where it stands. */
function stop(protocol: Protocol): void {
  end(protocol.world, 'r1', { Error: 'States.Timeout', Cause: '' });
  functionOf(protocol).interrupt('stop');
}

/** What happens meanwhile, from its beginning to its end; what stands before a gate stays there. */
async function meanwhile(
  protocol: Protocol,
  what: (deps: ReturnType<typeof gated>) => unknown,
): Promise<void> {
  protocol.gates.open = true;
  await what(gated(protocol, protocol.gates.thread('meanwhile')));
  await protocol.gates.settle();
  protocol.gates.open = false;
}

const sweepLater = (protocol: Protocol) =>
  meanwhile(protocol, async (deps) => {
    await deps.tick(120);
    await sweep(deps, { sweep: 'all' });
  });

test('Catalog before FailRun: the commit stands, and FailRun leads to roll it forward', async () => {
  const protocol = await newRun();
  const catalog = await upTo(protocol, 'Catalog', 'setPartition');
  functionOf(protocol).interrupt('catch');
  await protocol.gates.settle();
  await meanwhile(protocol, () => wake(protocol, functionOf(protocol)));
  expect(await statusOf(protocol, 'r1')).toBe('COMPLETED');
  expect(partition(protocol)).toBe(locationOf('r1'));
  await wake(protocol, catalog);
  expect(partition(protocol)).toBe(locationOf('r1'));
  expect(events(protocol.world).map(({ type }) => type)).toEqual(['JobCompleted']);
});

test('FailRun before Catalog: the run has failed, and Catalog changes nothing that is seen', async () => {
  const protocol = await newRun();
  const catalog = await upTo(protocol, 'Catalog', 'beginCommit');
  functionOf(protocol).interrupt('catch');
  await protocol.gates.settle();
  await meanwhile(protocol, () => wake(protocol, functionOf(protocol)));
  expect(await statusOf(protocol, 'r1')).toBe('FAILED');
  await wake(protocol, catalog);
  expect(await statusOf(protocol, 'r1')).toBe('FAILED');
  expect(partition(protocol)).toBeUndefined();
  expect(events(protocol.world).map(({ type }) => type)).toEqual(['JobFailed']);
});

test('Catalog commits between the reading and the write of FailRun: FailRun obeys', async () => {
  const protocol = await newRun();
  const catalog = await upTo(protocol, 'Catalog', 'beginCommit');
  functionOf(protocol).interrupt('catch');
  await protocol.gates.settle();
  await upTo(protocol, 'FailRun', 'closeFailed');
  await wake(protocol, catalog, 1);
  await meanwhile(protocol, () => wake(protocol, functionOf(protocol)));
  expect(await statusOf(protocol, 'r1')).toBe('COMPLETED');
  expect(await protocol.world.ledger.listFailures()).toEqual([]);
  expect(events(protocol.world).map(({ type }) => type)).toEqual(['JobCompleted']);
});

test('F21 an execution that dies in COMMITTING is rolled forward, not before its Catalog must have ended', async () => {
  const protocol = await newRun();
  await upTo(protocol, 'Catalog', 'setPartition');
  stop(protocol);
  await meanwhile(protocol, (deps) => sweep(deps, { sweep: 'all' }));
  expect(await statusOf(protocol, 'r1')).toBe('COMMITTING');
  expect(partition(protocol)).toBeUndefined();
  await sweepLater(protocol);
  expect(await statusOf(protocol, 'r1')).toBe('COMPLETED');
  expect(partition(protocol)).toBe(locationOf('r1'));
  expect(events(protocol.world).map(({ type }) => type)).toEqual(['JobCompleted']);
});

test.each([
  ['before its commit', 'beginCommit', 'FAILED'],
  ['in its commit', 'setPartition', 'COMPLETED'],
  ['after its commit', 'getSlice', 'COMPLETED'],
])(
  'F19 an old Catalog that wakes behind a takeover, %s, leaves the later run to readers',
  async (_what, verb, status) => {
    const protocol = await newRun();
    const old = await upTo(protocol, 'Catalog', verb);
    stop(protocol);
    await sweepLater(protocol);
    expect(await statusOf(protocol, 'r1')).toBe(status);
    await meanwhile(protocol, () => begin(protocol, 'r2', force));
    expect(await statusOf(protocol, 'r2')).toBe('COMPLETED');
    await wake(protocol, old);
    expect(partition(protocol)).toBe(locationOf('r2'));
    expect(await statusOf(protocol, 'r1')).toBe(status);
  },
);

test('F19 an old Catalog that sets the partition back and ends there is put right by the sweeper', async () => {
  const protocol = await newRun();
  const old = await upTo(protocol, 'Catalog', 'setPartition');
  stop(protocol);
  await sweepLater(protocol);
  await meanwhile(protocol, () => begin(protocol, 'r2', force));
  await wake(protocol, old, 1);
  expect(partition(protocol)).toBe(locationOf('r1'));
  await sweepLater(protocol);
  expect(partition(protocol)).toBe(locationOf('r2'));
});

test('F17 a file that arrives behind the listing is loaded by the run that its arrival starts', async () => {
  const protocol = await newRun();
  await upTo(protocol, 'Discover', 'setLoaded');
  await meanwhile(protocol, (deps) => deps.deliver('b.csv'));
  await meanwhile(protocol, () => begin(protocol, 'r2', { trigger: 'manual', slice }));
  expect(protocol.busy).toMatchObject([{ runId: 'r2', holder: 'r1' }]);
  await meanwhile(protocol, () => wake(protocol, functionOf(protocol)));
  const marked = protocol.busy[0]?.markedRunId ?? '';
  expect(await statusOf(protocol, marked)).toBe('COMPLETED');
  expect(protocol.manifests.get('r1')).toHaveLength(1);
  expect(protocol.manifests.get(marked)).toHaveLength(2);
  expect((await protocol.world.ledger.getSlice(job.name, slice))?.committed).toMatchObject({
    ...{ runId: marked, revision: 2 },
    loaded: { count: 2 },
  });
});
