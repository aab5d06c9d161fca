/** The machine of backfills as an object, and what its histories come to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, expectTypeOf, test } from 'vitest';
import { lanesOf, maxSlicesOfChild } from '../../core/backfill/lanes.ts';
import { maxSlices } from '../../core/backfill/range.ts';
import { maxLanes } from '../../core/backfill/request.ts';
import { terminalNames } from '../../core/errors.ts';
import type { BeginSliceOutput } from '../../tasks/begin-slice/contract.ts';
import type { CloseBackfillOutput } from '../../tasks/close-backfill/contract.ts';
import type { EndSliceInput } from '../../tasks/end-slice/contract.ts';
import type { PlanBackfillOutput } from '../../tasks/plan-backfill/contract.ts';
import { pauses } from '../../tasks/plan-backfill/plan-backfill.ts';
import { local, ofType, one, ordersJob, ref, root, synthesize } from '../support/app.ts';
import { eventCount, historiesOf, mostEvents } from '../support/history.ts';
import { definitionOf, type Facts, stateOf, statesOf, walk } from '../support/machine.ts';

const orders = await ordersJob();
const template = synthesize(local, [orders]).jobs.orders ?? expect.fail('the job has no stack');
const machine = definitionOf(template, 'JobBackfill');
const states = statesOf(machine);
const named = (name: string) => stateOf(machine, name);
const invocations = states.filter(({ is }) => is.Resource === 'arn:aws:states:::lambda:invoke');

const once: Facts = { choices: { 'Left?': ['begin', 'close'], 'Begun?': 'run', 'Complete?': 'COMPLETED' } };
const everyRound: Facts = {
  choices: {
    ...once.choices,
    'Left?': ['begin', ...pauses.slice(1).map(() => 'again'), 'close'],
  },
};

test('a backfill is planned, its lanes run, what is left is planned again, and it is closed', () => {
  expect(walk(machine, once)).toEqual({
    entered: [
      ...['PlanBackfill', 'Left?', 'Lanes', 'Slices', 'BeginSlice', 'Begun?', 'RunSlice', 'EndSlice'],
      ...['PlanRest', 'Left?', 'CloseBackfill', 'Complete?', 'Closed'],
    ],
    started: 2,
    ended: 'SUCCEEDED',
  });
});

test('where there is nothing to do it is closed at once, and where slices failed it ends FAILED with their number', () => {
  const nothing = walk(machine, { choices: { 'Left?': 'close', 'Complete?': 'COMPLETED' } });
  expect(nothing.entered).toEqual(['PlanBackfill', 'Left?', 'CloseBackfill', 'Complete?', 'Closed']);
  const failed = walk(machine, { choices: { 'Left?': 'close', 'Complete?': 'FAILED' } });
  expect(failed).toMatchObject({ ended: 'FAILED' });
  expect(named('Incomplete')).toMatchObject({ ErrorPath: '$.error.name', CausePath: '$.error.message' });
});

test('a slice that is not begun starts no run', () => {
  const { entered } = walk(machine, { choices: { ...once.choices, 'Begun?': 'not' } });
  expect(entered).toContain('NotBegun');
  expect(entered).not.toContain('RunSlice');
});

test.each(['BeginSlice', 'RunSlice'])(
  'where %s fails, EndSlice says so and the other slices go on',
  (state) => {
    const way = walk(machine, { ...once, failing: [state] });
    expect(way.entered).toContain('EndSlice');
    expect(way.ended).toBe('SUCCEEDED');
    expect(named(state).Catch).toEqual([
      {
        ErrorEquals: ['States.ALL'],
        Next: 'EndSlice',
        Output: "{% $merge([$states.input, {'error': $states.errorOutput}]) %}",
      },
    ]);
  },
);

test('where EndSlice cannot tell, its child goes on, and the next round finds the slice', () => {
  const way = walk(machine, { ...once, failing: ['EndSlice'] });
  expect(way.entered).toContain('NotTold');
  expect(way.ended).toBe('SUCCEEDED');
});

test('lanes are children of their own, as many at once as were asked for, and none ends the others', () => {
  const { MaxConcurrencyPath, MaxConcurrency, ToleratedFailurePercentage, ItemProcessor, ItemSelector } =
    named('Lanes');
  expect({ MaxConcurrencyPath, MaxConcurrency, ToleratedFailurePercentage }).toEqual({
    ...{ MaxConcurrencyPath: '$.lanes.atOnce', MaxConcurrency: undefined },
    ToleratedFailurePercentage: 100,
  });
  expect(ItemProcessor.ProcessorConfig).toEqual({ Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' });
  expect(ItemSelector).toEqual({
    ...{ 'backfill.$': '$.backfill', 'round.$': '$.round', 'slices.$': '$$.Map.Item.Value' },
  });
});

test('a lane works on one slice at a time, in the order of its list', () => {
  const { MaxConcurrency, ItemsPath, ItemSelector, ItemProcessor } = named('Slices');
  expect({ MaxConcurrency, ItemsPath, mode: ItemProcessor.ProcessorConfig.Mode }).toEqual({
    ...{ MaxConcurrency: 1, ItemsPath: '$.slices', mode: 'INLINE' },
  });
  expect(ItemSelector).toEqual({
    ...{ 'backfill.$': '$.backfill', 'round.$': '$.round', 'item.$': '$$.Map.Item.Value' },
  });
});

test("a slice's run is an execution of the job's own machine, by the name that BeginSlice gives it, and is waited for", () => {
  const { Resource, Arguments, Retry, Output } = named('RunSlice');
  expect(Resource).toBe('arn:aws:states:::states:startExecution.sync:2');
  expect(Arguments).toEqual({
    StateMachineArn: ref(one(template, 'AWS::StepFunctions::StateMachine', 'JobMachine')),
    Name: '{% $states.input.name %}',
    Input: '{% $states.input.request %}',
  });
  expect(Output).toBe("{% $merge([$states.input, {'output': $states.result.Output}]) %}");
  // A run that failed is not started again under its own name.
  expect(Retry.flatMap(({ ErrorEquals }: { ErrorEquals: string[] }) => ErrorEquals)).toEqual([
    ...['StepFunctions.SdkClientException', 'StepFunctions.AWSStepFunctionsException'],
    ...['StepFunctions.ThrottlingException', 'StepFunctions.ExecutionLimitExceeded'],
  ]);
});

test('each state calls the published version of its task, with the retries that all tasks have', () => {
  const versions = new Map(ofType(template, 'AWS::Lambda::Version').map((each) => [ref(each), each.id]));
  expect(invocations).toHaveLength(5);
  for (const { name, is } of invocations) {
    const task = name === 'PlanRest' ? 'PlanBackfill' : name;
    expect(versions.get(is.Arguments.FunctionName)).toMatch(
      new RegExp(`^JobTasks${task}FunctionCurrentVersion`),
    );
    const [never, always] = is.Retry;
    expect([...never.ErrorEquals].sort(), name).toEqual([...terminalNames].sort());
    expect(never.MaxAttempts, name).toBe(0);
    expect(always, name).toMatchObject({ ErrorEquals: ['States.ALL'], JitterStrategy: 'FULL' });
  }
});

test('a plan is made of what the execution was given, and each later round has the next number', () => {
  const payload = (name: string) => named(name).Arguments.Payload;
  expect(payload('PlanBackfill')).toMatchObject({
    request: '{% $states.context.Execution.Input %}',
    job: { name: 'orders', version: orders.version },
    round: 1,
  });
  expect(payload('PlanRest')).toEqual({
    ...payload('PlanBackfill'),
    round: '{% $states.input.round + 1 %}',
  });
  expect(named('Pause')).toMatchObject({ Type: 'Wait', SecondsPath: '$.waitSeconds', Next: 'Lanes' });
});

test("a state's input is what the state before it gives", () => {
  expectTypeOf<Extract<BeginSliceOutput, { begun: 'run' }>>().toExtend<Omit<EndSliceInput, 'output'>>();
  expectTypeOf<Extract<PlanBackfillOutput, { next: 'close' }>>().toExtend<{ backfill: { id: string } }>();
  const choice = (name: string) =>
    named(name).Choices.map((each: Record<string, string>) => [each.Variable, each.StringEquals, each.Next]);
  expect(choice('Left?')).toEqual([
    ['$.next', 'begin', 'Lanes'],
    ['$.next', 'again', 'Pause'],
  ]);
  expect(choice('Begun?')).toEqual([['$.begun', 'run', 'RunSlice']]);
  const failed: CloseBackfillOutput['status'] = 'FAILED';
  expect(choice('Complete?')).toEqual([['$.status', failed, 'Incomplete']]);
});

const { run = [], Lanes = [], Slices = [] } = historiesOf(machine, everyRound);
/** Events of a child's history, of the last round, which the walk comes to once for each. */
const perSlice = Slices.slice(0, Slices.length / pauses.length);
const perChild = Lanes.slice(0, Lanes.length / pauses.length);
const historyOfChild = (slices: number, count: typeof eventCount): number =>
  count(perChild) + slices * count(perSlice);

