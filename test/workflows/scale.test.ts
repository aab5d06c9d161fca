/** What a run leaves in state, history and calls, computed; and `docs/scale.md`, whose figures rest on it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shardKey, sinkKey } from '../../aws/ledger/keys.ts';
import { readFooter } from '../../aws/parquet.ts';
import { planShards } from '../../core/plan.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import type { ByteRange, Shard, SourceObject } from '../../core/shard.ts';
import {
  batchKey,
  manifestKey,
  objectsKey,
  rawKey,
  scanKey,
  shardsKey,
  unpackedKey,
} from '../../core/storage.ts';
import { type Config, defaults } from '../../infra/config.ts';
import { visibility, writerTimeout } from '../../infra/timeouts.ts';
import { envelope } from '../../tasks/envelope/envelope.ts';
import { partBytes } from '../../tasks/extract/copy.ts';
import { extract } from '../../tasks/extract/extract.ts';
import type { ReconcileOutput } from '../../tasks/reconcile/contract.ts';
import { writeLake } from '../../tasks/write-lake/write-lake.ts';
import { type Json, local, ofType, ordersJob, root, synthesize } from '../support/app.ts';
import { withoutEncryption } from '../support/envelope.ts';
import { eventCount, historiesOf, mostEvents } from '../support/history.ts';
import { definitionOf, statesOf, walk } from '../support/machine.ts';
import { nothingBefore, untraced } from '../support/nothing-before.ts';

const orders = await ordersJob();
/** A stage of AWS with the defaults that this page reckons with, where the local one has smaller numbers. */
const production: Config = {
  ...{ ...defaults, stage: 'production', account: '123456789012', region: 'us-east-1' },
  // No layer is to be built for another machine.
  architecture: local.architecture,
};
const template = synthesize(production, [orders]).jobs.orders ?? expect.fail('the job has no stack');
const machine = definitionOf(template);
const functions = ofType(template, 'AWS::Lambda::Function').map(({ properties }) => properties);
const facts = { choices: { 'Held?': 'held', 'New?': 'new' } };
const page = readFileSync(join(root, 'docs', 'scale.md'), 'utf8');

