/** Calls to the parts of a deployed app, each of which succeeds for whoever may make it, and does no harm. */
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  DeletePartitionCommand,
  DeleteTableCommand,
  GetTableCommand,
  GlueClient,
  type TableInput,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { backfillSuffix } from '../../core/backfill/model.ts';
import type { Outputs } from '../../core/outputs.ts';
import {
  backfillPlanKey,
  columnsKey,
  failuresKey,
  inboxPrefix,
  jobUnpackedPrefix,
  jobVersionKey,
  lanesKey,
  manifestKey,
  rejectsPrefix,
  scanKey,
  stagingPrefix,
  surveyKey,
  tableName,
  tablePrefix,
} from '../../core/storage.ts';
import type { Settings } from './roles.ts';

/** What the calls are made on: a job with a committed run. */
export interface Target {
  job: string;
  slice: string;
  runId: string;
  version: string;
  stateMachineArn: string;
  writeQueueUrl: string;
  writeDlqUrl: string;
  triggersQueueUrl: string;
  /** The catalog's table as it is. */
  table: TableInput;
}

export type Call = (settings: Settings) => Promise<unknown>;

const once = { maxAttempts: 1 };
const s3 = (settings: Settings) => new S3Client({ ...settings, ...once, forcePathStyle: true });

const read =
  (Bucket: string, Key: string): Call =>
  (settings) =>
    s3(settings).send(new GetObjectCommand({ Bucket, Key }));
const write =
  (Bucket: string, Key: string): Call =>
  (settings) =>
    s3(settings).send(new PutObjectCommand({ Bucket, Key, Body: 'probe' }));
const list =
  (Bucket: string, Prefix: string): Call =>
  (settings) =>
    s3(settings).send(new ListObjectsV2Command({ Bucket, Prefix }));
const remove =
  (Bucket: string, Key: string): Call =>
  (settings) =>
    s3(settings).send(new DeleteObjectCommand({ Bucket, Key }));

const removeVersion =
  (Bucket: string, Key: string): Call =>
  (settings) =>
    s3(settings).send(new DeleteObjectCommand({ Bucket, Key, VersionId: 'null' }));
const listVersions =
  (Bucket: string, Prefix: string): Call =>
  (settings) =>
    s3(settings).send(new ListObjectVersionsCommand({ Bucket, Prefix }));

/** `first`: the first key below a prefix. */
export async function objectCalls(
  at: Outputs,
  target: Target,
  first: (bucket: string, prefix: string) => Promise<string>,
): Promise<Record<string, Call>> {
  const { job, slice, runId, version } = target;
  const inbox = inboxPrefix(job, slice);
  const raw = `raw/${job}/`;
  const unpacked = jobUnpackedPrefix(job);
  const lake = tablePrefix(job);
  const staging = stagingPrefix(job, runId);
  const rejects = rejectsPrefix(job, runId);
  return {
    'list inbox': list(at.InboxBucket, inbox),
    'read inbox': read(at.InboxBucket, await first(at.InboxBucket, inbox)),
    'write inbox': write(at.InboxBucket, `${inbox}probe`),
    'read raw': read(at.RawBucket, await first(at.RawBucket, raw)),
    'write raw': write(at.RawBucket, `${raw}probe`),
    'delete raw': remove(at.RawBucket, `${raw}probe`),
    'delete raw version': removeVersion(at.RawBucket, `${raw}probe`),
    'list raw': list(at.RawBucket, raw),
    'list raw versions': listVersions(at.RawBucket, raw),
    'read unpacked': read(at.RawBucket, await first(at.RawBucket, unpacked)),
    'write unpacked': write(at.RawBucket, `${unpacked}probe`),
    'delete unpacked': remove(at.RawBucket, `${unpacked}probe`),
    'list unpacked': list(at.RawBucket, unpacked),
    'read lake': read(at.LakeBucket, await first(at.LakeBucket, lake)),
    'write lake': write(at.LakeBucket, `${lake}probe`),
    'delete lake': remove(at.LakeBucket, `${lake}probe`),
    'delete lake version': removeVersion(at.LakeBucket, `${lake}probe`),
    'list lake': list(at.LakeBucket, lake),
    'read staging': read(at.OpsBucket, await first(at.OpsBucket, staging)),
    'write staging': write(at.OpsBucket, `${staging}probe`),
    'read scan': read(at.OpsBucket, scanKey(job, runId, 0)),
    'list staging': list(at.OpsBucket, staging),
    'read columns': read(at.OpsBucket, columnsKey(job, runId)),
    'write columns': write(at.OpsBucket, columnsKey(job, 'probe')),
    'write failures': write(at.OpsBucket, failuresKey(job, 'probe')),
    'write survey': write(at.OpsBucket, surveyKey(job, 'probe', 0)),
    'read rejects': read(at.OpsBucket, await first(at.OpsBucket, rejects)),
    'write rejects': write(at.OpsBucket, `${rejects}probe`),
    'read backfill plan': read(at.OpsBucket, backfillPlanKey(job, 'none')),
    'write backfill plan': write(at.OpsBucket, backfillPlanKey(job, 'probe')),
    'write lanes': write(at.OpsBucket, lanesKey(job, 'probe', 1)),
    'read manifest': read(at.OpsBucket, manifestKey(job, runId)),
    'write manifest': write(at.OpsBucket, manifestKey(job, 'probe')),
    'read job version': read(at.OpsBucket, jobVersionKey(job, version)),
    'write job version': write(at.OpsBucket, jobVersionKey(job, 'probe')),
    'list job versions': list(at.OpsBucket, jobVersionKey(job, version)),
  };
}