test('F29 a child with as many slices as it may have stays below 25,000 events, with every retry of every call', () => {
  expect(mostEvents(perSlice)).toBe(56);
  expect(historyOfChild(maxSlicesOfChild, mostEvents)).toBeLessThan(25_000);
  expect(maxSlicesOfChild).toBeLessThanOrEqual(1_000);
  expect(mostEvents(run)).toBeLessThan(300);
});

test('docs/scale.md has the histories that a year of hours comes to', () => {
  const year = Array.from({ length: 8_760 }, (_, n) => ({ n, slice: `hour ${n}`, action: 'load' as const }));
  const page = readFileSync(join(root, 'docs', 'scale.md'), 'utf8');
  const row = (name: string) =>
    (page.split('\n').find((line) => line.startsWith(`| ${name} |`)) ?? '')
      .split('|')
      .slice(2, -1)
      .map((cell) => Number(cell.replaceAll(',', '')));
  for (const lanes of [1, 4, 16]) {
    const children = lanesOf(year, lanes);
    const longest = Math.max(...children.map(({ length }) => length));
    expect(row(`${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`)).toEqual([
      ...[children.length, longest],
      ...[historyOfChild(longest, eventCount), historyOfChild(longest, mostEvents)],
    ]);
  }
  expect(row('the backfill itself, five rounds')).toEqual([eventCount(run), mostEvents(run)]);
});

test('F25 the list of a child is far below what a state may hold', () => {
  const item = { n: maxSlices, slice: '2026-03-01T05-2', action: 'rebuild' };
  const list = Array(maxSlicesOfChild).fill(item);
  const input = { backfill: { job: 'j'.repeat(40), id: 'b'.repeat(80) }, round: 5, slices: list };
  expect(Buffer.byteLength(JSON.stringify(input))).toBeLessThan(40_000);
  expect(maxLanes).toBe(40);
});