/** The cells of the page's table whose first row begins with this word, without its head. */
function table(first: string): string[][] {
  const lines = page.split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${first} |`));
  expect(head, `docs/scale.md has a table that begins with '${first}'`).toBeGreaterThanOrEqual(0);
  const rows = lines.slice(head + 2);
  const length = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, length < 0 ? undefined : length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const number = (text: string): number => Number(text.replaceAll(/[$,*]/g, ''));

/** Calls of one run of one object and one shard, by where they are made and the verb. */
type Calls = Record<'object' | 'shard', Record<string, number>>;
let calls: Calls;
let items: Json[];

function counted<T extends object>(verbs: T, counts: Record<string, number>): T {
  const wrapped = Object.entries(verbs).map(([name, verb]) => [
    name,
    typeof verb !== 'function'
      ? verb
      : (...args: unknown[]) => {
          counts[name] = (counts[name] ?? 0) + 1;
          return verb(...args);
        },
  ]);
  return Object.fromEntries(wrapped);
}

/** Objects in memory, by the verbs of the store that the tasks use. */
function memoryStore() {
  const objects = new Map<string, Buffer>();
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes);
  const at = ({ key }: ObjectRef): Buffer => objects.get(key) ?? expect.fail(`${key} is not there`);
  return {
    put: async ({ key }: ObjectRef, body: Uint8Array) => {
      objects.set(key, Buffer.from(body));
      return true;
    },
    getRange: async (ref: ObjectRef, { offset, length }: ByteRange) =>
      at(ref).subarray(offset, offset + length),
    head: async (ref: ObjectRef) => ({
      ...{ bytes: at(ref).length, etag: 'e', versionId: 'v1' },
      checksumSha256: sha256(at(ref)).digest('base64'),
    }),
    copy: async (from: ObjectRef, to: ObjectRef) => {
      objects.set(to.key, at(from));
      return { sha256: sha256(at(to)).digest('hex') };
    },
    stream: async (ref: ObjectRef) => Readable.from([at(ref)]),
    putStream: async (ref: ObjectRef, body: AsyncIterable<Uint8Array>) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      objects.set(ref.key, bytes);
      return { created: true, versionId: 'v1', compositeSha256: sha256(bytes).digest('base64') };
    },
    objects,
  };
}

const run: RunRef = {
  ...{ job: 'orders', jobVersion: orders.version, runId: '019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21' },
  ...{ slice: '2026-03-01', fence: 1, revision: 1, trigger: 'schedule' as const, force: false },
  time: '2026-03-02T01:15:00.000Z',
};

/** A slice of one object and one shard, with a reject, so that all that a shard can write is written. */
beforeAll(async () => {
  const memory = memoryStore();
  const { objects } = memory;
  const directory = mkdtempSync(join(tmpdir(), 'forebay-scale-'));
  const file =
    'order_id,placed_at,qty,price,email,note,status\n' +
    '1,2026-03-01T10:00:00Z,2,1.50,a@example.org,,new\n2,never,2,1.50,a@example.org,,new\n';
  const name = 'orders.csv';
  const source: SourceObject = {
    ...{ n: 0, bucket: 'inbox', key: `orders/2026-03-01/${name}`, versionId: null, etag: 'e' },
    ...{ bytes: file.length, name },
  };
  objects.set(source.key, Buffer.from(file));
  calls = { object: {}, shard: {} };
  items = [];
  const common = { readJob: async () => orders.job, now: () => new Date('2026-03-02T01:16:00.000Z') };

  const ofObject = counted(memory, calls.object);
  await extract(
    {
      ...{ ...nothingBefore, ...common, head: ofObject.head, putStream: ofObject.putStream },
      ...counted({ putObject: async () => undefined }, calls.object),
      read: (object) => ofObject.stream(object),
      putOps: (key, body) => ofObject.put({ bucket: 'ops', key }, body),
      ...{ rawBucket: 'raw', shardBytes: 1_000, maxObjectBytes: 1_000 },
    },
    { run, object: source },
  );
  const scan = objects.get(scanKey(run.job, run.runId, 0)) ?? expect.fail('there is no scan');
  const [shard] = planShards([JSON.parse(scan.toString())]);
  if (shard === undefined) throw new Error('there is no shard');

  const ofShard = counted(memory, calls.shard);
  const book = {
    getRun: async () => ({ ...run, status: 'RUNNING' }) as never,
    putShard: async (_runId: string, record: Json) =>
      void items.push({ ...shardKey(run.runId, record.n), ...record }),
    putSink: async (_runId: string, record: Json) =>
      void items.push({ ...sinkKey(run.runId, record.sink, record.n), ...record }),
    putFailure: async () => undefined,
    closeFailure: async () => true,
  };
  const ledger = counted(book, calls.shard);
  const { batch } = await envelope(
    {
      ...{ ...nothingBefore, ...common, putShard: ledger.putShard },
      readRaw: (raw, range) => ofShard.getRange(raw, range),
      putOps: (key, body) => ofShard.put({ bucket: 'ops', key }, body),
      secretKey: async () => Buffer.from('key'),
      ...withoutEncryption,
      withDirectory: (use) => use(directory),
      readFile: (path) => readFile(path),
      ...{ opsBucket: 'ops', region: 'eu-west-1' },
    },
    { run, shard },
  );
  await writeLake(
    {
      ...{ ...common, ...ledger, ...untraced, copy: ofShard.copy },
      readFooter: (ref) => readFooter(ofShard as never, ref),
      ...counted({ succeedTask: async () => 'accepted' as const }, calls.shard),
      failTask: async () => 'accepted',
      ...{ lakeBucket: 'lake', maxReceives: 5 },
    },
    { schemaVersion: 1, taskToken: 't', run, shard: { n: shard.n }, sink: 'lake', batch, major: 1 },
    1,
  );
  rmSync(directory, { recursive: true, force: true });
});
afterAll(() => expect(items.length).toBe(2));

const sum = (counts: Record<string, number>, ...verbs: string[]): number =>
  verbs.reduce((total, verb) => total + (counts[verb] ?? 0), 0);

/** Of a run as a whole, of each object, of each shard. */
function perPart(): Record<string, Array<number | null>> {
  const states = statesOf(machine);
  const entered = walk(machine, facts).entered.map(
    (name) => states.find((state) => state.name === name) ?? expect.fail(`no state ${name}`),
  );
  const within = (map: string | null) => entered.filter((state) => state.map === map);
  const parts = [null, 'Extract', 'Shards'] as const;
  const invokes = ({ is }: { is: Json }) => is.Resource === 'arn:aws:states:::lambda:invoke';
  const sends = ({ is }: { is: Json }) => String(is.Resource).includes(':sqs:sendMessage');
  const count = (which: (state: { is: Json }) => boolean) =>
    parts.map((map) => within(map).filter(which).length);
  const messages = count(sends);
  return {
    'state transitions, the start of an execution among them': parts.map((map) => within(map).length + 1),
    // Each message is one more invocation: its writer's.
    'Lambda invocations': count(invokes).map((invocations, i) => invocations + (messages[i] ?? 0)),
    'SQS messages': messages,
    'ledger writes': [null, sum(calls.object, 'putObject'), sum(calls.shard, 'putShard', 'putSink')],
    'ledger reads': [null, 0, sum(calls.shard, 'getRun')],
    'S3 puts and copies, parts of uploads apart': [
      null,
      sum(calls.object, 'put', 'putStream'),
      sum(calls.shard, 'put', 'copy'),
    ],
    'S3 gets and heads': [null, sum(calls.object, 'stream', 'head'), sum(calls.shard, 'getRange', 'head')],
  };
}

test('docs/scale.md has what a run, an object and a shard call, as definition and tasks do it', () => {
  const told = Object.fromEntries(
    table('calls').map(([name = '', ...cells]) => [
      name,
      cells.map((cell) => (cell === '' ? null : number(cell))),
    ]),
  );
  expect(told).toEqual(perPart());
});

test('docs/scale.md has the times, sizes and limits that the stage and its template have', () => {
  const { retention, concurrency } = production;
  const { shards, extract: atOnce, writers } = concurrency;
  expect(page).toContain(`| ${retention.rawToGlacierInstantRetrieval} days | 23.00 |`);
  expect(page).toContain(
    `| ${retention.staging} days, and ${retention.noncurrentVersions} as an old version |`,
  );
  expect(page).toContain(`${atOnce} objects, ${shards} shards and ${writers} writers at once`);
  expect(page).toContain(`${atOnce + shards + writers}: three such runs`);
  expect(page).toContain(`${shards}, and ${atOnce} of Extract (\`concurrency\`)`);
  const seconds = [writerTimeout, visibility].map((time) => time.toSeconds());
  expect(page).toContain(`6 × ${seconds[0]} s = ${seconds[1]} s`);
  const [objectBytes, largest] = [10e9, production.maxObjectBytes];
  const parts = (bytes: number) => Math.ceil(bytes / partBytes(bytes)).toLocaleString('en');
  expect(page).toContain(`${parts(objectBytes)} for 10 GB; ${parts(largest)} for the largest object`);
  expect(page).toContain(`largest object that it takes (${largest / 1_024 ** 3} GiB)`);
  const sizes = functions.map(({ MemorySize, EphemeralStorage }) => `${MemorySize} ${EphemeralStorage.Size}`);
  expect(sizes).toContain('1769 2048');
  expect(page).toContain('1,769 MB, 2,048 MB');
});