const dynamo = (settings: Settings) => new DynamoDBClient({ ...settings, ...once });
const text = (S: string) => ({ S });

/** Tables have no part that is one job's own for the local cloud: it does not look at leading keys. */
export function tableCalls(at: Outputs, { job, runId }: Target): Record<string, Call> {
  const slice = { pk: text(`JOB#${job}`), sk: text('SLICE#probe') };
  const outcome = { pk: text(`RUN#${runId}#15`), sk: text('OBJECT#999999') };
  const run = { pk: text(`JOB#${job}`), sk: text(`RUN#${runId}`) };
  const UpdateExpression = 'SET probed = :probed';
  const ExpressionAttributeValues = { ':probed': text('yes') };
  const all = (pk: string) => ({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': text(pk) },
  });
  const [slices, runs] = [at.SlicesTable, at.RunsTable];
  return {
    'get slice': (to) => dynamo(to).send(new GetItemCommand({ TableName: slices, Key: slice })),
    'put slice': (to) => dynamo(to).send(new PutItemCommand({ TableName: slices, Item: slice })),
    'update slice': (to) =>
      dynamo(to).send(
        new UpdateItemCommand({ TableName: slices, Key: slice, UpdateExpression, ExpressionAttributeValues }),
      ),
    'query slices': (to) => dynamo(to).send(new QueryCommand({ TableName: slices, ...all(`JOB#${job}`) })),
    'scan slices': (to) => dynamo(to).send(new ScanCommand({ TableName: slices })),
    'get run': (to) => dynamo(to).send(new GetItemCommand({ TableName: runs, Key: run })),
    'put outcome': (to) => dynamo(to).send(new PutItemCommand({ TableName: runs, Item: outcome })),
    'update run': (to) =>
      dynamo(to).send(
        new UpdateItemCommand({ TableName: runs, Key: run, UpdateExpression, ExpressionAttributeValues }),
      ),
    'query runs': (to) => dynamo(to).send(new QueryCommand({ TableName: runs, ...all(`RUN#${runId}#0`) })),
    'query all pending': (to) =>
      dynamo(to).send(
        new QueryCommand({
          TableName: runs,
          IndexName: 'byStatus',
          KeyConditionExpression: 'statusKey = :pending',
          ExpressionAttributeValues: { ':pending': text('OUTBOX#PENDING') },
        }),
      ),
    'scan runs': (to) => dynamo(to).send(new ScanCommand({ TableName: runs })),
  };
}

