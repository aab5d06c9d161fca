/** Runs as they lie before Reconcile, made up in a local cloud that the environment names; then its last three tasks. */
import { createHash } from 'node:crypto';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateEventBusCommand } from '@aws-sdk/client-eventbridge';
import { CreateDatabaseCommand } from '@aws-sdk/client-glue';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import * as clients from '../../../aws/clients.ts';
import { mapAtOnce } from '../../../core/at-once.ts';
import { loadJobs } from '../../../core/job/load.ts';
import { canonicalJson } from '../../../core/job/version.ts';
import { recordDigits } from '../../../core/keys.ts';
import { partitionKey, runsIndexes, slicesIndexes, sortKey } from '../../../core/ledger-schema.ts';
import type { RunRef } from '../../../core/run.ts';
import type { ScannedObject, Shard } from '../../../core/shard.ts';
import {
  batchKey,
  jobVersionKey,
  keysKey,
  objectsKey,
  partKey,
  rawKey,
  scanKey,
  shardsKey,
} from '../../../core/storage.ts';
import type { CatalogOutput } from '../../../tasks/catalog/contract.ts';
import { ledgerOf, store } from '../../../tasks/ports.ts';
import type { ReconcileInput, ReconcileOutput } from '../../../tasks/reconcile/contract.ts';
import { runRef } from '../../../tasks/run-ref.ts';

const env = {
  ...{
    RUNS_TABLE: 'bench-runs',
    SLICES_TABLE: 'bench-slices',
    OPS_BUCKET: 'bench-ops',
    LAKE_BUCKET: 'bench-lake',
  },
  ...{
    DATABASE: 'bench',
    BUS_NAME: 'bench',
    STATE_MACHINE_ARN: 'arn:aws:states:eu-west-1:000000000000:stateMachine:x',
  },
};
Object.assign(process.env, env);
const tasks = {
  Reconcile: (await import('../../../tasks/reconcile/handler.ts')).handler,
  Catalog: (await import('../../../tasks/catalog/handler.ts')).handler,
  CloseRun: (await import('../../../tasks/close-run/handler.ts')).handler,
};

/** Of a shard: all are written, and each has an id in the shard's list. */
const written = 1_000;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const [orders] = (await loadJobs('jobs')).filter(({ job }) => job.name === 'orders');
if (orders === undefined) throw new Error('jobs/orders.ts is not there');
const { job, version } = orders;
const objects = store();
const book = ledgerOf(env);
const ops = (key: string) => ({ bucket: env.OPS_BUCKET, key });
const put = (key: string, value: unknown) => objects.put(ops(key), Buffer.from(JSON.stringify(value)));

async function table(
  TableName: string,
  indexes: Array<{ name: string; partitionKey: string; sortKey: string }>,
) {
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  const names = [partitionKey, sortKey, ...indexes.flatMap((index) => [index.partitionKey, index.sortKey])];
  const AttributeDefinitions = [...new Set(names)].map((AttributeName) => ({
    ...{ AttributeName, AttributeType: 'S' as const },
  }));
  const GlobalSecondaryIndexes = indexes.map((index) => ({
    ...{ IndexName: index.name, KeySchema: keys(index.partitionKey, index.sortKey) },
    Projection: { ProjectionType: 'ALL' as const },
  }));
  const KeySchema = keys(partitionKey, sortKey);
  const input = { TableName, BillingMode: 'PAY_PER_REQUEST' as const, KeySchema, AttributeDefinitions };
  await clients.dynamodb().send(new CreateTableCommand({ ...input, GlobalSecondaryIndexes }));
}

async function build(): Promise<void> {
  await table(env.RUNS_TABLE, Object.values(runsIndexes));
  await table(env.SLICES_TABLE, Object.values(slicesIndexes));
  for (const Bucket of [env.OPS_BUCKET, env.LAKE_BUCKET])
    await clients.s3().send(new CreateBucketCommand({ Bucket }));
  await clients.glue().send(new CreateDatabaseCommand({ DatabaseInput: { Name: env.DATABASE } }));
  await clients.eventbridge().send(new CreateEventBusCommand({ Name: env.BUS_NAME }));
  await objects.put(ops(jobVersionKey(job.name, version)), Buffer.from(canonicalJson(job)));
}

