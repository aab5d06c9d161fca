import type { Duration } from 'aws-cdk-lib';
import type { IVersion } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import type { DiscoverOutput } from '../tasks/discover/contract.ts';
import type { FailRunOutput } from '../tasks/fail-run/contract.ts';
import type { BusyRun } from '../tasks/open-run/contract.ts';
import type { WriteMessage } from '../tasks/write-lake/contract.ts';
import { retries, sendRetries } from './errors.ts';
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

export interface JobMachineProps {
  job: { name: string; version: string };
  functions: Record<JobTask, IVersion>;
  /** The listings that the Maps go over. */
  listings: { bucket: IBucket; prefix: string };
  /** Write queues by the sink's name. */
  queues: Record<string, IQueue>;
  concurrency: { extract: number; shards: number };
  dispatchTimeout: Duration;
}

/** The state machine of one job, from OpenRun to its end. A state's name is its task's. */
export function jobMachine(scope: Construct, props: JobMachineProps): sfn.IChainable {
  const closeRun = invoke(scope, 'CloseRun', props.functions.CloseRun);
  const failRun = failing(scope, props, closeRun);
  const attempt = new sfn.Parallel(scope, 'Try', { outputPath: '$[0]' });
  attempt.branch(branch(scope, props));
  attempt.addCatch(failRun, { resultPath: '$.error' });
  attempt.next(closeRun);
  const busy = new sfn.Succeed(scope, 'Busy');
  const held = new sfn.Choice(scope, 'Held?')
    .when(sfn.Condition.stringEquals('$.outcome', 'busy' satisfies BusyRun['outcome']), busy)
    .otherwise(attempt);
  const openRun = invoke(scope, 'OpenRun', props.functions.OpenRun, {
    request: '{% $states.input %}',
    job: props.job,
    execution,
    attempt: retryCount,
  });
  openRun.addCatch(failRun, { outputs: { error: '{% $states.errorOutput %}' } });
  return openRun.next(held);
}

/** Context of the execution, in JSONata. */
const execution = {
  id: '{% $states.context.Execution.Id %}',
  name: '{% $states.context.Execution.Name %}',
  startTime: '{% $states.context.Execution.StartTime %}',
};
const retryCount = '{% $states.context.State.RetryCount %}';

/** What happens to a slice, up to its commit. */
function branch(scope: Construct, props: JobMachineProps): sfn.IChainable {
  const { functions } = props;
  const nothingNew = new sfn.Pass(scope, 'NothingNew');
  const load = extractMap(scope, props)
    .next(invoke(scope, 'Plan', functions.Plan))
    .next(shardsMap(scope, props))
    .next(invoke(scope, 'Reconcile', functions.Reconcile))
    .next(invoke(scope, 'Catalog', functions.Catalog));
  const isNew = 'nothing-new' satisfies DiscoverOutput['discovered'];
  return invoke(scope, 'Discover', functions.Discover).next(
    new sfn.Choice(scope, 'New?')
      .when(sfn.Condition.stringEquals('$.discovered', isNew), nothingNew)
      .otherwise(load),
  );
}

function extractMap(scope: Construct, props: JobMachineProps): sfn.DistributedMap {
  const extract = invoke(scope, 'ExtractObject', props.functions.Extract);
  const failed = recordFailure(scope, 'RecordObjectFailure', props, {
    object: '{% $states.input.object.n %}',
    name: '{% $states.input.object.name %}',
  });
  extract.addCatch(failed, keepInput);
  return childrenOf(scope, 'Extract', props, {
    items: '$.objects.key',
    item: 'object',
    concurrency: props.concurrency.extract,
    children: extract,
  });
}

function shardsMap(scope: Construct, props: JobMachineProps): sfn.DistributedMap {
  const envelope = invoke(scope, 'Envelope', props.functions.Envelope);
  const failed = recordFailure(scope, 'RecordShardFailure', props, { shard: '{% $states.input.shard.n %}' });
  envelope.addCatch(failed, keepInput);
  return childrenOf(scope, 'Shards', props, {
    items: '$.shards.key',
    item: 'shard',
    concurrency: props.concurrency.shards,
    children: envelope.next(dispatchAll(scope, props)),
  });
}