test('what the ledger keeps of a shard are two items of less than one KB each', () => {
  for (const item of items) expect(Buffer.byteLength(JSON.stringify(item))).toBeLessThan(1_024);
});

test('docs/scale.md multiplies its own prices right, with counts that follow from the calls', () => {
  const [objects, shards, objectBytes] = [100, 10_000, 10e9];
  const parts = perPart();
  const total = (name: string) => {
    const [once, object, shard] = parts[name] ?? expect.fail(`nothing counts ${name}`);
    return (once ?? 0) + objects * (object ?? 0) + shards * (shard ?? 0);
  };
  const uploads = objects * (Math.ceil(objectBytes / partBytes(objectBytes)) + 1);
  const derived: Record<string, number> = {
    'Step Functions, state transitions': total('state transitions, the start of an execution among them'),
    'Lambda, requests': total('Lambda invocations'),
    // Sent, received, deleted.
    'SQS, requests': 3 * total('SQS messages'),
    // A transaction of one item of up to 1 KB is two units.
    'DynamoDB, write units': 2 * total('ledger writes'),
    'S3, puts': total('S3 puts and copies, parts of uploads apart') + uploads,
    'S3, gets': total('S3 gets and heads'),
  };
  const rows = table('line');
  const lines = rows.filter(([name]) => name !== '**a day**');
  let sumOfLines = 0;
  for (const [name = '', quantity = '', price = '', cost = ''] of lines) {
    const [, dollars = '', per = '1'] =
      /^\$([\d.]+)(?: per ([\d,]+))?/.exec(price) ?? expect.fail(`${name}: ${price}`);
    expect(number(cost), name).toBeCloseTo((number(quantity) * Number(dollars)) / number(per), 2);
    if (derived[name] !== undefined) expect(number(quantity), name).toBe(derived[name]);
    sumOfLines += number(cost);
  }
  expect(Object.keys(derived).filter((name) => !lines.some(([line]) => line === name))).toEqual([]);
  expect(number(rows.at(-1)?.[3] ?? '')).toBeCloseTo(sumOfLines, 2);
});

