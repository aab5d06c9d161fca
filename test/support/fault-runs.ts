/** Runs of the job `people` on a cloud with faults, and what is stored behind them. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ObjectVersion,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import {
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { catalog } from '../../aws/glue.ts';
import { ledger } from '../../aws/ledger.ts';
import type { FailureRecord } from '../../core/failure.ts';
import type { RunRecord } from '../../core/ledger.ts';
import { partitionPrefix } from '../../core/storage.ts';
import type { RunRequest } from '../../tasks/open-run/contract.ts';
import { consume, type Delivered } from './consumer.ts';
import { readBatch } from './envelope.ts';
import type { FaultyCloud } from './faulty-cloud.ts';
import type { Call } from './proxy.ts';
import { until } from './until.ts';

export const job = 'people';
/** The size of a record, and of a shard. */
export const recordBytes = 20;

/** `name`: eight letters at most, for a record of just the size. */
export const line = (name: string, n: number | string = 1): string =>
  `${name},${String(n).padStart(recordBytes - 2 - Buffer.byteLength(name), '0')}`;
export const fileOf = (names: readonly string[]): string =>
  ['name,n', ...names.map((name) => line(name)), ''].join('\n');

export interface Started {
  runId: string;
  arn: string;
  slice: string;
}

export interface FaultRuns {
  cloud: FaultyCloud;
  ledger: ReturnType<typeof ledger>;
  /** A slice that no test has had. */
  slice(): string;
  deliver(slice: string, name: string, body: string | Buffer): Promise<void>;
  start(slice: string, request?: Partial<RunRequest>): Promise<Started>;
  stop(started: Started): Promise<void>;
  /** The run's record, once its execution has ended. */
  ended(started: Started): Promise<RunRecord>;
  /** A slice of these names, one shard each, loaded whatever happens on the way. */
  load(slice: string, names: readonly string[]): Promise<{ started: Started; run: RunRecord }>;
  /** Versions of an object or of all below a prefix, with the keys. */
  versions(
    bucket: 'RawBucket' | 'LakeBucket' | 'OpsBucket',
    prefix: string,
  ): Promise<Array<{ key: string; etag: string; latest: boolean }>>;
  /** The run that the slice's partition points to, by its location; `null`: there is no partition. */
  partition(slice: string): Promise<string | null>;
  /** The names in the table's partition, as a reader finds them. */
  names(slice: string): Promise<string[]>;
  /** All events of a run that were delivered. */
  events(runId: string): Promise<Delivered[]>;
  /** What lies in the job's DLQ of a run, each record once, however often it was sent. */
  deadLetters(runId: string): Promise<FailureRecord[]>;
  writeQueue: string;
  /** Messages of the write queue that nobody has done yet, those at work included. */
  waiting(): Promise<number>;
}

/** Of the write queue, in seconds: a message of a writer that died comes again soon. */
export const visibility = 3;

