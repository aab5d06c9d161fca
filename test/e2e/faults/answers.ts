/** Calls whose answer is lost, torn or late, that arrive twice, or that a busy service refuses. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { call, expectFailed, expectLoaded, type FaultRuns } from '../../support/fault-runs.ts';
import { type Call, json, jsonError, s3Error } from '../../support/proxy.ts';

/** Whether a call is new: a repeat by the SDK is the same call, bit by bit. */
function firstOnes(): (call: Call) => boolean {
  const seen = new Set<string>();
  return ({ method, path, body }) => {
    const key = createHash('sha1').update(`${method} ${path}\n`).update(body).digest('hex');
    return !seen.has(key) && seen.add(key) !== undefined;
  };
}

const actions = (calls: readonly Call[]): Set<string> => new Set(calls.map(({ action }) => action));

/** The calls of a run by which something is stored or told. */
const writing = [
  ...['PutObject', 'CopyObject', 'TransactWriteItems', 'UpdateItem'],
  ...['BatchCreatePartition', 'PutEvents', 'SendTaskSuccess'],
];

const names = ['ada', 'bob', 'cyd'];

export function answers(runs: () => FaultRuns): void {
  describe('every call of a run', () => {
    test('F10 whose answer is lost behind the deed is found done, and nothing is done twice', async () => {
      const rule = runs().cloud.proxy.on(firstOnes(), { after: async () => 'drop' });
      const { run } = await runs().load(runs().slice(), names);
      // The first run of the job, so the table comes into being, too.
      expect([...actions(rule.calls)]).toEqual(
        expect.arrayContaining([...writing, 'CreateTable', 'GetObject']),
      );
      await expectLoaded(runs(), run, names);
      expect(run.fence).toBe(1);
    });

    test('F10 F15 that arrives twice has the effect of one', async () => {
      const rule = runs().cloud.proxy.on(() => true, { times: 2 });
      const { run } = await runs().load(runs().slice(), names);
      expect([...actions(rule.calls)]).toEqual(expect.arrayContaining(writing));
      await expectLoaded(runs(), run, names);
      expect((await runs().events(run.runId)).length).toBe(2);
    });

    test('F24 that is throttled once is made again behind a pause', async () => {
      const rule = runs().cloud.proxy.on(firstOnes(), {
        before: async ({ headers }) =>
          headers['x-amz-target'] === undefined
            ? s3Error(503, 'SlowDown')
            : jsonError(400, 'ThrottlingException'),
      });
      const { run } = await runs().load(runs().slice(), names);
      expect([...actions(rule.calls)]).toEqual(expect.arrayContaining(writing));
      await expectLoaded(runs(), run, names);
    });
  });

  test.each([
    ['the source', '/people/2026-'],
    ['the raw zone', '/raw/'],
    ['a listing', '/shards.json'],
  ])(
    'F10 a body from %s that breaks off in the middle is read again, never taken for the whole',
    async (_, path) => {
      const rule = runs().cloud.proxy.on(call('GetObject', path), { after: async () => 'cut' }, 1);
      const { run } = await runs().load(runs().slice(), names);
      expect(rule.calls.length).toBe(1);
      await expectLoaded(runs(), run, names);
    },
  );

  test('F05 an event that a call did not take is sent again, once', async () => {
    const Entries = [{ ErrorCode: 'InternalFailure', ErrorMessage: 'try again' }];
    const rule = runs().cloud.proxy.on(
      call('PutEvents'),
      { before: async () => json({ FailedEntryCount: 1, Entries }) },
      1,
    );
    const { run } = await runs().load(runs().slice(), names);
    expect(rule.calls.length).toBe(1);
    await expectLoaded(runs(), run, names);
    expect((await runs().events(run.runId)).length).toBe(1);
  });

  test('F05 a partition that a call with status 200 did not take is set again', async () => {
    const Errors = [{ ErrorDetail: { ErrorCode: 'InternalServiceException', ErrorMessage: 'try again' } }];
    const rule = runs().cloud.proxy.on(
      call('BatchCreatePartition'),
      { before: async () => json({ Errors }) },
      1,
    );
    const { run } = await runs().load(runs().slice(), names);
    expect(rule.calls.length).toBe(1);
    await expectLoaded(runs(), run, names);
  });
}

/** Of one slice alone: others can be loaded meanwhile. */
export function throttledForLong(runs: () => FaultRuns): void {
  test('F24 a service that throttles to the last attempt fails the run as Throttled; the next one loads it', async () => {
    const slice = runs().slice();
    const rawPut = (made: Call) => call('PutObject', '/raw/')(made) && made.path.includes(slice);
    const rule = runs().cloud.proxy.on(rawPut, { before: async () => s3Error(503, 'SlowDown') });
    const { run } = await runs().load(slice, names);
    // The client's five attempts, in each of the state's five.
    expect(rule.calls.length).toBe(25);
    await expectFailed(runs(), run, 'Throttled');
    expect(await runs().versions('RawBucket', `raw/people/slice=${slice}/`)).toEqual([]);
    rule.end();
    const again = await runs().ended(await runs().start(slice));
    await expectLoaded(runs(), again, names);
  });
}
