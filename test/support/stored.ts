/** All that a deployed app has stored and logged, by where it lies, as text that can be searched. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  paginateGetExecutionHistory,
  paginateListExecutions,
  paginateListStateMachines,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { paginateListQueues, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Outputs } from '../../core/outputs.ts';
import type { Settings } from './roles.ts';

/** Text by its place, such as `runs table` or `ops rejects/orders/…`. Bytes are there as Latin-1. */
export type Places = Map<string, string>;

export async function storedBy(settings: Settings, outputs: Outputs, home: string): Promise<Places> {
  const all = await Promise.all([
    tables(settings, outputs),
    objects(settings, outputs),
    queues(settings),
    logs(settings),
    executions(settings),
  ]);
  return new Map([...all.flatMap((places) => [...places]), ...files(home)]);
}

async function tables(settings: Settings, outputs: Outputs): Promise<Places> {
  const client = new DynamoDBClient(settings);
  const places: Places = new Map();
  for (const [name, TableName] of [
    ['slices table', outputs.SlicesTable],
    ['runs table', outputs.RunsTable],
  ] as const) {
    const items: unknown[] = [];
    for await (const { Items = [] } of paginateScan({ client }, { TableName })) items.push(...Items);
    places.set(name, JSON.stringify(items));
  }
  return places;
}

/** Every version of every object of the zones. Of Parquet the bytes, and beside them the rows as JSON. */
async function objects(settings: Settings, outputs: Outputs): Promise<Places> {
  const client = new S3Client({ ...settings, forcePathStyle: true });
  const places: Places = new Map();
  for (const zone of ['Inbox', 'Raw', 'Lake', 'Ops'] as const) {
    const Bucket = outputs[`${zone}Bucket`];
    const { Versions = [], IsTruncated } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    if (IsTruncated) throw new Error(`${Bucket} has more objects than this test expects`);
    for (const { Key = '', VersionId } of Versions) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
      const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
      const place = `${zone.toLowerCase()} ${Key} ${VersionId}`;
      places.set(place, bytes.toString('latin1'));
      if (Key.endsWith('.parquet')) places.set(`rows of ${place}`, await rowsOf(bytes));
    }
  }
  return places;
}

async function rowsOf(bytes: Buffer): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'forebay-rows-'));
  const instance = await DuckDBInstance.create();
  try {
    const file = join(folder, 'batch.parquet');
    writeFileSync(file, bytes);
    const duck = await instance.connect();
    const reader = await duck.runAndReadAll(`SELECT CAST(r AS VARCHAR) FROM read_parquet('${file}') AS r`);
    return reader.getRows().join('\n');
  } finally {
    instance.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function queues(settings: Settings): Promise<Places> {
  const client = new SQSClient(settings);
  const places: Places = new Map();
  for await (const { QueueUrls = [] } of paginateListQueues({ client }, {})) {
    for (const QueueUrl of QueueUrls)
      places.set(`queue ${QueueUrl.split('/').at(-1)}`, await messages(client, QueueUrl));
  }
  return places;
}

async function messages(client: SQSClient, QueueUrl: string): Promise<string> {
  const found: unknown[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 60,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return JSON.stringify(found);
    found.push(...Messages);
  }
}

async function logs(settings: Settings): Promise<Places> {
  const client = new CloudWatchLogsClient(settings);
  const places: Places = new Map();
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, {})) {
    for (const { logGroupName = '' } of logGroups) {
      const lines: string[] = [];
      for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName }))
        lines.push(...events.map(({ message = '' }) => message));
      places.set(`log ${logGroupName}`, lines.join('\n'));
    }
  }
  return places;
}

/** Input, output, error and history of every execution. */
async function executions(settings: Settings): Promise<Places> {
  const client = new SFNClient(settings);
  const places: Places = new Map();
  for await (const { stateMachines = [] } of paginateListStateMachines({ client }, {})) {
    for (const { stateMachineArn } of stateMachines) {
      for await (const page of paginateListExecutions({ client }, { stateMachineArn })) {
        for (const { executionArn } of page.executions ?? []) {
          const whole: unknown[] = [await client.send(new DescribeExecutionCommand({ executionArn }))];
          for await (const { events = [] } of paginateGetExecutionHistory({ client }, { executionArn }))
            whole.push(...events);
          places.set(`execution ${executionArn}`, JSON.stringify(whole));
        }
      }
    }
  }
  return places;
}

/** What nobody writes a value into: code, layers and the assembly. */
const code = /\/(node_modules|cdk\.out)\/|\/index\.js$/;

/** The local cloud's own files: its log, and what functions left on their disks. */
function files(home: string): Places {
  const places: Places = new Map();
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || code.test(path) || statSync(path).size > 32 * 1024 ** 2) continue;
    places.set(`file ${path.slice(home.length + 1)}`, readFileSync(path, 'latin1'));
  }
  return places;
}

/** Where one of these texts stands: as it is, in hex, or in base64 at any of its three alignments. */
export function placesOf(places: Places, texts: Iterable<string | Buffer>): string[] {
  const found: string[] = [];
  for (const text of texts) {
    for (const form of formsOf(Buffer.from(text as string))) {
      for (const [place, content] of places) if (content.includes(form)) found.push(`${text} in ${place}`);
    }
  }
  return found;
}

function formsOf(bytes: Buffer): string[] {
  const base64 = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // What other bytes have a part in is cut off.
    return whole.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
  const hex = bytes.toString('hex');
  return [bytes.toString('latin1'), hex, hex.toUpperCase(), ...base64];
}
