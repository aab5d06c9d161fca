import type { IVersion } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { BeginSliceOutput } from '../tasks/begin-slice/contract.ts';
import type { CloseBackfillOutput } from '../tasks/close-backfill/contract.ts';
import type { PlanBackfillOutput } from '../tasks/plan-backfill/contract.ts';
import { ListingReader } from './listing-reader.ts';
import { invoke, keepInput } from './parts.ts';
import { RunJob, type RunnableMachine } from './run-job.ts';

export type BackfillTask = 'PlanBackfill' | 'BeginSlice' | 'EndSlice' | 'CloseBackfill';

export interface BackfillMachineProps {
  job: { name: string; version: string };
  functions: Record<BackfillTask, IVersion>;
  /** Where the lists of the children lie. */
  listings: { bucket: IBucket; prefix: string };
  runs: RunnableMachine;
}

/**
 * The state machine that runs a job's machine for many slices. In rounds: slices that another run held are tried
 * again behind a pause, when all others have had their turn, so that none of them waits for a lease.
 */
export function backfillMachine(scope: Construct, props: BackfillMachineProps): sfn.IChainable {
  const close = closing(scope, props);
  const lanes = lanesMap(scope, props);
  const pause = new sfn.Wait(scope, 'Pause', { time: sfn.WaitTime.secondsPath('$.waitSeconds') });
  const is = (next: PlanBackfillOutput['next']) => sfn.Condition.stringEquals('$.next', next);
  const left = new sfn.Choice(scope, 'Left?')
    .when(is('begin'), lanes)
    .when(is('again'), pause.next(lanes))
    .otherwise(close);
  lanes.next(planning(scope, 'PlanRest', props, '{% $states.input.round + 1 %}').next(left));
  return planning(scope, 'PlanBackfill', props, 1).next(left);
}

const planning = (scope: Construct, id: string, props: BackfillMachineProps, round: number | string) =>
  invoke(scope, id, props.functions.PlanBackfill, {
    request: '{% $states.context.Execution.Input %}',
    job: props.job,
    execution: {
      id: '{% $states.context.Execution.Id %}',
      name: '{% $states.context.Execution.Name %}',
      startTime: '{% $states.context.Execution.StartTime %}',
    },
    round,
    attempt: '{% $states.context.State.RetryCount %}',
  });

/** One child a lane. No child fails for its slices: what became of each is in the ledger. */
function lanesMap(scope: Construct, { listings, ...props }: BackfillMachineProps): sfn.DistributedMap {
  const lanes = new sfn.DistributedMap(scope, 'Lanes', {
    label: 'Lanes',
    mapExecutionType: sfn.StateMachineType.STANDARD,
    maxConcurrencyPath: '$.lanes.atOnce',
    toleratedFailurePercentage: 100,
    itemReader: new ListingReader({ ...listings, key: sfn.JsonPath.stringAt('$.lanes.key') }),
    itemSelector: {
      backfill: sfn.JsonPath.objectAt('$.backfill'),
      round: sfn.JsonPath.numberAt('$.round'),
      slices: sfn.JsonPath.objectAt('$$.Map.Item.Value'),
    },
    resultPath: sfn.JsonPath.DISCARD,
  });
  return lanes.itemProcessor(slicesMap(scope, { listings, ...props }));
}

/** The slices of a lane, one behind the other. */
function slicesMap(scope: Construct, { functions, runs }: BackfillMachineProps): sfn.Map {
  const end = invoke(scope, 'EndSlice', functions.EndSlice);
  // What was not told is left, and the next round finds it so.
  end.addCatch(new sfn.Pass(scope, 'NotTold'), { outputs: {} });
  const begin = invoke(scope, 'BeginSlice', functions.BeginSlice);
  begin.addCatch(end, keepInput);
  const run = new RunJob(scope, 'RunSlice', runs);
  run.addCatch(end, keepInput);
  const begun = 'run' satisfies BeginSliceOutput['begun'];
  const slices = new sfn.Map(scope, 'Slices', {
    itemsPath: '$.slices',
    itemSelector: {
      backfill: sfn.JsonPath.objectAt('$.backfill'),
      round: sfn.JsonPath.numberAt('$.round'),
      item: sfn.JsonPath.objectAt('$$.Map.Item.Value'),
    },
    maxConcurrency: 1,
    resultPath: sfn.JsonPath.DISCARD,
    // The parent does not read what a child answers.
    outputPath: sfn.JsonPath.DISCARD,
  });
  return slices.itemProcessor(
    begin.next(
      new sfn.Choice(scope, 'Begun?')
        .when(sfn.Condition.stringEquals('$.begun', begun), run.next(end))
        .otherwise(new sfn.Pass(scope, 'NotBegun', { outputPath: sfn.JsonPath.DISCARD })),
    ),
  );
}

function closing(scope: Construct, { functions }: BackfillMachineProps): sfn.IChainable {
  const failed = 'FAILED' satisfies CloseBackfillOutput['status'];
  const incomplete = new sfn.Fail(scope, 'Incomplete', {
    errorPath: '$.error.name',
    causePath: '$.error.message',
  });
  return invoke(scope, 'CloseBackfill', functions.CloseBackfill).next(
    new sfn.Choice(scope, 'Complete?')
      .when(sfn.Condition.stringEquals('$.status', failed), incomplete)
      .otherwise(new sfn.Succeed(scope, 'Closed')),
  );
}
