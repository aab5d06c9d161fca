import { expect, expectTypeOf, test } from 'vitest';
import { terminalNames } from '../../core/errors.ts';
import { dispatchTimeout } from '../../infra/timeouts.ts';
import type { CatalogOutput } from '../../tasks/catalog/contract.ts';
import type { CloseRunOutput } from '../../tasks/close-run/contract.ts';
import type { DiscoverOutput } from '../../tasks/discover/contract.ts';
import type { EnvelopeOutput } from '../../tasks/envelope/contract.ts';
import type { ExtractOutput } from '../../tasks/extract/contract.ts';
import type { FailRunOutput } from '../../tasks/fail-run/contract.ts';
import type { KeysOutput } from '../../tasks/keys/contract.ts';
import type { OpenRunOutput } from '../../tasks/open-run/contract.ts';
import type { PlanOutput } from '../../tasks/plan/contract.ts';
import type { ReconcileOutput } from '../../tasks/reconcile/contract.ts';
import type { SettleOutput } from '../../tasks/settle/contract.ts';
import { readMessage } from '../../tasks/write-lake/write-lake.ts';
import { type Json, local, ofType, one, ordersJob, ref, settlingJob, synthesize } from '../support/app.ts';
import { definitionOf, type Facts, stateOf, statesOf, walk } from '../support/machine.ts';

const orders = await ordersJob();
const app = synthesize(local, [orders]);
const template = app.jobs.orders ?? expect.fail('the job has no stack');
const machine = definitionOf(template);
const states = statesOf(machine);
const named = (name: string) => stateOf(machine, name);
const invocations = states.filter(({ is }) => is.Resource === 'arn:aws:states:::lambda:invoke');

const settlingApp = synthesize(local, [await settlingJob()]);
const settlingTemplate = settlingApp.jobs.settling ?? expect.fail('the job has no stack');
const settling = definitionOf(settlingTemplate);
const settlingStates = statesOf(settling);
const settlingInvocations = settlingStates.filter(
  ({ is }) => is.Resource === 'arn:aws:states:::lambda:invoke',
);

const committed: Facts = { choices: { 'Held?': 'held', 'New?': 'new' } };

test('the states are those that the design draws', () => {
  const drawn = (map: string | null) => states.filter((state) => state.map === map).map(({ name }) => name);
  expect(new Set(drawn(null))).toEqual(
    new Set(
      [
        'OpenRun',
        'Held?',
        'Busy',
        'Paused',
        'Try',
        'Discover',
        'New?',
        'NothingNew',
        'Extract',
        'Plan',
        'Shards',
      ].concat(['Reconcile', 'Catalog', 'CloseRun', 'FailRun', 'Committed?', 'RollForward', 'Failed']),
    ),
  );
  expect(new Set(drawn('Extract'))).toEqual(new Set(['ExtractObject', 'RecordObjectFailure']));
  expect(new Set(drawn('Shards'))).toEqual(
    new Set(['Envelope', 'Dispatch', 'RecordShardFailure', 'RecordWriteFailure-lake']),
  );
});

test('the try is a Parallel of one branch, from Discover to Catalog', () => {
  const { Type, Branches, OutputPath } = named('Try');
  expect({ Type, OutputPath, branches: Branches.length }).toEqual({
    Type: 'Parallel',
    OutputPath: '$[0]',
    branches: 1,
  });
  expect(Branches[0].StartAt).toBe('Discover');
  expect(Branches[0].States.Catalog.End).toBe(true);
});

