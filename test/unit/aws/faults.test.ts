/** Answers of S3 and Glue that say less than they seem to, given to the adapters by a proxy before a real cloud. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateDatabaseCommand, GlueClient } from '@aws-sdk/client-glue';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '../../../aws/glue.ts';
import type { Catalog, ObjectStore } from '../../../aws/interfaces.ts';
import { objectStore } from '../../../aws/s3.ts';
import type { ObjectRecord } from '../../../core/ledger.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { partitionPrefix, rawKey } from '../../../core/storage.ts';
import { type ApplyDeps, applyToCatalog } from '../../../tasks/catalog/catalog.ts';
import { extract } from '../../../tasks/extract/extract.ts';
import { chunks } from '../../conformance/objects.ts';
import { nothingBefore } from '../../support/nothing-before.ts';
import { type ProxiedCloud, startProxied } from '../../support/proxied.ts';
import { type Answer, type Call, json, jsonError, s3Error } from '../../support/proxy.ts';
import { clock, job, object, run } from '../extract/support.ts';

const MiB = 1_024 ** 2;
let cloud: ProxiedCloud;
let s3: S3Client;
let store: ObjectStore;
let glue: GlueClient;
let tables: Catalog;

beforeAll(async () => {
  cloud = await startProxied();
  s3 = new S3Client({ ...cloud.client, forcePathStyle: true });
  store = objectStore(s3);
  for (const Bucket of ['raw', 'inbox']) await s3.send(new CreateBucketCommand({ Bucket }));
  glue = new GlueClient(cloud.client);
  await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: 'lake' } }));
  tables = catalog(glue, 'lake');
}, 60_000);

afterEach(() => cloud?.proxy.forget());

afterAll(async () => {
  s3?.destroy();
  glue?.destroy();
  await cloud?.stop();
});

const uploadsLeft = async () =>
  (await s3.send(new ListMultipartUploadsCommand({ Bucket: 'raw' }))).Uploads ?? [];

const completes = ({ method, path }: Call) => method === 'POST' && /[?&]uploadId=/.test(path);
const aborts = ({ method, path }: Call) => method === 'DELETE' && /[?&]uploadId=/.test(path);
const uploadsPart = ({ action }: Call) => action === 'UploadPart';

/** S3 sends the status before it has put the parts together, then blanks to keep the connection, then the outcome. */
function lateError(code: string): Answer {
  const { headers, body } = s3Error(200, code);
  return { status: 200, headers, body: Buffer.from(String(body).replace('?>', `?>${' '.repeat(2_000)}`)) };
}

/** An Extract of one file of two parts: a single record, so that there is little to scan. */
function extracting(name: string) {
  const bytes = Buffer.from(`id\n${'x'.repeat(9 * MiB)}\n`);
  const records: ObjectRecord[] = [];
  const scans: string[] = [];
  const deps = {
    ...{ head: store.head, putStream: store.putStream, now: clock(), readJob: async () => job() },
    read: async () => chunks(bytes, 65_536),
    putObject: async (_runId: string, record: ObjectRecord) => void records.push(record),
    putOps: async (key: string) => scans.push(key),
    readScan: nothingBefore.readScan,
    ...{ rawBucket: 'raw', shardBytes: 64 * MiB, maxObjectBytes: 100 * MiB },
  };
  const ref = { bucket: 'raw', key: rawKey(run.job, run.slice, run.runId, name) };
  const act = () => extract(deps, { run, object: object({ name, bytes: bytes.length }) });
  return { ref, bytes, records, scans, act };
}

