/** The part of a job's machine that works on shards: from bytes to what the sinks have. */
import type { IVersion } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import type { WriteMessage } from '../tasks/write-lake/contract.ts';
import { sendRetries } from './errors.ts';
import { childrenOf, invoke, type JobMachineProps, keepInput, recordFailure } from './parts.ts';

/**
 * Without a policy for repeated keys a shard is dispatched by the child that enveloped it. With one, no shard can
 * be dispatched before the keys of all are known.
 */
export function shardsPart(scope: Construct, props: JobMachineProps): sfn.IChainable & sfn.INextable {
  if (props.keyFunctions === null)
    return shardsMap(scope, props, (envelope) => envelope.next(dispatchAll(scope, props)));
  const { Keys, Settle } = props.keyFunctions;
  return sfn.Chain.start(shardsMap(scope, props, (envelope) => envelope))
    .next(keysMap(scope, props, Keys))
    .next(settleMap(scope, props, Settle));
}

function shardsMap(
  scope: Construct,
  props: JobMachineProps,
  children: (envelope: tasks.LambdaInvoke) => sfn.IChainable,
): sfn.DistributedMap {
  const envelope = invoke(scope, 'Envelope', props.functions.Envelope);
  const failed = recordFailure(scope, 'RecordShardFailure', props, { shard: '{% $states.input.shard.n %}' });
  envelope.addCatch(failed, keepInput);
  return childrenOf(scope, 'Shards', props, {
    items: '$.shards.key',
    item: 'shard',
    concurrency: props.concurrency.shards,
    children: children(envelope),
  });
}

function keysMap(scope: Construct, props: JobMachineProps, version: IVersion): sfn.DistributedMap {
  const keys = invoke(scope, 'KeysOfBucket', version);
  const failed = recordFailure(scope, 'RecordBucketFailure', props, {
    bucket: '{% $states.input.bucket.n %}',
  });
  keys.addCatch(failed, keepInput);
  return childrenOf(scope, 'Keys', props, {
    items: '$.buckets.key',
    item: 'bucket',
    more: { shards: '$.shards.count' },
    concurrency: props.concurrency.shards,
    children: keys,
  });
}

function settleMap(scope: Construct, props: JobMachineProps, version: IVersion): sfn.DistributedMap {
  const settle = invoke(scope, 'SettleShard', version);
  const failed = recordFailure(scope, 'RecordSettleFailure', props, {
    settled: '{% $states.input.shard.n %}',
  });
  settle.addCatch(failed, keepInput);
  return childrenOf(scope, 'Settle', props, {
    items: '$.shards.key',
    item: 'shard',
    more: { shards: '$.shards.count', buckets: '$.buckets.count' },
    concurrency: props.concurrency.shards,
    children: settle.next(dispatchAll(scope, props)),
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
    major: props.tableMajor,
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