/** One message a sink. With several sinks they wait beside each other, so that none holds another up. */
function dispatchAll(scope: Construct, props: JobMachineProps): sfn.IChainable & sfn.INextable {
  const each = Object.entries(props.queues).map(([sink, queue]) => dispatch(scope, props, sink, queue));
  const [only, ...more] = each;
  if (only !== undefined && more.length === 0) return only;
  return new sfn.Parallel(scope, 'Dispatch').branch(...each);
}

function dispatch(
  scope: Construct,
  props: JobMachineProps,
  sink: string,
  queue: IQueue,
): tasks.SqsSendMessage {
  const name = Object.keys(props.queues).length === 1 ? 'Dispatch' : `Dispatch-${sink}`;
  const message: Record<keyof WriteMessage, unknown> = {
    schemaVersion: 1,
    taskToken: sfn.JsonPath.taskToken,
    run: sfn.JsonPath.objectAt('$.run'),
    shard: sfn.JsonPath.objectAt('$.shard'),
    sink,
    batch: sfn.JsonPath.objectAt('$.batch'),
  };
  const send = new tasks.SqsSendMessage(scope, name, {
    queue,
    messageBody: sfn.TaskInput.fromObject(message),
    integrationPattern: sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
    taskTimeout: sfn.Timeout.duration(props.dispatchTimeout),
    resultPath: sfn.JsonPath.DISCARD,
    // The Map's results are not read: what a child did is in the ledger.
    outputPath: sfn.JsonPath.DISCARD,
  });
  const failed = recordFailure(scope, `RecordWriteFailure-${sink}`, props, {
    shard: '{% $states.input.shard.n %}',
    sink,
  });
  for (const retry of sendRetries) send.addRetry(retry);
  send.addCatch(failed, { resultPath: '$.error' });
  return send;
}

interface Children {
  /** JSONPath to the key of the listing. */
  items: string;
  /** What an item is called in the child's input. */
  item: string;
  concurrency: number;
  children: sfn.IChainable;
}

/**
 * A Distributed Map over a JSON array in the ops bucket. No child fails for its item: on AWS that would abort
 * its siblings and reach the parent without a cause. It records the failure, and Reconcile decides.
 */
function childrenOf(scope: Construct, id: string, props: JobMachineProps, map: Children): sfn.DistributedMap {
  const each = new sfn.DistributedMap(scope, id, {
    label: id,
    mapExecutionType: sfn.StateMachineType.STANDARD,
    maxConcurrency: map.concurrency,
    toleratedFailurePercentage: 100,
    itemReader: new ListingReader({ ...props.listings, key: sfn.JsonPath.stringAt(map.items) }),
    itemSelector: {
      run: sfn.JsonPath.objectAt('$.run'),
      [map.item]: sfn.JsonPath.objectAt('$$.Map.Item.Value'),
    },
    resultPath: sfn.JsonPath.DISCARD,
  });
  each.itemProcessor(map.children);
  return each;
}

/** A failed child's input with the error beside it. */
const keepInput: sfn.CatchProps = {
  outputs: "{% $merge([$states.input, {'error': $states.errorOutput}]) %}",
};

function recordFailure(
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

/** FailRun, and what follows from its answer. */
function failing(scope: Construct, props: JobMachineProps, closeRun: sfn.IChainable): sfn.IChainable {
  const failRun = invoke(scope, 'FailRun', props.functions.FailRun, {
    job: props.job,
    execution: { ...execution, input: '{% $states.context.Execution.Input %}' },
    error: '{% $states.input.error %}',
    attempt: retryCount,
  });
  const failed = new sfn.Fail(scope, 'Failed', { errorPath: '$.error.name', causePath: '$.error.message' });
  const rollForward = invoke(scope, 'RollForward', props.functions.Catalog).next(closeRun);
  return failRun.next(
    new sfn.Choice(scope, 'Committed?')
      .when(
        sfn.Condition.stringEquals('$.outcome', 'committed' satisfies FailRunOutput['outcome']),
        rollForward,
      )
      .otherwise(failed),
  );
}

/** Invokes a task with the state as it is, and its attempt; its answer is the next state. */
function invoke(scope: Construct, id: string, version: IVersion, payload?: object): tasks.LambdaInvoke {
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