describe('an upload of several parts', () => {
  test.each([
    ['InternalError', 'ServiceUnavailable'],
    ['SlowDown', 'Throttled'],
  ])(
    'F11 whose completion answers 200 with %s inside is a failure that counts nothing as put; a retry completes it',
    async (code, name) => {
      const { ref, bytes, records, scans, act } = extracting(`${code}.csv`);
      const rule = cloud.proxy.on(completes, { before: async () => lateError(code) }, 2);
      await expect(act()).rejects.toMatchObject({ name, persistence: 'transient' });
      expect(rule.calls.length).toBe(2);
      expect([records, scans]).toEqual([[], []]);
      expect(await store.head(ref)).toBeNull();
      expect(await uploadsLeft()).toEqual([]);

      await act();
      expect(records).toMatchObject([{ status: 'done', records: 1, bytes: bytes.length }]);
      expect((await store.get(ref)).equals(bytes)).toBe(true);
    },
  );

  test('F11 F10 that S3 completed, and called failed, is found done, and nothing is put twice', async () => {
    const { ref, bytes, records, act } = extracting('done.csv');
    const rule = cloud.proxy.on(completes, { after: async () => lateError('InternalError') }, 1);
    await act();
    expect(rule.calls.length).toBe(1);
    expect(records).toMatchObject([{ status: 'done', bytes: bytes.length }]);
    expect((await store.get(ref)).equals(bytes)).toBe(true);
    expect(await uploadsLeft()).toEqual([]);
  });

  test('F12 whose parts are refused to the last attempt is aborted', async () => {
    const { ref, records, act } = extracting('refused.csv');
    const busy = { before: async () => s3Error(503, 'SlowDown') };
    const rule = cloud.proxy.on(
      ({ action, path }) => action === 'UploadPart' && path.includes('partNumber=2'),
      busy,
    );
    await expect(act()).rejects.toMatchObject({ name: 'Throttled' });
    expect(rule.calls.length).toBe(2);
    expect(cloud.proxy.calls.filter(aborts).length).toBe(1);
    expect([records, await store.head(ref), await uploadsLeft()]).toEqual([[], null, []]);
  });

  test('F12 that cannot even be aborted is told by what broke it, and is left to the lifecycle rule', async () => {
    const { act } = extracting('left.csv');
    cloud.proxy.on(uploadsPart, { before: async () => s3Error(503, 'SlowDown') });
    cloud.proxy.on(aborts, { before: async () => s3Error(500, 'InternalError') });
    await expect(act()).rejects.toMatchObject({ name: 'Throttled' });
    cloud.proxy.forget();
    const left = await uploadsLeft();
    expect(left.length).toBe(1);
    await clear(left);
  });

  test('F12 whose function is gone in the middle keeps its parts, which nobody sees and no other upload meets', async () => {
    const { ref, bytes, act } = extracting('killed.csv');
    // Nothing of it goes on: neither the body nor a word to S3.
    async function* stops() {
      yield randomBytes(11 * MiB);
      await new Promise(() => undefined);
    }
    store.putStream(ref, stops(), { partBytes: 5 * MiB, ifNoneMatch: true }).catch(() => undefined);
    while (cloud.proxy.calls.filter(uploadsPart).length < 2) await sleep(20);
    expect(await store.head(ref)).toBeNull();
    await act();
    expect((await store.get(ref)).equals(bytes)).toBe(true);
    const left = await uploadsLeft();
    expect(left.map(({ Key }) => Key)).toEqual([ref.key]);
    await clear(left);
  });
});

async function clear(uploads: Awaited<ReturnType<typeof uploadsLeft>>): Promise<void> {
  for (const { Key, UploadId } of uploads)
    await s3.send(new AbortMultipartUploadCommand({ Bucket: 'raw', Key, UploadId }));
}

const columns = [{ name: 'id', type: 'bigint' }];
const places = (name: string) => ({
  ...{ slice: '2026-03-01', columns },
  first: `s3://lake/${name}/run=r1/`,
  second: `s3://lake/${name}/run=r2/`,
});

/** A table with one partition. */
async function tableWith(name: string) {
  const { first: location, slice } = places(name);
  await tables.createTable({ name, columns, location: `s3://lake/${name}/`, parameters: {} });
  const table = await tables.getTable(name);
  if (table === null) throw new Error('no table');
  await tables.setPartition(table, { slice, columns, location });
  return table;
}

