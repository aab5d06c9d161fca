/** 250 failed runs whose slices were committed since, 250 deliveries to a queue, and 10,000 runs of another job, in a local cloud. */
import { CreateQueueCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as clients from '../../../aws/clients.ts';
import { deliver } from '../../../aws/deliver.ts';
import { runItem } from '../../../aws/ledger/runs.ts';
import { ledger } from '../../../aws/ledger.ts';
import { peek } from '../../../aws/peek.ts';
import { sift } from '../../../aws/sift.ts';
import { type DeadLetterQueue, deadLetters } from '../../../cli/failures/dead-letters.ts';
import { type RedriveDeps, redrive } from '../../../cli/failures/redrive.ts';
import { mapAtOnce } from '../../../core/at-once.ts';
import { type FailureRecord, runFailureId } from '../../../core/failure.ts';
import type { RunRecord } from '../../../core/ledger.ts';
import { createLedgerTables } from '../../support/ledger-tables.ts';

const [job, half, runs] = ['orders', 250, 10_000];
const listed = 'products';
const machinePrefix = 'arn:aws:states:eu-west-1:000000000000:stateMachine:forebay-bench-';
const at = (n: number): string => new Date(Date.UTC(2020, 0, 1) + n * 60_000).toISOString();
const { slices, runs: runsTable } = await createLedgerTables(clients.dynamodb(), 'bench');
const book = ledger(clients.dynamodb(), { slices, runs: runsTable });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

const queue = async (name: string): Promise<string> =>
  (await clients.sqs().send(new CreateQueueCommand({ QueueName: name }))).QueueUrl ?? '';

async function fill(
  QueueUrl: string,
  bodies: string[],
  attributes: Record<string, string> = {},
): Promise<void> {
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
  for (let from = 0; from < bodies.length; from += 10) {
    const Entries = bodies
      .slice(from, from + 10)
      .map((MessageBody, i) => ({ Id: String(i), MessageBody, MessageAttributes }));
    await clients.sqs().send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
}

async function open(runId: string, slice: string, n: number): Promise<RunRecord> {
  const run = await book.acquire(await book.getSlice(job, slice), {
    ...{ job, jobVersion: 'a'.repeat(64), runId, slice, trigger: 'manual', force: false },
    ...{ time: at(n), startedAt: at(n), executionArn: `arn:${runId}` },
  });
  if (run === null) throw new Error(`slice ${slice} is held`);
  return run;
}

/** A run that failed, and a later one of its slice that was committed. */
async function failedAndPassed(n: number): Promise<FailureRecord> {
  const slice = `slice-${String(n).padStart(5, '0')}`;
  const error = { name: 'Throttled', message: '' };
  const run = await open(`failed-${n}`, slice, 2 * n);
  const failure: FailureRecord = {
    ...{ id: runFailureId(job, run.runId), kind: 'run', job, slice, runId: run.runId, error, attempts: 1 },
    ...{ firstFailedAt: at(n), lastFailedAt: at(n), trace: null, pointer: null },
  };
  await book.closeFailed(run, { endedAt: at(n), error, failure, outbox: [] });
  const next = await open(`passed-${n}`, slice, 2 * n + 1);
  await book.setLoaded(next, { digest: 'd', count: 1 });
  const counts = { read: 1, written: 1, rejected: 0, filtered: 0, repeatedKeys: 0 };
  const manifest = { bucket: 'ops', key: `manifests/${next.runId}.json` };
  await book.beginCommit(next, { manifest, counts, commitAs: 'COMPLETED' });
  const committing = await book.getRun(job, next.runId);
  if (committing !== null) await book.closeCommitted(committing, { endedAt: at(n), outbox: [] });
  return failure;
}

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; answer: T }> {
  const started = performance.now();
  const answer = await work();
  return { seconds: (performance.now() - started) / 1_000, answer };
}

const print = (line: object): void => console.log(JSON.stringify(line));

async function redriveMany(): Promise<void> {
  const urls: DeadLetterQueue[] = [
    { name: 'job', url: await queue('job-dlq'), kind: 'job' },
    { name: 'delivery', url: await queue('delivery-dlq'), kind: 'delivery' },
  ];
  await queue('target');
  const failed = await mapAtOnce(numbers(half), 16, failedAndPassed);
  await fill(
    urls[0]?.url ?? '',
    failed.map((failure) => JSON.stringify(failure)),
  );
  const TARGET_ARN = 'arn:aws:sqs:eu-west-1:000000000000:target';
  await fill(urls[1]?.url ?? '', numbers(half).map(String), { TARGET_ARN, ERROR_CODE: 'NO_PERMISSIONS' });
  const deps: RedriveDeps = {
    ...book,
    describe: async () => null,
    arnOf: (_job, runId) => `arn:${runId}`,
    start: async (_job, runId) => Promise.reject(new Error(`${runId} was started`)),
    follow: async ({ runId }) => Promise.reject(new Error(`${runId} was followed`)),
    sift: (url, takes) => sift(clients.sqs(), url, takes),
    deliver: (delivery) =>
      deliver({ sqs: clients.sqs(), sfn: clients.sfn(), lambda: clients.lambda() }, delivery),
    ...{ by: 'bench', now: () => new Date(at(0)), machinePrefix, progress: () => undefined },
  };
  const listing = await timed(() =>
    deadLetters({ ...deps, peek: (url, limit) => peek(clients.sqs(), url, limit) }, urls, {}),
  );
  const { failures } = listing.answer;
  print({ step: 'dlq list', failures: failures.length, seconds: listing.seconds });
  const { seconds, answer } = await timed(() => redrive(deps, failures, urls));
  const redriven = answer.outcomes.filter(
    ({ outcome, messages }) => outcome === 'redriven' && messages === 1,
  ).length;
  print({ step: 'dlq redrive', messages: redriven, seconds });
  if (redriven !== 2 * half) throw new Error(`${redriven} of ${2 * half} messages went`);
}

/** As CloseRun leaves them, by writes of many at once: how they came there is not what is measured. */
async function putRuns(from: number, count: number): Promise<void> {
  const none = { counts: null, commitAs: null, manifest: null, loaded: null, error: null, tasks: {} };
  const Items = numbers(count).map((i) => {
    const n = from + i;
    const run: RunRecord = {
      ...{
        job: listed,
        jobVersion: 'a'.repeat(64),
        runId: `run-${n}`,
        slice: `day-${n}`,
        status: 'SKIPPED',
        fence: 1,
      },
      ...{ revision: 1, trigger: 'manual', force: false, time: at(n), startedAt: at(n), endedAt: at(n) },
      ...{ executionArn: `arn:run-${n}`, ...none },
    };
    return { PutRequest: { Item: runItem(run) } };
  });
  const documents = DynamoDBDocumentClient.from(clients.dynamodb());
  await documents.send(new BatchWriteCommand({ RequestItems: { [runsTable]: Items } }));
}

const mostPages = 20;

/** The first pages, as `forebay runs list --before` does it. */
async function listMany(limit: number): Promise<void> {
  const pages: number[] = [];
  let count = 0;
  for (let before: RunRecord | undefined; pages.length < mostPages; ) {
    const { seconds, answer } = await timed(() =>
      book.listRuns({ job: listed, limit, ...(before === undefined ? {} : { before }) }),
    );
    before = answer.at(-1);
    if (before === undefined) break;
    pages.push(seconds * 1_000);
    count += answer.length;
  }
  const sorted = pages.sort((a, b) => a - b).map((ms) => Math.round(ms));
  const [median, most] = [sorted[sorted.length >> 1], sorted.at(-1)];
  print({ step: 'runs list', runs: count, limit, pages: pages.length, medianMs: median, mostMs: most });
}

await mapAtOnce(numbers(runs / 25), 4, (batch) => putRuns(batch * 25, 25));
for (const limit of [20, 100, 1_000]) await listMany(limit);
await redriveMany();