/** A run whose shards are all written: what Reconcile finds. */
async function runOf(slice: string, shards: number): Promise<ReconcileInput> {
  const startedAt = `${slice}T01:15:00.000Z`;
  const runId = `bench-${slice}-${shards}`;
  const record = await book.acquire(null, {
    ...{ job: job.name, jobVersion: version, runId, slice, trigger: 'manual', force: false },
    ...{ time: startedAt, executionArn: `arn:${runId}`, startedAt },
  });
  if (record === null) throw new Error(`slice ${slice} is held`);
  const run = runRef(record);
  const planned = Array.from({ length: shards }, (_, n) => shardOf(run, n));
  await put(shardsKey(job.name, runId), planned);
  await put(scanKey(job.name, runId, 0), scanOf(run, planned));
  await book.putObject(runId, {
    ...{ n: 0, name: 'orders.csv', status: 'done', records: shards * written, bytes: shards * 64e6 },
    ...{ sha256: sha256(runId), error: null, trace: null },
  });
  await book.setLoaded(run, { digest: sha256(slice), count: 1 });
  await mapAtOnce(planned, 16, ({ n }) => putShard(run, n));
  return {
    ...{ outcome: 'held', discovered: 'new', run },
    objects: { ...ops(objectsKey(job.name, runId)), digest: sha256(slice), count: 1 },
    shards: { ...ops(shardsKey(job.name, runId)), count: shards },
  };
}

function shardOf(run: RunRef, n: number): Shard {
  const key = rawKey(run.job, run.slice, run.runId, 'orders.csv');
  const raw = { bucket: 'bench-raw', key, versionId: null, sha256: sha256(run.runId) };
  const range = { offset: 47 + n * 64e6, length: 64e6, firstRecord: n * written, records: written };
  return { n, object: 0, raw, unpacked: null, header: { offset: 0, length: 47 }, ...range };
}

function scanOf(run: RunRef, planned: Shard[]): ScannedObject {
  const [bucket, name, etag] = ['bench-inbox', 'orders.csv', 'e'.repeat(32)];
  const bytes = planned.length * 64e6;
  const object = { n: 0, bucket, key: `orders/${run.slice}/${name}`, versionId: null, etag, bytes, name };
  const ranges = planned.map(({ offset, length, records }) => ({ offset, length, records }));
  const { key } = shardOf(run, 0).raw;
  return {
    object,
    raw: { bucket: 'bench-raw', key, versionId: null, bytes, sha256: sha256(run.runId) },
    unpacked: null,
    scan: { records: planned.length * written, header: { offset: 0, length: 47 }, ranges },
  };
}

async function putShard(run: RunRef, n: number): Promise<void> {
  const digest = sha256(`${run.runId} ${n}`);
  const file = { rows: written, bytes: 9e6, sha256: digest };
  const trace = { startedAt: run.time, endedAt: run.time, attempt: 1, metrics: { records: written } };
  const done = { n, status: 'done' as const, error: null, trace };
  await Promise.all([
    objects.put(ops(keysKey(run.job, run.runId, n)), keysOf(n)),
    book.putShard(run.runId, {
      ...{ ...done, rejected: 0, filtered: 0, rejectsByCode: {} },
      batch: { ...ops(batchKey(run.job, run.runId, n)), ...file },
    }),
    book.putSink(run.runId, {
      ...{ ...done, sink: 'lake', key: partKey(run.job, run.slice, run.runId, n), ...file },
    }),
  ]);
}

/** Sorted, and spread over all that an id can be, as UUIDs are; a record's number behind each. */
function keysOf(n: number): Buffer {
  const lines = Array.from({ length: written }, (_, i) => {
    const hex = sha256(`${n} ${i}`);
    const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
    return `${id.join('-')} ${String(i).padStart(recordDigits, '0')}\n`;
  });
  return Buffer.from(lines.sort().join(''));
}

async function timed<T>(step: string, shards: number, work: () => Promise<T>): Promise<T> {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const answer = await work();
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const line = { step, shards, seconds, cpuSeconds: (user + system) / 1e6 };
  if (shards > 0) process.stdout.write(`${JSON.stringify(line)}\n`);
  return answer;
}

async function measure(slice: string, shards: number, shown = shards): Promise<void> {
  const planned = await runOf(slice, shards);
  const reconciled: ReconcileOutput = await timed('Reconcile', shown, () => tasks.Reconcile(planned));
  const committed: CatalogOutput = await timed('Catalog', shown, () => tasks.Catalog(reconciled));
  const { status } = await timed('CloseRun', shown, () => tasks.CloseRun(committed));
  if (status !== 'COMPLETED') throw new Error(`the run of ${shards} shards ended ${status}`);
}

await build();
// Clients, connections and the compiler are warm behind it.
await measure('2026-03-01', 3, 0);
for (const [i, shards] of process.argv.slice(2).map(Number).entries())
  await measure(`2026-03-${String(i + 2).padStart(2, '0')}`, shards);
