import { Duration } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** SSE-SQS: what travels are references and counts, no record. */
const common = {
  encryption: sqs.QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  retentionPeriod: Duration.days(14),
};

export function deadLetterQueue(scope: Construct, id: string): sqs.Queue {
  const queue = new sqs.Queue(scope, id, common);
  acknowledge(
    queue,
    'SQS3',
    'It is a dead-letter queue itself: a person or the CLI takes messages out of it.',
  );
  return queue;
}

export const workQueue = (
  scope: Construct,
  id: string,
  props: { visibility: Duration; maxReceives: number; deadLetterQueue: sqs.Queue },
): sqs.Queue =>
  new sqs.Queue(scope, id, {
    ...common,
    visibilityTimeout: props.visibility,
    deadLetterQueue: { queue: props.deadLetterQueue, maxReceiveCount: props.maxReceives },
  });
