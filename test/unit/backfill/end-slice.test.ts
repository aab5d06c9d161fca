/** What a slice of a backfill is said to have come to, by its run's record and by what the state caught. */
import { expect, test } from 'vitest';
import type { BackfillSliceRecord } from '../../../core/backfill/model.ts';
import { readError } from '../../../core/errors.ts';
import type { EndSliceInput } from '../../../tasks/end-slice/contract.ts';
import { endSlice } from '../../../tasks/end-slice/end-slice.ts';
import { attemptsOf } from '../../support/backfill-runs.ts';
import { held, newWorld, type World } from '../../support/world.ts';

const slice = '2026-03-01';
const [runId = ''] = attemptsOf('b1', slice, 1);

async function outcome(
  world: World,
  told: Pick<EndSliceInput, 'error' | 'output'>,
): Promise<BackfillSliceRecord> {
  const item = { n: 0, slice, action: 'load' as const };
  const deps = { ...world.ledger, now: () => world.now };
  await endSlice(deps, { backfill: { job: 'orders', id: 'b1' }, item, round: 1, ...told });
  const [record] = await world.ledger.listBackfillSlices('b1');
  return record ?? expect.fail('nothing was said');
}

test.each([
  ['StepFunctions.AWSStepFunctionsException', 'Rate exceeded (Service: AWSStepFunctions; Status Code: 400)'],
  ['StepFunctions.ExecutionLimitExceeded', 'The maximum number of running executions has been reached'],
  ['StepFunctions.SdkClientException', 'Unable to execute HTTP request'],
  // Of BeginSlice, as Lambda says it and as a cloud says it that passes on only the message.
  ['Throttled', '{"errorMessage":"Throttled: TooManyRequests from AWS, to the last attempt"}'],
  ['Runtime.HandlerError', '{"errorMessage":"Throttled: TooManyRequests from AWS, to the last attempt"}'],
  ['Lambda.TooManyRequestsException', 'Rate Exceeded.'],
])('what could not be started for the time being is tried again: %s', async (name, Cause) => {
  const error = { Error: name, Cause };
  const read = readError(error).name;
  const expected = { state: 'busy', error: { name: read }, why: `it could not be started: ${read}` };
  expect(await outcome(newWorld(), { error })).toMatchObject(expected);
});

test.each([
  ['SecretMissing', '{"errorMessage":"SecretMissing: there is no key"}'],
  ['StepFunctions.StateMachineDoesNotExistException', 'State Machine Does Not Exist'],
  ['StepFunctions.InvalidNameException', 'Invalid Name'],
  ['States.Permissions', 'no identity-based policy allows it'],
  ['States.TaskFailed', '{"Name":"b","Status":"FAILED"}'],
])('what will never start is failed: %s', async (name, Cause) => {
  const error = { Error: name, Cause };
  expect(await outcome(newWorld(), { error })).toMatchObject({
    state: 'failed',
    error: { name },
  });
});

/** As AWS tells of a nested execution, and as the local cloud does. */
const stopped = [
  '{"Cause":"Cancelled: by ann","Error":"Cancelled","Name":"b","Status":"ABORTED","StopDate":1772366400000}',
  '{"Name":"b","Status":"TIMED_OUT"}',
  `Nested execution arn:${runId} ended with status ABORTED`,
];

test.each(stopped)(
  'a run that was stopped does not come back by itself, whoever is first to tell: %s',
  async (Cause) => {
    const error = { Error: 'States.TaskFailed', Cause };
    const world = newWorld();
    await held(world, runId, { trigger: 'backfill', slice });
    expect(await outcome(world, { error })).toMatchObject({
      state: 'failed',
      runId,
      error: { name: 'ExecutionEnded' },
    });
    // It ended before it was opened.
    expect(await outcome(newWorld(), { error })).toMatchObject({ state: 'failed' });
  },
);

test.each([
  ['{"Name":"b","Status":"FAILED","Cause":"it says \\"Status\\":\\"ABORTED\\""}'],
  ['Rate exceeded'],
])('a run of which nobody knows that it was stopped is looked at again: %s', async (Cause) => {
  const world = newWorld();
  await held(world, runId, { trigger: 'backfill', slice });
  const error = { Error: 'States.TaskFailed', Cause };
  expect(await outcome(world, { error })).toMatchObject({ state: 'busy', why: `run ${runId} did not end` });
});