test('each state calls the published version of its own task, which a deploy does not remove', () => {
  const taskOf: Record<string, string> = {
    ExtractObject: 'Extract',
    RollForward: 'Catalog',
    RecordObjectFailure: 'RecordFailure',
    RecordShardFailure: 'RecordFailure',
    KeysOfBucket: 'Keys',
    RecordBucketFailure: 'RecordFailure',
    SettleShard: 'Settle',
    RecordSettleFailure: 'RecordFailure',
    'RecordWriteFailure-lake': 'RecordFailure',
  };
  expect(invocations.length).toBe(13);
  expect(settlingInvocations.length).toBe(17);
  for (const [of, calls] of [
    [template, invocations],
    [settlingTemplate, settlingInvocations],
  ] as const) {
    const versions = new Map(ofType(of, 'AWS::Lambda::Version').map((each) => [ref(each), each]));
    for (const { name, is } of calls) {
      const version = versions.get(is.Arguments.FunctionName);
      expect(version?.id, name).toMatch(new RegExp(`^JobTasks${taskOf[name] ?? name}FunctionCurrentVersion`));
      expect(version?.deletionPolicy, name).toBe('Retain');
    }
  }
});

test('every invocation gives up at once on a terminal error, and retries any other with backoff and full jitter', () => {
  for (const { name, is } of [...invocations, ...settlingInvocations]) {
    const [never, always, ...more] = is.Retry;
    expect(more, name).toEqual([]);
    expect(never, name).toEqual({ ErrorEquals: expect.any(Array), MaxAttempts: 0 });
    expect([...never.ErrorEquals].sort(), name).toEqual([...terminalNames].sort());
    expect(always.ErrorEquals, name).toEqual(['States.ALL']);
    expect(always.JitterStrategy, name).toBe('FULL');
    expect(always.MaxAttempts, name).toBeGreaterThanOrEqual(3);
    expect(always.BackoffRate, name).toBeGreaterThan(1);
    expect(always.IntervalSeconds, name).toBeGreaterThanOrEqual(1);
  }
});

test('Dispatch sends again only what was not sent, never behind an error that a writer reports', () => {
  const { Retry } = named('Dispatch');
  expect(Retry.length).toBe(1);
  expect(new Set(Retry[0].ErrorEquals)).toEqual(
    new Set(['SQS.SdkClientException', 'SQS.AmazonSQSException']),
  );
  expect(Retry[0].JitterStrategy).toBe('FULL');
});

test('every state that works is an invocation or Dispatch, so that no other retry is left out', () => {
  const tasks = states.filter(({ is }) => is.Type === 'Task').map(({ name }) => name);
  expect(new Set(tasks)).toEqual(new Set([...invocations.map(({ name }) => name), 'Dispatch']));
});

test('an error of OpenRun or of anything in the try comes to FailRun, with its name', () => {
  for (const name of ['OpenRun', 'Try']) {
    const { Catch } = named(name);
    expect(Catch.length, name).toBe(1);
    expect(Catch[0], name).toMatchObject({ ErrorEquals: ['States.ALL'], Next: 'FailRun' });
  }
  expect(named('Try').Catch[0].ResultPath).toBe('$.error');
  expect(named('OpenRun').Catch[0].Output).toEqual({ error: '{% $states.errorOutput %}' });
  expect(named('FailRun').Arguments.Payload.error).toBe('{% $states.input.error %}');
});

test.each(['Discover', 'Extract', 'Plan', 'Shards', 'Reconcile', 'Catalog'])(
  'an error of %s ends the execution as failed, behind FailRun',
  (failing) => {
    const { entered, ended } = walk(machine, {
      choices: { ...committed.choices, 'Committed?': 'failed' },
      failing: [failing],
    });
    expect(entered.slice(-4)).toEqual([failing, 'FailRun', 'Committed?', 'Failed']);
    expect(ended).toBe('FAILED');
  },
);

test('an error behind the commit point is rolled forward, and the run closed', () => {
  const choices = { ...committed.choices, 'Committed?': 'committed' };
  const { entered, ended } = walk(machine, { choices, failing: ['Catalog'] });
  expect(entered.slice(-5)).toEqual(['Catalog', 'FailRun', 'Committed?', 'RollForward', 'CloseRun']);
  expect(ended).toBe('SUCCEEDED');
});

