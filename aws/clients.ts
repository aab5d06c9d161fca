/** SDK clients, each made once, when it is first asked for. Region, endpoint and credentials are the SDK's to find. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GlueClient } from '@aws-sdk/client-glue';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

/** The standard retry mode backs off with full jitter; five attempts are about three seconds. */
const settings = { maxAttempts: 5, retryMode: 'standard' } as const;

/**
 * Says of itself that it does nothing but return: a bundle leaves out the clients that its function never asks for,
 * and a function starts in half the time.
 */
// @__NO_SIDE_EFFECTS__
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const s3 = once(
  () =>
    new S3Client({
      ...settings,
      // Bucket names as host names need a wildcard in the endpoint's certificate; AWS takes either way.
      forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined,
      requestHandler: { connectionTimeout: 5_000, requestTimeout: 120_000 },
    }),
);
const timeouts = { requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000 } };

export const dynamodb = once(() => new DynamoDBClient({ ...settings, ...timeouts, maxAttempts: 8 }));
export const sfn = once(() => new SFNClient({ ...settings, ...timeouts }));
export const sqs = once(() => new SQSClient({ ...settings, ...timeouts }));
export const eventbridge = once(() => new EventBridgeClient({ ...settings, ...timeouts }));
export const glue = once(() => new GlueClient({ ...settings, ...timeouts }));
export const ssm = once(() => new SSMClient({ ...settings, ...timeouts }));
export const kms = once(() => new KMSClient({ ...settings, ...timeouts }));
export const cloudformation = once(() => new CloudFormationClient({ ...settings, ...timeouts }));
