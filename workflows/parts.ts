/** What the states of a job's machine are made of, whichever part of it they belong to. */
import type { Duration } from 'aws-cdk-lib';
import type { IVersion } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { retries } from './errors.ts';
import { ListingReader } from './listing-reader.ts';

export type JobTask =
  | 'OpenRun'
  | 'Discover'
  | 'Extract'
  | 'Plan'
  | 'Envelope'
  | 'RecordFailure'
  | 'Reconcile'
  | 'Catalog'
  | 'CloseRun'
  | 'FailRun';

/** Those that only jobs have whose slices decide their columns. */
export type ColumnTask = 'Survey' | 'Columns';
/** Those that only jobs with a policy for repeated keys have. */
export type KeyTask = 'Keys' | 'Settle';

export interface JobMachineProps {
  job: { name: string; version: string };
  functions: Record<JobTask, IVersion>;
  /** Of a job whose slices decide their columns; `null`: of any other. */
  columnFunctions: Record<ColumnTask, IVersion> | null;
  /** Of a job that settles repeated keys; `null`: of any other. */
  keyFunctions: Record<KeyTask, IVersion> | null;
  /** The listings that the Maps go over. */
  listings: { bucket: IBucket; prefix: string };
  /** Major version of the table that the lake's writer writes. */
  tableMajor: number;
  /** Write queues by the sink's name. */
  queues: Record<string, IQueue>;
  concurrency: { extract: number; shards: number };
  dispatchTimeout: Duration;
}

export interface Children {
  /** JSONPath to the key of the listing. */
  items: string;
  /** What an item is called in the child's input. */
  item: string;
  concurrency: number;
  /** Numbers of the state that each child gets, too: JSONPaths by name. */
  more?: Record<string, string>;
  children: sfn.IChainable;
}

/**
 * A Distributed Map over a JSON array in the ops bucket. No child fails for its item: on AWS that would abort
 * its siblings and reach the parent without a cause. It records the failure, and Reconcile decides.
 */
export function childrenOf(
  scope: Construct,
  id: string,
  props: JobMachineProps,
  map: Children,
): sfn.DistributedMap {
  const numbers = Object.fromEntries(
    Object.entries(map.more ?? {}).map(([name, path]) => [name, sfn.JsonPath.numberAt(path)]),
  );
  const each = new sfn.DistributedMap(scope, id, {
    label: id,
    mapExecutionType: sfn.StateMachineType.STANDARD,
    maxConcurrency: map.concurrency,
    toleratedFailurePercentage: 100,
    itemReader: new ListingReader({ ...props.listings, key: sfn.JsonPath.stringAt(map.items) }),
    itemSelector: {
      run: sfn.JsonPath.objectAt('$.run'),
      [map.item]: sfn.JsonPath.objectAt('$$.Map.Item.Value'),
      ...numbers,
    },
    resultPath: sfn.JsonPath.DISCARD,
  });
  each.itemProcessor(map.children);
  return each;
}

/** A failed child's input with the error beside it. */
export const keepInput: sfn.CatchProps = {
  outputs: "{% $merge([$states.input, {'error': $states.errorOutput}]) %}",
};

export function recordFailure(
  scope: Construct,
  id: string,
  { functions }: JobMachineProps,
  failed: Record<string, string>,
): tasks.LambdaInvoke {
  return invoke(scope, id, functions.RecordFailure, {
    run: '{% $states.input.run %}',
    failed,
    error: '{% $states.input.error %}',
  });
}

/** Invokes a task with the state as it is, and its attempt; its answer is the next state. */
export function invoke(
  scope: Construct,
  id: string,
  version: IVersion,
  payload?: object,
): tasks.LambdaInvoke {
  const whole = "{% $merge([$states.input, {'attempt': $states.context.State.RetryCount}]) %}";
  const task = tasks.LambdaInvoke.jsonata(scope, id, {
    lambdaFunction: version,
    payload: payload === undefined ? sfn.TaskInput.fromText(whole) : sfn.TaskInput.fromObject({ ...payload }),
    outputs: '{% $states.result.Payload %}',
    retryOnServiceExceptions: false,
  });
  for (const retry of retries) task.addRetry(retry);
  return task;
}