test('F29 the history of a run has the events that docs/scale.md says, whatever its shards', () => {
  const { run: own = [], Extract = [], Shards = [] } = historiesOf(machine, facts);
  const failing = historiesOf(machine, {
    choices: { ...facts.choices, 'Committed?': 'committed' },
    failing: ['Catalog'],
  });
  const most = Math.max(mostEvents(own), mostEvents(failing.run ?? []));
  expect(most).toBeLessThan(200);
  const told = Object.fromEntries(
    table('history').map(([name, normal, worst]) => [name, [normal, worst].map(Number)]),
  );
  expect(told).toEqual({
    'the run': [eventCount(own), most],
    'a child of Extract': [eventCount(Extract), mostEvents(Extract)],
    'a child of Shards': [eventCount(Shards), mostEvents(Shards)],
  });
});

/** The longest that each name may be. */
const long = {
  runId: 'r'.repeat(80),
  job: 'j'.repeat(40),
  bucket: 'b'.repeat(63),
  sha256: 'a'.repeat(64),
  slice: '2026-03-01T05',
  count: 999_999_999_999,
};

function longestStates(): Record<string, unknown> {
  const { runId, job, bucket, sha256, slice, count } = long;
  const of: RunRef = { ...run, runId, job, slice, fence: count, revision: count };
  const ref = (key: string) => ({ bucket, key });
  const reconciled: ReconcileOutput = {
    ...{ outcome: 'held', run: of, discovered: 'new', status: 'COMPLETED', attempt: 4 },
    objects: { ...ref(objectsKey(job, runId)), digest: sha256, count },
    shards: { ...ref(shardsKey(job, runId)), count },
    counts: { read: count, written: count, rejected: count, filtered: count, repeatedKeys: count },
    manifest: { ...ref(manifestKey(job, runId)), sha256 },
  };
  // A control character has three bytes in the raw zone's key, and six in JSON; S3 takes keys of 1,024 bytes.
  const room = 1_024 - rawKey(job, slice, runId, '').length;
  const name = '\u0001'.repeat(Math.floor(room / 3));
  const object: SourceObject = {
    ...{ n: count, bucket, key: `${'p'.repeat(1_024 - name.length)}${name}`, versionId: 'v'.repeat(1_024) },
    ...{ etag: 'e'.repeat(64), bytes: count, name },
  };
  const shard: Shard = {
    ...{ n: count, object: count, offset: count, length: count, firstRecord: count, records: count },
    raw: { bucket, key: rawKey(job, slice, runId, name), versionId: 'v'.repeat(1_024), sha256 },
    unpacked: { bucket, key: unpackedKey(job, runId, name) },
    header: { offset: count, length: count },
  };
  const batch = { ...ref(batchKey(job, runId, count)), rows: count, bytes: count, sha256 };
  return {
    'the run, behind Reconcile': reconciled,
    'a child of Extract': { run: of, object, attempt: 4 },
    'a child of Shards, before Envelope': { run: of, shard, attempt: 4 },
    'a child of Shards, behind Envelope': { run: of, shard: { n: count }, batch },
  };
}

test('F25 F26 no state comes to 20 kB, with every name as long as it may be', () => {
  const sizes = Object.entries(longestStates()).map(
    ([state, value]) => [state, Buffer.byteLength(JSON.stringify(value))] as const,
  );
  for (const [state, bytes] of sizes) expect(bytes, state).toBeLessThan(20_000);
  const told = Object.fromEntries(table('state').map(([state, bytes = '']) => [state, number(bytes)]));
  expect(told).toEqual(Object.fromEntries(sizes));
});