test('a busy slice ends well, and nothing is opened or closed', () => {
  const { entered, ended } = walk(machine, { choices: { 'Held?': 'busy' } });
  expect({ entered, ended }).toEqual({ entered: ['OpenRun', 'Held?', 'Busy'], ended: 'SUCCEEDED' });
});

test('a scheduled run of a paused job ends well, and nothing is opened or closed', () => {
  const { entered, ended } = walk(machine, { choices: { 'Held?': 'paused' } });
  expect({ entered, ended }).toEqual({ entered: ['OpenRun', 'Held?', 'Paused'], ended: 'SUCCEEDED' });
  expect(named('Paused')).toEqual({ Type: 'Succeed' });
});

test('a slice with nothing new goes from Discover to CloseRun', () => {
  const { entered } = walk(machine, { choices: { 'Held?': 'held', 'New?': 'nothing-new' } });
  expect(entered).toEqual(['OpenRun', 'Held?', 'Try', 'Discover', 'New?', 'NothingNew', 'CloseRun']);
});

test('a failed execution carries the error that FailRun names', () => {
  expect(named('Failed')).toEqual({ Type: 'Fail', ErrorPath: '$.error.name', CausePath: '$.error.message' });
});

test.each([
  ['ExtractObject', 'RecordObjectFailure', 'Extract'],
  ['Envelope', 'RecordShardFailure', 'Shards'],
  ['Dispatch', 'RecordWriteFailure-lake', 'Shards'],
])(
  'a child that fails at %s records it and ends well; the run goes on to Reconcile',
  (failing, record, map) => {
    const { Catch } = named(failing);
    expect(Catch).toEqual([expect.objectContaining({ ErrorEquals: ['States.ALL'], Next: record })]);
    expect(named(record).End).toBe(true);
    expect(named(record).Arguments.Payload.error).toBe('{% $states.input.error %}');
    const { entered, ended } = walk(machine, { ...committed, failing: [failing] });
    const after = map === 'Extract' ? 'Plan' : 'Reconcile';
    expect(entered.slice(entered.indexOf(failing), entered.indexOf(failing) + 3)).toEqual([
      failing,
      record,
      after,
    ]);
    expect(ended).toBe('SUCCEEDED');
  },
);