const errorsIn = (ErrorCode: string): Answer =>
  json({ Errors: [{ ErrorDetail: { ErrorCode, ErrorMessage: 'try again' } }] });
const calls = (action: string) => (call: Call) => call.action === action;

describe("a slice's partition", () => {
  test.each([['BatchCreatePartition'], ['BatchUpdatePartition']])(
    'F28 F05 that %s refuses with status 200 is not taken for set',
    async (action) => {
      const name = action.toLowerCase();
      const table = await tableWith(name);
      const { slice, first, second } = places(name);
      const rule = cloud.proxy.on(
        calls(action),
        { before: async () => errorsIn('InternalServiceException') },
        1,
      );
      const set = () => tables.setPartition(table, { slice, columns, location: second });
      await expect(set()).rejects.toMatchObject({
        ...{ name: 'ServiceUnavailable', persistence: 'transient' },
        message: expect.stringContaining('InternalServiceException'),
      });
      expect(rule.calls.length).toBe(1);
      expect((await tables.getPartition(name, slice))?.location).toBe(first);
      await set();
      expect((await tables.getPartition(name, slice))?.location).toBe(second);
    },
  );

  test('F28 that is removed between the two calls is not taken for set, and a retry creates it', async () => {
    const table = await tableWith('removed');
    const { slice, second: location } = places('removed');
    cloud.proxy.on(
      calls('BatchUpdatePartition'),
      { before: async () => void (await tables.deletePartition('removed', slice)) },
      1,
    );
    const set = () => tables.setPartition(table, { slice, columns, location });
    await set().catch((error: Error) => expect(error.name).toBe('ServiceUnavailable'));
    await set();
    expect((await tables.getPartition('removed', slice))?.location).toBe(location);
  });
});

const manifestOf = (slice: string, column: string) =>
  ({
    ...{ job: 'orders', slice, counts: { written: 1 } },
    table: {
      name: 'orders',
      prefix: partitionPrefix('orders', slice, `run-${slice}`),
      columns: [...columns, { name: column, type: 'int' }],
    },
  }) as unknown as Manifest;

test('F28 two slices of one table that commit at the same moment have both their columns and both their partitions', async () => {
  await tables.createTable({
    name: 'orders',
    columns,
    location: 's3://lake/lake/orders/v1/',
    parameters: {},
  });
  const slices = new Map([
    ['2026-03-01', manifestOf('2026-03-01', 'ours')],
    ['2026-03-02', manifestOf('2026-03-02', 'theirs')],
  ]);
  const apply = (slice: string) => {
    const deps: ApplyDeps = {
      ...{ ...tables, lakeBucket: 'lake', getSlice: async () => null, getRun: async () => null },
      readManifest: async () => slices.get(slice) as Manifest,
    };
    return applyToCatalog(deps, { job: 'orders', slice }, { bucket: 'ops', key: slice });
  };
  // Both have read the table before either of them updates it.
  let waiting = 0;
  const both = async () => {
    waiting += 1;
    while (waiting < 2) await sleep(10);
  };
  const rule = cloud.proxy.on(calls('UpdateTable'), { before: async () => void (await both()) }, 2);
  await Promise.all([...slices.keys()].map(apply));
  expect(rule.calls.length).toBe(2);
  expect(cloud.proxy.calls.filter(calls('UpdateTable')).length).toBe(3);
  const table = await tables.getTable('orders');
  expect(table?.columns.map(({ name }) => name).sort()).toEqual(['id', 'ours', 'theirs']);
  const partitions = await tables.listPartitions('orders');
  expect(partitions.map(({ slice, location }) => [slice, location]).sort()).toEqual(
    [...slices].map(([slice, manifest]) => [slice, `s3://lake/${manifest.table.prefix}`]),
  );
});

test('F24 a table whose update is throttled to the last attempt is Throttled', async () => {
  const table = await tableWith('busy');
  cloud.proxy.on(calls('UpdateTable'), { before: async () => jsonError(400, 'ThrottlingException') });
  await expect(tables.updateTable(table)).rejects.toMatchObject({ name: 'Throttled' });
});
