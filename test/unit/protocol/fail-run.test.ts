import { expect, test } from 'vitest';
import type { FailRunInput } from '../../../tasks/fail-run/contract.ts';
import { failRun } from '../../../tasks/fail-run/fail-run.ts';
import { eventProblems } from '../../support/events.ts';
import { arnOf, begin, events, held, job, jobVersion, load, newWorld } from '../../support/world.ts';

const manual = { trigger: 'manual' as const, slice: '2026-03-01' };

const caught = (runId: string, error: string, cause: string, input?: unknown): FailRunInput => ({
  job: { name: job.name, version: jobVersion },
  execution: {
    ...{ id: arnOf(runId), name: runId, startTime: '2026-03-02T01:15:00.000Z' },
    ...(input === undefined ? {} : { input }),
  },
  error: { Error: error, Cause: cause },
});

/** What AWS hands to a `Catch` when a Lambda function throws. */
const lambdaCause = (name: string, message: string) =>
  JSON.stringify({ errorType: name, errorMessage: `${name}: ${message}`, trace: [] });

test('a failed run has its error, its event, its failure record and its message in the job DLQ, once', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  const message = '3 of 10 records were rejected; the job allows 1%';
  const input = caught('r1', 'RejectThresholdExceeded', lambdaCause('RejectThresholdExceeded', message));
  const error = { name: 'RejectThresholdExceeded', message };
  expect(await failRun(world.deps, input)).toEqual({ outcome: 'failed', error });

  expect(await world.ledger.getRun('orders', 'r1')).toMatchObject({ status: 'FAILED', error });
  expect((await world.ledger.getSlice('orders', '2026-03-01'))?.holder).toBeNull();
  const [event, violation, ...more] = events(world);
  expect(more).toEqual([]);
  expect(violation?.type).toBe('ContractViolated');
  expect(event).toMatchObject({
    type: 'JobFailed',
    runId: 'r1',
    data: { status: 'FAILED', error, counts: null, manifest: null },
  });
  const body = world.sent.find(({ target }) => target === 'bus')?.body ?? '';
  expect(eventProblems('JobFailed', JSON.parse(body))).toEqual([]);

  const messages = world.sent.filter(({ target }) => target === 'job-dlq');
  const [failure] = await world.ledger.listFailures({ job: 'orders' });
  expect(messages.map((sent) => JSON.parse(sent.body))).toEqual([failure]);
  expect(failure).toMatchObject({ id: 'orders/r1', kind: 'run', slice: '2026-03-01', attempts: 1, error });
});

test("what the source did to the contract is told by code, and nobody is told of what is the pipeline's own", async () => {
  const world = newWorld();
  const shard = { status: 'done' as const, filtered: 0, batch: null, error: null, trace: null };
  await held(world, 'r1', manual);
  await world.ledger.putShard('r1', { n: 0, rejected: 3, rejectsByCode: { CastFailed: 3 }, ...shard });
  const codes = { CastFailed: 1, RaggedRow: 2 };
  await world.ledger.putShard('r1', { n: 1, rejected: 3, rejectsByCode: codes, ...shard });
  await failRun(world.deps, caught('r1', 'RejectThresholdExceeded', 'RejectThresholdExceeded: 6 of 10'));
  const [violation, ...others] = world.sent
    .map(({ body }) => JSON.parse(body))
    .filter(({ metadata }) => metadata?.eventType === 'ContractViolated');
  expect(others).toEqual([]);
  expect(eventProblems('ContractViolated', violation)).toEqual([]);
  expect(violation.data).toMatchObject({
    ...{ status: 'FAILED', violations: { CastFailed: 4, RaggedRow: 2 } },
    rejects: { bucket: 'ops', prefix: 'rejects/orders/r1/' },
    error: { name: 'RejectThresholdExceeded' },
  });

  await held(world, 'r2', manual);
  await failRun(world.deps, caught('r2', 'CountMismatch', 'CountMismatch: 1 is not 2'));
  expect(events(world, 'r2').map(({ type }) => type)).toEqual(['JobFailed']);
});

test('a local cloud says the name in the message: it is read from there', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  const input = caught('r1', 'Runtime.HandlerError', 'SourceChanged: march.csv changed while it was read');
  expect(await failRun(world.deps, input)).toMatchObject({
    error: { name: 'SourceChanged', message: 'march.csv changed while it was read' },
  });
});

test('a repeat changes nothing and sends nothing more', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  const first = await failRun(world.deps, caught('r1', 'CountMismatch', 'CountMismatch: 1 is not 2'));
  expect(await failRun(world.deps, caught('r1', 'Other', 'Other: later'))).toEqual(first);
  expect(world.sent).toHaveLength(2);
});

test('a run that passed the commit point is not failed: it is rolled forward', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  await load(world, run, 'PARTIAL', { partition: false });
  expect(await failRun(world.deps, caught('r1', 'States.Timeout', ''))).toEqual({
    outcome: 'committed',
    run,
    status: 'PARTIAL',
    manifest: { bucket: 'ops', key: 'manifests/orders/r1.json' },
  });
  expect((await world.ledger.getRun('orders', 'r1'))?.status).toBe('COMMITTING');
  expect(world.sent).toEqual([]);
});

