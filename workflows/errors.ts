import { Duration } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { terminalNames } from '../core/errors.ts';

const backoff = {
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxAttempts: 4,
  maxDelay: Duration.seconds(60),
  jitterStrategy: sfn.JitterType.FULL,
} satisfies sfn.RetryProps;

/**
 * How a task is tried again: not at all for errors that trying again does not mend, and otherwise with backoff
 * and full jitter, so that children that were throttled together do not come back together. Terminal names
 * stand first, since Step Functions takes the first retrier that matches.
 */
export const retries: sfn.RetryProps[] = [
  { errors: [...terminalNames], maxAttempts: 0 },
  { errors: [sfn.Errors.ALL], ...backoff },
];

/**
 * How Dispatch is tried again: only where the message was not sent. An error that a writer reports comes after
 * all of its message's receives, and the message is in the DLQ; sending another would put a second one there.
 */
export const sendRetries: sfn.RetryProps[] = [
  { errors: ['SQS.SdkClientException', 'SQS.AmazonSQSException'], ...backoff },
];

/**
 * How the start of a run is tried again: only where Step Functions did not take it. What it is short of comes as the
 * exception that all of its others are kinds of; the name of the run makes a second start none.
 */
export const startRetries: sfn.RetryProps[] = [
  {
    errors: [
      'SdkClientException',
      'AWSStepFunctionsException',
      'ThrottlingException',
      'ExecutionLimitExceeded',
    ].map((name) => `StepFunctions.${name}`),
    ...backoff,
  },
];