test.each([
  ['Extract', '$.objects.key', local.concurrency.extract],
  ['Shards', '$.shards.key', local.concurrency.shards],
])(
  '%s is a Distributed Map over a listing in the ops bucket, whose children may all fail',
  (name, key, most) => {
    const map = named(name);
    expect(map.ItemProcessor.ProcessorConfig).toEqual({ Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' });
    expect(map.ToleratedFailurePercentage).toBe(100);
    expect(map.MaxConcurrency).toBe(most);
    const { Bucket, 'Key.$': keyPath } = map.ItemReader.Parameters;
    expect(map.ItemReader.Resource).toBe('arn:aws:states:::s3:getObject');
    expect({ Bucket, keyPath }).toEqual({
      Bucket: ref(one(app.shared, 'AWS::S3::Bucket', 'ZonesOps')),
      keyPath: key,
    });
  },
);

test('only references travel: a child gets its run and its item, and what Maps and writers answer is dropped', () => {
  expect(named('Extract').ItemSelector).toEqual({ 'run.$': '$.run', 'object.$': '$$.Map.Item.Value' });
  expect(named('Shards').ItemSelector).toEqual({ 'run.$': '$.run', 'shard.$': '$$.Map.Item.Value' });
  for (const name of ['Extract', 'Shards', 'Dispatch']) expect(named(name).ResultPath, name).toBeNull();
  expect(named('Dispatch').OutputPath).toBeNull();
  // What a task answers is its whole output, so that its contract's type is all that there can be in the state.
  for (const { name, is } of invocations) expect(is.Output, name).toBe('{% $states.result.Payload %}');
});

/** `never` where no list is anywhere in a type: nothing in it grows with the number of objects, shards or rows. */
type Lists<T> = T extends readonly unknown[]
  ? 'a list'
  : T extends object
    ? { [K in keyof T]-?: Lists<T[K]> }[keyof T]
    : never;

test('no state holds a list, so that its size is the same for one shard and for ten thousand', () => {
  expectTypeOf<Lists<OpenRunOutput | DiscoverOutput | PlanOutput>>().toEqualTypeOf<never>();
  expectTypeOf<Lists<ReconcileOutput | CatalogOutput | CloseRunOutput>>().toEqualTypeOf<never>();
  expectTypeOf<
    Lists<ExtractOutput[string] | EnvelopeOutput | SettleOutput | KeysOutput[string] | FailRunOutput>
  >().toEqualTypeOf<never>();
  const outcomes = states.filter(({ is }) => is.Type === 'Pass').map(({ is }) => is);
  expect(outcomes).toEqual([{ Type: 'Pass', End: true }]);
});

test('a job that settles repeated keys dispatches a shard only behind Envelope of all and Keys of all', () => {
  const drawn = (map: string) => settlingStates.filter((state) => state.map === map).map(({ name }) => name);
  expect(new Set(drawn('Shards'))).toEqual(new Set(['Envelope', 'RecordShardFailure']));
  expect(new Set(drawn('Keys'))).toEqual(new Set(['KeysOfBucket', 'RecordBucketFailure']));
  expect(new Set(drawn('Settle'))).toEqual(
    new Set(['SettleShard', 'Dispatch', 'RecordSettleFailure', 'RecordWriteFailure-lake']),
  );
  const { entered, ended } = walk(settling, committed);
  expect(ended).toBe('SUCCEEDED');
  expect(entered.slice(entered.indexOf('Plan'), entered.indexOf('Reconcile') + 1)).toEqual(
    ['Plan', 'Shards', 'Envelope', 'Keys', 'KeysOfBucket', 'Settle', 'SettleShard', 'Dispatch'].concat([
      'Reconcile',
    ]),
  );
});

test('but for that its machine is that of any other job', () => {
  const own = /^(Shards|Keys|Settle)$/;
  const rest = (all: typeof states) =>
    all.filter(({ name, map }) => !own.test(name) && !own.test(map ?? '')).map(({ name }) => name);
  expect(rest(settlingStates)).toEqual(rest(states));
  const { Next, ...shards } = stateOf(settling, 'Shards');
  expect(Next).toBe('Keys');
  expect(stateOf(settling, 'Keys').Next).toBe('Settle');
  expect(stateOf(settling, 'Settle').Next).toBe('Reconcile');
  expect(shards.MaxConcurrency).toBe(named('Shards').MaxConcurrency);
});

test.each([
  ['Keys', '$.buckets.key', { 'bucket.$': '$$.Map.Item.Value', 'shards.$': '$.shards.count' }],
  [
    'Settle',
    '$.shards.key',
    {
      'shard.$': '$$.Map.Item.Value',
      'shards.$': '$.shards.count',
      'buckets.$': '$.buckets.count',
    },
  ],
])(
  '%s is a Distributed Map over a listing in the ops bucket, whose children may all fail, and answer nothing',
  (name, key, item) => {
    const map = stateOf(settling, name);
    expect(map.ItemProcessor.ProcessorConfig).toEqual({ Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' });
    expect(map.ToleratedFailurePercentage).toBe(100);
    expect(map.MaxConcurrency).toBe(local.concurrency.shards);
    expect(map.ResultPath).toBeNull();
    expect(map.ItemSelector).toEqual({ 'run.$': '$.run', ...item });
    expect(map.ItemReader.Parameters).toEqual({
      Bucket: ref(one(settlingApp.shared, 'AWS::S3::Bucket', 'ZonesOps')),
      'Key.$': key,
    });
  },
);

test.each([
  ['Envelope', 'RecordShardFailure', { shard: '{% $states.input.shard.n %}' }, 'Keys'],
  ['KeysOfBucket', 'RecordBucketFailure', { bucket: '{% $states.input.bucket.n %}' }, 'Settle'],
  ['SettleShard', 'RecordSettleFailure', { settled: '{% $states.input.shard.n %}' }, 'Reconcile'],
  [
    'Dispatch',
    'RecordWriteFailure-lake',
    { shard: '{% $states.input.shard.n %}', sink: 'lake' },
    'Reconcile',
  ],
])(
  'where keys are settled a child that fails at %s records it and ends well',
  (failing, record, failed, after) => {
    const { Catch } = stateOf(settling, failing);
    expect(Catch).toEqual([expect.objectContaining({ ErrorEquals: ['States.ALL'], Next: record })]);
    expect(stateOf(settling, record).Arguments.Payload).toEqual({
      run: '{% $states.input.run %}',
      failed,
      error: '{% $states.input.error %}',
    });
    const { entered, ended } = walk(settling, { ...committed, failing: [failing] });
    expect(entered.slice(entered.indexOf(failing), entered.indexOf(failing) + 3)).toEqual([
      failing,
      record,
      after,
    ]);
    expect(ended).toBe('SUCCEEDED');
  },
);

test('what Dispatch sends is a message that the writer takes', () => {
  const examples: Record<string, Json> = {
    '$$.Task.Token': 'token',
    '$.run': { job: 'orders', runId: 'run-1', slice: '2026-03-01' },
    '$.shard': { n: 7 },
    '$.batch': { bucket: 'ops', key: 'b.parquet', rows: 1, bytes: 2, sha256: 'a'.repeat(64) },
  };
  const { MessageBody } = named('Dispatch').Parameters;
  const body = Object.fromEntries(
    Object.entries<Json>(MessageBody).map(([key, value]) =>
      key.endsWith('.$') ? [key.slice(0, -2), examples[value]] : [key, value],
    ),
  );
  expect(readMessage(JSON.stringify(body))).toEqual({
    schemaVersion: 1,
    taskToken: 'token',
    run: examples['$.run'],
    shard: { n: 7 },
    sink: 'lake',
    batch: examples['$.batch'],
    major: 1,
  });
});

test('Dispatch waits as long as a message can come back: all its receives, and its turn in the queue', () => {
  const { TimeoutSeconds, Resource, Parameters } = named('Dispatch');
  const queue = one(template, 'AWS::SQS::Queue', 'JobLakeQueue');
  const { VisibilityTimeout, RedrivePolicy } = queue.properties;
  const margin = TimeoutSeconds - RedrivePolicy.maxReceiveCount * VisibilityTimeout;
  expect(Resource).toBe('arn:aws:states:::sqs:sendMessage.waitForTaskToken');
  expect(Parameters.QueueUrl).toBe(ref(queue));
  expect(margin).toBe(60 * 60);
  expect(TimeoutSeconds).toBe(dispatchTimeout.toSeconds());
  expect(machine.TimeoutSeconds).toBeGreaterThan(2 * TimeoutSeconds);
});

test('a run is pinned to the job version that its definition was made with', () => {
  const job = { name: 'orders', version: orders.version };
  expect(named('OpenRun').Arguments.Payload.job).toEqual(job);
  expect(named('FailRun').Arguments.Payload.job).toEqual(job);
});

test('a run of one shard makes at most 24 state transitions, children and starts included', () => {
  const { entered, started, ended } = walk(machine, committed);
  const transitions = entered.length + started;
  expect(ended).toBe('SUCCEEDED');
  expect(entered.at(-1)).toBe('CloseRun');
  expect(started).toBe(3);
  expect(
    transitions,
    `${transitions} = ${started} starts + ${entered.length} states: ${entered.join(', ')}`,
  ).toBeLessThanOrEqual(24);
});