test('FailRun and Catalog at the same moment: whoever loses obeys', async () => {
  const world = newWorld();
  const run = await held(world, 'r1', manual);
  const deps = {
    ...world.deps,
    // Catalog gets in between FailRun's reading and its write.
    readJob: async () => {
      await load(world, run);
      return job;
    },
  };
  expect(await failRun(deps, caught('r1', 'States.Timeout', ''))).toMatchObject({ outcome: 'committed' });
  expect((await world.ledger.getRun('orders', 'r1'))?.status).toBe('COMMITTING');
  expect(await world.ledger.listFailures()).toEqual([]);
});

test.each([
  [{ trigger: 'manual', slice: '2026-13-01' }, '2026-13-01', 'manual'],
  [{ trigger: 'schedule', scheduledTime: 'nonsense' }, '', 'schedule'],
  ['no object at all', '', 'manual'],
  [{ slice: { deep: true } }, '', 'manual'],
])('a run that OpenRun refused is told all the same: input %j', async (input, slice, trigger) => {
  const world = newWorld();
  const error = { name: 'SliceInvalid', message: 'no such slice' };
  const failed = caught('r1', error.name, lambdaCause(error.name, error.message), input);
  expect(await failRun(world.deps, failed)).toEqual({ outcome: 'failed', error });
  expect(await world.ledger.getRun('orders', 'r1')).toMatchObject({
    status: 'FAILED',
    slice,
    trigger,
    error,
  });
  expect(await world.ledger.listSlices('orders')).toEqual([]);
  expect(world.sent.map(({ target }) => target).sort()).toEqual(['bus', 'job-dlq']);
  await failRun(world.deps, failed);
  expect(world.sent).toHaveLength(2);
});

test('what a run was asked for that was never opened is kept, so that its redrive asks for it again', async () => {
  const world = newWorld();
  const asked = { trigger: 'backfill', slice: '2026-03-01', force: true, from: 'raw' };
  await failRun(world.deps, caught('r1', 'Throttled', 'Throttled: too much', asked));
  expect(await world.ledger.getRun('orders', 'r1')).toMatchObject({ fence: 0, force: true, from: 'raw' });
  // A redrive names only the run that it resumes: what that one was asked for is what it was asked for.
  const redrive = { trigger: 'redrive', slice: '2026-03-01', resumes: 'r1' };
  await failRun(world.deps, caught('r2', 'Throttled', 'Throttled: too much', redrive));
  expect(await world.ledger.getRun('orders', 'r2')).toMatchObject({
    follows: 'r1',
    force: true,
    from: 'raw',
  });
  expect(await held(world, 'r3', { trigger: 'redrive', slice: '2026-03-01', resumes: 'r2' })).toMatchObject({
    ...{ force: true, from: 'raw' },
  });
});

test('a slice of any length is cut to what a key can hold, with its ellipsis in whole characters', async () => {
  const world = newWorld();
  await failRun(world.deps, caught('r1', 'SliceInvalid', 'x', { slice: '🙂'.repeat(1000) }));
  const run = await world.ledger.getRun('orders', 'r1');
  expect(run?.slice).toBe(`${'🙂'.repeat(24)}…`);
});

test('the marked run of a failed holder is started', async () => {
  const world = newWorld();
  await held(world, 'r1', manual);
  const busy = await begin(world, 'r2', manual);
  await failRun(world.deps, caught('r1', 'CountMismatch', 'CountMismatch: 1 is not 2'));
  expect(world.started.map(({ runId }) => runId)).toEqual([busy.outcome === 'busy' && busy.markedRunId]);
});

test.each([
  ['readJob', 'before'],
  ['closeFailed', 'before'],
  ['closeFailed', 'after'],
  ['send', 'before'],
  ['send', 'after'],
  ['markSent', 'before'],
  ['markSent', 'after'],
  ['traceTask', 'before'],
] as const)(
  'a crash of FailRun at %s (%s it): the repeat finishes, and each id is sent',
  async (verb, when) => {
    const world = newWorld();
    await held(world, 'r1', manual);
    const input = caught('r1', 'CountMismatch', 'CountMismatch: 1 is not 2');
    world.crash(verb, when);
    await expect(failRun(world.deps, input)).rejects.toThrow(`${when} ${verb}`);
    expect(await failRun(world.deps, input)).toMatchObject({ outcome: 'failed' });
    expect((await world.ledger.getRun('orders', 'r1'))?.status).toBe('FAILED');
    expect((await world.ledger.getSlice('orders', '2026-03-01'))?.holder).toBeNull();
    expect(await world.ledger.pendingOutbox()).toEqual([]);
    const bodies = new Map(world.sent.map(({ target, id, body }) => [`${target} ${id}`, body]));
    expect([...bodies.keys()].map((id) => id.split(' ')[0]).sort()).toEqual(['bus', 'job-dlq']);
  },
);