export async function faultRuns(cloud: FaultyCloud): Promise<FaultRuns> {
  const { clients, outputs } = cloud;
  const book = ledger(clients.dynamodb, { runs: outputs.RunsTable, slices: outputs.SlicesTable });
  const tables = catalog(clients.glue, outputs.Database);
  const machine = `${outputs.StateMachineArnPrefix}${job}`;
  const next = await consume(cloud, outputs.BusName);
  const delivered: Delivered[] = [];
  const letters = new Map<string, FailureRecord>();
  const writeQueue = await queueLike(cloud, /LakeQueue/);
  const VisibilityTimeout = String(visibility);
  await clients.sqs.send(
    new SetQueueAttributesCommand({ QueueUrl: writeQueue, Attributes: { VisibilityTimeout } }),
  );
  let day = 0;

  const runs: FaultRuns = {
    cloud,
    ledger: book,
    slice: () => new Date(Date.UTC(2026, 0, 1 + day++)).toISOString().slice(0, 10),
    deliver: async (slice, name, Body) => {
      const Key = `${job}/${slice}/${name}`;
      await clients.s3.send(new PutObjectCommand({ Bucket: outputs.InboxBucket, Key, Body }));
    },
    start: async (slice, request = {}) => {
      const runId = `run-${randomUUID()}`;
      const input = JSON.stringify({ trigger: 'manual', slice, ...request });
      const { executionArn: arn = '' } = await clients.sfn.send(
        new StartExecutionCommand({ stateMachineArn: machine, name: runId, input }),
      );
      return { runId, arn, slice };
    },
    stop: async ({ arn }) => {
      await clients.sfn.send(new StopExecutionCommand({ executionArn: arn }));
    },
    ended: async ({ arn, runId }) => {
      await until(`${runId} ends`, async () => {
        const { status } = await clients.sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
        return status !== 'RUNNING';
      });
      return (await book.getRun(job, runId)) ?? expect.fail(`${runId} is not in the ledger`);
    },
    load: async (slice, names) => {
      await runs.deliver(slice, 'a.csv', fileOf(names));
      const started = await runs.start(slice);
      return { started, run: await runs.ended(started) };
    },
    versions: async (bucket, prefix) => {
      const found: ObjectVersion[] = [];
      let from = {};
      for (let more = true; more; ) {
        const page = await clients.s3.send(
          new ListObjectVersionsCommand({ Bucket: outputs[bucket], Prefix: prefix, ...from }),
        );
        found.push(...(page.Versions ?? []));
        from = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
        more = page.IsTruncated ?? false;
      }
      return found.map(({ Key = '', ETag = '', IsLatest = false }) => ({
        key: Key,
        etag: ETag,
        latest: IsLatest,
      }));
    },
    partition: async (slice) => {
      const location = (await tables.getPartition(job, slice))?.location;
      return location === undefined ? null : (/run=([^/]+)\/$/.exec(location)?.[1] ?? '');
    },
    names: async (slice) => {
      const runId = (await runs.partition(slice)) ?? '';
      const parts = await runs.versions('LakeBucket', partitionPrefix(job, slice, runId));
      const bodies = await Promise.all(
        parts.filter(({ latest }) => latest).map(({ key }) => body('LakeBucket', key)),
      );
      return (await Promise.all(bodies.map(namesIn))).flat().sort();
    },
    events: inTurn(async (runId: string) => {
      const sentinel = randomUUID();
      const entry = {
        Source: 'forebay',
        DetailType: 'Sentinel',
        Detail: JSON.stringify({ data: { sentinel } }),
      };
      await clients.events.send(
        new PutEventsCommand({ Entries: [{ ...entry, EventBusName: outputs.BusName }] }),
      );
      await next((event) => {
        delivered.push(event);
        return event.detail.data.sentinel === sentinel;
      });
      return delivered.filter(({ detail }) => detail.data.runId === runId);
    }),
    deadLetters: inTurn(async (runId: string) => {
      const receive = { QueueUrl: outputs.JobDlqUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 };
      for (let more = true; more; ) {
        const { Messages = [] } = await clients.sqs.send(new ReceiveMessageCommand(receive));
        for (const { Body = '{}' } of Messages) {
          const record = JSON.parse(Body) as FailureRecord;
          letters.set(record.id, record);
        }
        more = Messages.length > 0;
      }
      return [...letters.values()].filter((record) => record.runId === runId);
    }),
    writeQueue,
    waiting: async () => {
      const { Attributes = {} } = await clients.sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: writeQueue, AttributeNames: ['All'] }),
      );
      return (
        Number(Attributes.ApproximateNumberOfMessages) +
        Number(Attributes.ApproximateNumberOfMessagesNotVisible)
      );
    },
  };

  const body = async (bucket: 'LakeBucket' | 'RawBucket', Key: string): Promise<Uint8Array> => {
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: outputs[bucket], Key }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  };
  return runs;
}