const sfn = (settings: Settings) => new SFNClient({ ...settings, ...once });
const sqs = (settings: Settings) => new SQSClient({ ...settings, ...once });
const glue = (settings: Settings) => new GlueClient({ ...settings, ...once });
const ssm = (settings: Settings) => new SSMClient({ ...settings, ...once });

/** `started`: gives names to executions; each is refused at once, since its slice, or its range, is none. */
export function serviceCalls(at: Outputs, target: Target, started: () => string): Record<string, Call> {
  const { job, runId, stateMachineArn, writeQueueUrl, writeDlqUrl, triggersQueueUrl } = target;
  const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${runId}`;
  const DatabaseName = at.Database;
  const TableName = tableName(job);
  const parameter = `${at.SecretsPath}${job}/hash-key`;
  return {
    'get table': (to) => glue(to).send(new GetTableCommand({ DatabaseName, Name: TableName })),
    'update table': (to) => glue(to).send(new UpdateTableCommand({ DatabaseName, TableInput: target.table })),
    'delete table': (to) => glue(to).send(new DeleteTableCommand({ DatabaseName, Name: TableName })),
    'delete partition': (to) =>
      glue(to).send(new DeletePartitionCommand({ DatabaseName, TableName, PartitionValues: ['none'] })),
    'read secret': (to) => ssm(to).send(new GetParameterCommand({ Name: parameter, WithDecryption: true })),
    'replace secret': (to) =>
      ssm(to).send(
        new PutParameterCommand({ Name: parameter, Value: 'known', Type: 'SecureString', Overwrite: true }),
      ),
    'start run': (to) =>
      sfn(to).send(
        new StartExecutionCommand({
          stateMachineArn,
          name: started(),
          input: JSON.stringify({ trigger: 'manual', slice: 'none' }),
        }),
      ),
    'start backfill': (to) =>
      sfn(to).send(
        new StartExecutionCommand({
          stateMachineArn: `${stateMachineArn}${backfillSuffix}`,
          name: started(),
          input: '{}',
        }),
      ),
    'describe run': (to) => sfn(to).send(new DescribeExecutionCommand({ executionArn })),
    'stop run': (to) => sfn(to).send(new StopExecutionCommand({ executionArn })),
    'list runs': (to) => sfn(to).send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1 })),
    'receive trigger': (to) =>
      sqs(to).send(new ReceiveMessageCommand({ QueueUrl: triggersQueueUrl, VisibilityTimeout: 0 })),
    'send trigger': (to) =>
      sqs(to).send(new SendMessageCommand({ QueueUrl: triggersQueueUrl, MessageBody: '{}' })),
    'receive write': (to) =>
      sqs(to).send(new ReceiveMessageCommand({ QueueUrl: writeQueueUrl, VisibilityTimeout: 0 })),
    'send write': (to) =>
      sqs(to).send(new SendMessageCommand({ QueueUrl: writeQueueUrl, MessageBody: '{}' })),
    'receive dead write': (to) => sqs(to).send(new ReceiveMessageCommand({ QueueUrl: writeDlqUrl })),
  };
}

/** What all jobs share, whole. */
export function sharedCalls(at: Outputs): Record<string, Call> {
  const Detail = JSON.stringify({ probe: true });
  return {
    'answer a task': (to) => sfn(to).send(new SendTaskSuccessCommand({ taskToken: 'none', output: '{}' })),
    'tell the bus': (to) =>
      new EventBridgeClient({ ...to, ...once }).send(
        new PutEventsCommand({
          Entries: [{ EventBusName: at.BusName, Source: 'probe', DetailType: 'Probe', Detail }],
        }),
      ),
    'send to job DLQ': (to) =>
      sqs(to).send(new SendMessageCommand({ QueueUrl: at.JobDlqUrl, MessageBody: '{}' })),
    'receive from job DLQ': (to) =>
      sqs(to).send(new ReceiveMessageCommand({ QueueUrl: at.JobDlqUrl, VisibilityTimeout: 0 })),
  };
}
