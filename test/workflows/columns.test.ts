/** The machine of a job whose slices decide their columns: two steps more, and all else as in every machine. */
import { expect, expectTypeOf, test } from 'vitest';
import { terminalNames } from '../../core/errors.ts';
import type { ColumnsInput, ColumnsOutput } from '../../tasks/columns/contract.ts';
import type { PlanOutput } from '../../tasks/plan/contract.ts';
import type { ReconcileInput } from '../../tasks/reconcile/contract.ts';
import type { SurveyOutput } from '../../tasks/survey/contract.ts';
import { evolvingJob, local, ofType, one, ordersJob, ref, synthesize } from '../support/app.ts';
import { definitionOf, type Facts, stateOf, statesOf, walk } from '../support/machine.ts';

const app = synthesize(local, [await ordersJob(), await evolvingJob()]);
const templateOf = (name: string) => app.jobs[name] ?? expect.fail('the job has no stack');
const template = templateOf('evolving');
const machine = definitionOf(template);
const named = (name: string) => stateOf(machine, name);
const committed: Facts = { choices: { 'Held?': 'held', 'New?': 'new' } };

test('all shards are surveyed, and the columns decided, before the first is enveloped', () => {
  const { entered, ended } = walk(machine, committed);
  expect(ended).toBe('SUCCEEDED');
  expect(entered.slice(entered.indexOf('Plan'), entered.indexOf('Reconcile'))).toEqual([
    ...['Plan', 'Survey', 'SurveyShard', 'Columns', 'Shards', 'Envelope', 'Dispatch'],
  ]);
});

test('but for these steps the machine is that of every job', () => {
  const ours = ['Survey', 'SurveyShard', 'RecordSurveyFailure', 'Columns'];
  const others = statesOf(machine).filter(({ name }) => !ours.includes(name));
  const plain = statesOf(definitionOf(templateOf('orders')));
  expect(others.map(({ name }) => name).sort()).toEqual(plain.map(({ name }) => name).sort());
  expect(named('Plan').Next).toBe('Survey');
  expect(named('Survey').Next).toBe('Columns');
  expect(named('Columns').Next).toBe('Shards');
});

test('Survey is a Distributed Map over the shards, whose children may all fail', () => {
  const map = named('Survey');
  expect(map.ItemProcessor.ProcessorConfig).toEqual({ Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' });
  expect(map.ToleratedFailurePercentage).toBe(100);
  expect(map.MaxConcurrency).toBe(local.concurrency.shards);
  expect(map.ItemReader.Parameters['Key.$']).toBe('$.shards.key');
  expect(map.ItemReader.Parameters.Bucket).toBe(ref(one(app.shared, 'AWS::S3::Bucket', 'ZonesOps')));
  expect(map.ItemSelector).toEqual({ 'run.$': '$.run', 'shard.$': '$$.Map.Item.Value' });
  expect(map.ResultPath).toBeNull();
});

test('a shard that cannot be surveyed is recorded and ends well; the run goes on to Columns, which fails it', () => {
  expect(named('SurveyShard').Catch).toEqual([
    expect.objectContaining({ ErrorEquals: ['States.ALL'], Next: 'RecordSurveyFailure' }),
  ]);
  const { Arguments, End } = named('RecordSurveyFailure');
  expect(End).toBe(true);
  expect(Arguments.Payload).toEqual({
    run: '{% $states.input.run %}',
    failed: { survey: '{% $states.input.shard.n %}' },
    error: '{% $states.input.error %}',
  });
  const failing = ['SurveyShard', 'Columns'];
  const { entered, ended } = walk(machine, {
    choices: { ...committed.choices, 'Committed?': 'failed' },
    failing,
  });
  expect(entered.slice(entered.indexOf('SurveyShard'))).toEqual([
    ...['SurveyShard', 'RecordSurveyFailure', 'Columns', 'FailRun', 'Committed?', 'Failed'],
  ]);
  expect(ended).toBe('FAILED');
});

test('each state calls the published version of its own task, and gives up on terminal errors at once', () => {
  const versions = new Map(ofType(template, 'AWS::Lambda::Version').map((each) => [ref(each), each]));
  const taskOf = { SurveyShard: 'Survey', RecordSurveyFailure: 'RecordFailure', Columns: 'Columns' };
  for (const [name, task] of Object.entries(taskOf)) {
    const { Arguments, Retry, Output } = named(name);
    const version = versions.get(Arguments.FunctionName);
    expect(version?.id, name).toMatch(new RegExp(`^JobTasks${task}FunctionCurrentVersion`));
    expect(version?.deletionPolicy, name).toBe('Retain');
    expect([...Retry[0].ErrorEquals].sort(), name).toEqual([...terminalNames].sort());
    expect(Retry[0].MaxAttempts, name).toBe(0);
    expect(Output, name).toBe('{% $states.result.Payload %}');
  }
});

test('what a state hands on is what the next one takes, and grows with nothing', () => {
  expectTypeOf<PlanOutput>().toExtend<ColumnsInput>();
  expectTypeOf<ColumnsOutput>().toExtend<ReconcileInput>();
  expectTypeOf<SurveyOutput>().toEqualTypeOf<Record<string, never>>();
});