/** One call behind the other: a message that one of them takes is not there for who asks meanwhile. */
export function inTurn<A extends unknown[], T>(work: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (...args) => {
    const next = last.then(() => work(...args));
    last = next.catch(() => undefined);
    return next;
  };
}

async function queueLike({ clients }: FaultyCloud, name: RegExp): Promise<string> {
  const { QueueUrls = [] } = await clients.sqs.send(new ListQueuesCommand({}));
  return QueueUrls.find((url) => name.test(url)) ?? expect.fail(`no queue is called ${name}`);
}

async function namesIn(parquet: Uint8Array): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'forebay-part-'));
  try {
    const file = join(dir, 'part.parquet');
    writeFileSync(file, parquet);
    return (await readBatch(file)).map(({ data }) => data.name ?? '');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * What "nothing lost" means of a run: it is what readers see, with each record once; all is accounted for; the lease
 * is free; the event was told under one id, and nothing is left to send.
 */
export async function expectLoaded(runs: FaultRuns, run: RunRecord, names: readonly string[]): Promise<void> {
  expect(run.error).toBeNull();
  expect(run.status).toBe('COMPLETED');
  const [read, written] = [names.length, names.length];
  expect(run.counts).toEqual({ read, written, rejected: 0, filtered: 0, repeatedKeys: 0 });
  expect(await runs.partition(run.slice)).toBe(run.runId);
  expect(await runs.names(run.slice)).toEqual([...names].sort());
  expect(await runs.ledger.getSlice(job, run.slice)).toMatchObject({
    holder: null,
    committed: { runId: run.runId, revision: run.revision },
  });
  expect(await runs.ledger.pendingOutbox({ job, runId: run.runId })).toEqual([]);
  const events = await runs.events(run.runId);
  // A slice that was there is reopened first.
  const told = new Set(['JobCompleted', ...(run.revision > 1 ? ['SliceReopened'] : [])]);
  expect(new Set(events.map((event) => event['detail-type']))).toEqual(told);
  expect(new Set(events.map(({ detail }) => detail.metadata.id)).size).toBe(told.size);
  const raw = await runs.versions('RawBucket', `raw/${job}/slice=${run.slice}/run=${run.runId}/`);
  expect(raw.length).toBeGreaterThan(0);
  // Nothing in the raw zone is ever written a second time.
  expect(raw.filter(({ latest }) => !latest)).toEqual([]);
}

/** What a failed run leaves: told once, nothing to see of it, and the lease free. */
export async function expectFailed(runs: FaultRuns, run: RunRecord, name: string): Promise<void> {
  expect(run).toMatchObject({ status: 'FAILED', error: { name } });
  expect(await runs.partition(run.slice)).not.toBe(run.runId);
  const slice = await runs.ledger.getSlice(job, run.slice);
  expect(slice?.holder).toBeNull();
  expect(slice?.committed?.runId).not.toBe(run.runId);
  // Who closed it may be about to tell it.
  const pending = () => runs.ledger.pendingOutbox({ job, runId: run.runId });
  await until('it is told', async () => (await pending()).length === 0);
  const events = await runs.events(run.runId);
  const failed = events.filter((event) => event['detail-type'] === 'JobFailed');
  const others = events.map((event) => event['detail-type']).filter((type) => type !== 'JobFailed');
  expect(others.filter((type) => type !== 'SliceReopened' && type !== 'ContractViolated')).toEqual([]);
  expect(new Set(failed.map(({ detail }) => detail.metadata.id)).size).toBe(1);
  expect(failed[0]?.detail.data).toMatchObject({ status: 'FAILED', error: { name } });
  expect(await runs.deadLetters(run.runId)).toMatchObject([{ kind: 'run', error: { name } }]);
  expect(await pending()).toEqual([]);
}

/** A gate: calls wait at it until it is opened. */
export function gate() {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), wait: () => passed.then(() => undefined) };
}

/** Calls of an action whose path or body has the text. */
export const call =
  (action: string, text = '') =>
  (made: Call): boolean =>
    made.action === action && (made.path.includes(text) || made.body.includes(text));
