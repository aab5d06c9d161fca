/** The deployed app as a user meets it: the real CLI, a real `cdk deploy`, IAM enforced. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { GetTableCommand, GlueClient } from '@aws-sdk/client-glue';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cloud, root, startCloud } from '../support/cloud.ts';
import { clientOf, consume, type Delivered } from '../support/consumer.ts';
import { eventProblems } from '../support/events.ts';

const jobs = join(root, 'test', 'e2e', 'jobs');
const real = join(root, '..', 'shared', 'data');

let cloud: Cloud;
let files: string;
let nextEvent: (wanted: (event: Delivered) => boolean) => Promise<Delivered>;

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'forebay-files-'));
  cloud = await startCloud(jobs);
  nextEvent = await consume(cloud, 'forebay-local');
});

afterAll(async () => {
  await cloud?.stop();
  rmSync(files, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(files, name);
  writeFileSync(path, text);
  return path;
}

interface RunShown {
  run: { runId: string; status: string; counts: Record<string, number> | null; revision: number };
}

interface RejectShown {
  code: string;
  object: string;
  offset: number;
  length: number;
}

interface Loaded {
  runId: string;
  status: string;
}

const rowsOf = async (sql: string): Promise<Array<Record<string, unknown>>> => {
  const { code, stdout, stderr } = await cloud.forebay('query', sql, '--format', 'ndjson');
  if (code !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

const head = 'order_id,placed_at,qty,price,email,note,status';

interface Status {
  jobs: Array<{ job: string; last: { slice: string } | null; failed: number }>;
  attention: Array<{ job: string | null; what: string; next: string }>;
}

test('nothing needs a person where nothing has happened', async () => {
  const { jobs: all, attention } = await cloud.json<Status>('status');
  expect(attention).toEqual([]);
  expect(all.map(({ job }) => job)).toContain('orders');
  expect(all.every(({ last }) => last === null)).toBe(true);
});

describe('a slice of orders', () => {
  const good = '1,2026-03-01T09:30:00+01:00,2,12.50,alice@example.org,ring twice,new';
  const lines = [
    head,
    good,
    '2,2026-03-01 10:00:00,1,0.99,"bob@example.org",,new',
    '3,2026-03-01 10:00:00,1.5,0.99,carol@example.org,,new',
    '4,2026-03-01 10:00:00,1,0.999,carol@example.org,,new',
    '5,2026-03-01 10:00:00,1',
    '6,2026-03-01 10:00:00,1,1.00,test@example.org,,test',
    '2,2026-03-01 11:00:00,4,"1.00",dave@example.org,"two\nlines",new',
  ];

  test('is loaded, accounted for to the last record, and told to consumers', async () => {
    const path = file('a.csv', `${lines.join('\n')}\n`);
    const { code, stdout } = await cloud.launched(
      '--json',
      ...['load', 'orders', path, '--slice', '2026-03-01'],
    );
    expect(code).toBe(0);
    const loaded = JSON.parse(stdout) as Loaded;
    expect(loaded.status).toBe('PARTIAL');
    const event = await nextEvent(
      ({ 'detail-type': type, detail }) => type === 'JobPartial' && detail.data.runId === loaded.runId,
    );
    expect(event.detail.data).toMatchObject({
      job: 'orders',
      slice: '2026-03-01',
      status: 'PARTIAL',
      revision: 1,
      trigger: 'manual',
      counts: { read: 7, written: 3, rejected: 3, filtered: 1, repeatedKeys: 1 },
      table: { database: 'forebay_local', name: 'orders' },
    });
    expect(eventProblems('JobPartial', event.detail)).toEqual([]);
  });

  test('has its typed rows in the table, protected as the job says', async () => {
    const rows = await rowsOf(
      'SELECT * EXCLUDE (metadata, email), length(email) AS digest FROM orders ORDER BY order_id, qty',
    );
    const common = { slice: '2026-03-01', digest: 64 };
    expect(
      rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v === null ? null : String(v)])),
      ),
    ).toEqual([
      {
        order_id: '1',
        placed_at: '2026-03-01 08:30:00',
        qty: '2',
        price: '12.50',
        note: '***',
        total: '25.00',
        slice: common.slice,
        digest: '64',
      },
      {
        order_id: '2',
        placed_at: '2026-03-01 09:00:00',
        qty: '1',
        price: '0.99',
        note: null,
        total: '0.99',
        slice: common.slice,
        digest: '64',
      },
      {
        order_id: '2',
        placed_at: '2026-03-01 10:00:00',
        qty: '4',
        price: '1.00',
        note: '***',
        total: '4.00',
        slice: common.slice,
        digest: '64',
      },
    ]);
  });

  test('lists each reject with its code and place, and never the text of the record', async () => {
    const [{ runId = '' } = {}] = await cloud.json<Array<{ runId: string }>>('runs', 'list', 'orders');
    const { stdout } = await cloud.launched('--json', 'rejects', runId);
    const rejects = stdout
      .split('\n')
      .filter(Boolean)
      .flatMap((line) => JSON.parse(line) as object);
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    const at = (line: number) => ({
      offset: bytes.indexOf(lines[line] ?? '?'),
      length: Buffer.byteLength(lines[line] ?? ''),
    });
    expect(rejects).toMatchObject([
      { code: 'CastFailed', column: 'qty', record: 2, in: 'raw', ...at(3) },
      { code: 'CastFailed', column: 'price', record: 3, in: 'raw', ...at(4) },
      { code: 'RaggedRow', column: null, record: 4, in: 'raw', ...at(5) },
    ]);
    expect(stdout).not.toMatch(/carol|0\.999/);
  });

  test('loaded again as it is, is skipped; with a new file, it is a new revision', async () => {
    const again = await cloud.json<Loaded>('load', 'orders', join(files, 'a.csv'), '--slice', '2026-03-01');
    expect(again.status).toBe('SKIPPED');
    const more = file('b.csv', `${head}\n9,2026-03-01T09:30:00Z,1,1.00,e@example.org,,new\n`);
    const added = await cloud.json<Loaded>('load', 'orders', more, '--slice', '2026-03-01');
    const shown = await cloud.json<RunShown>('runs', 'show', added.runId);
    expect(shown.run).toMatchObject({ status: 'PARTIAL', revision: 2, counts: { read: 8, written: 4 } });
    const [count] = await rowsOf('SELECT count(*) AS n FROM orders');
    expect(Number(count?.n)).toBe(4);
  });

  test('over its limit of rejects fails: nothing is published, the failure is in ledger, event and DLQ', async () => {
    const bad = file(
      'bad.csv',
      `${head}\n1,yesterday,1,1,x,,new\n2,today,1,1,x,,new\n3,2026-03-02,x,1,x,,new\n`,
    );
    const { code, stdout } = await cloud.launched('--json', 'load', 'orders', bad, '--slice', '2026-03-02');
    expect(code).toBe(1);
    const { runId } = JSON.parse(stdout) as Loaded;
    const told = new Map<string, Delivered['detail']>();
    await nextEvent(({ 'detail-type': type, detail }) => {
      if (detail.data.runId === runId) told.set(type, detail);
      return told.size === 2;
    });
    expect([...told.keys()].sort()).toEqual(['ContractViolated', 'JobFailed']);
    const error = { name: 'RejectThresholdExceeded' };
    expect(told.get('JobFailed')?.data).toMatchObject({ status: 'FAILED', error });
    for (const type of ['ContractViolated', 'JobFailed'] as const)
      expect(eventProblems(type, told.get(type))).toEqual([]);
    const [count] = await rowsOf("SELECT count(*) AS n FROM orders WHERE slice = '2026-03-02'");
    expect(Number(count?.n)).toBe(0);
    expect(await jobDlq()).toContainEqual(expect.objectContaining({ kind: 'run', job: 'orders', runId }));
    const status = await cloud.forebay('--json', 'status');
    expect(status.code).toBe(1);
    const { jobs: all, attention } = JSON.parse(status.stdout) as Status;
    expect(all.find(({ job }) => job === 'orders')).toMatchObject({
      ...{ last: { slice: '2026-03-01' }, failed: 1 },
      failures: { RejectThresholdExceeded: 1 },
    });
    expect(attention).toContainEqual({
      ...{ job: 'orders', what: '1 open failure: RejectThresholdExceeded', next: 'forebay dlq list orders' },
    });
    await logsTell(runId);
  });

  interface Line {
    level: string;
    task: string | null;
    line: Record<string, unknown>;
  }

  const linesOf = async (...args: string[]): Promise<Line[]> =>
    (await cloud.forebay('--json', 'runs', 'logs', ...args)).stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);

  /** Not each line is there already: the local cloud shows one that came late with the function's next call. */
  async function logsTell(runId: string): Promise<void> {
    const lines = await linesOf(runId);
    const tasks = new Set(lines.flatMap(({ task }) => task ?? []));
    expect(tasks.size).toBeGreaterThan(3);
    // The sweeper, told that the execution ended, is of all jobs.
    for (const { task, line } of lines.filter((each) => each.task !== null && each.task !== 'sweep'))
      expect(line, task ?? '').toMatchObject({ job: 'orders', runId });
    const errors = await linesOf(runId, '--errors');
    expect(errors.filter(({ level }) => level !== 'ERROR')).toEqual([]);
    expect(errors.length).toBeLessThan(lines.length);
  }

  test('that is empty but for its header is a slice of no rows', async () => {
    const loaded = await cloud.json<Loaded>(
      'load',
      'orders',
      file('none.csv', `${head}\n`),
      '--slice',
      '2026-03-03',
    );
    expect(loaded.status).toBe('COMPLETED');
  });
});

async function jobDlq(): Promise<unknown[]> {
  const { stdout } = await cloud.forebay('--json', 'dlq', 'list');
  const url = /"(?:url|queueUrl)": ?"([^"]*JobDlq[^"]*)"/.exec(stdout)?.[1];
  const sqs = new SQSClient(clientOf(cloud));
  const target = url ?? (await sqs.send(new GetQueueUrlCommand({ QueueName: queueName(stdout) }))).QueueUrl;
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: target, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
  );
  return Messages.map(({ Body = '{}' }) => JSON.parse(Body) as unknown);
}

const queueName = (listing: string): string => /"([^"]*JobDlq[^"/]*)"/.exec(listing)?.[1] ?? '';

test("a partner's bucket is a source, with its own dialect and exact decimals", async () => {
  const s3 = new S3Client({ ...clientOf(cloud), forcePathStyle: true });
  const Bucket = 'forebay-local-partner-files';
  await s3.send(new CreateBucketCommand({ Bucket }));
  const Body =
    "code;Amount EUR;due\n# a remark\n'a;b''c';1234567890123456789012345678.0123456789;2026-02-28\nd;-0.5;NULL\n";
  await s3.send(new PutObjectCommand({ Bucket, Key: 'exports/2026-03-01/part.csv', Body }));
  const { code, stderr } = await cloud.forebay('run', 'partner', '--slice', '2026-03-01');
  expect(code, stderr).toBe(0);
  expect(await rowsOf('SELECT code, amount, due FROM partner ORDER BY metadata.lineage.record')).toEqual([
    { code: "a;b'c", amount: '1234567890123456789012345678.0123456789', due: '2026-02-28' },
    { code: 'd', amount: '-0.5000000000', due: null },
  ]);
});

describe('F40 slices whose data brings columns and needs a wider type', () => {
  const slices: Record<string, Record<string, string>> = {
    '2026-04-01': { 'a.csv': 'id,qty,a\n1,5,x\n2,6,\n' },
    // `b` is in one of the two files, and no integer in its last record.
    '2026-04-02': { 'a.csv': 'id,qty,a\n3,7,y\n', 'b.csv': 'id,qty,b\n4,8,1\n5,9,2.5\n' },
    '2026-04-03': { 'a.csv': 'id,qty,b\n6,2147483648,3\n7,1,\n' },
  };
  const typesOf = async () => {
    const glue = new GlueClient(clientOf(cloud));
    const { Table } = await glue.send(new GetTableCommand({ DatabaseName: 'forebay_local', Name: 'sizes' }));
    const columns = Table?.StorageDescriptor?.Columns?.slice(1) ?? [];
    return columns.map(({ Name, Type }) => `${Name} ${Type}`);
  };
  const independently = (path: string): Array<Array<string | null>> =>
    execFileSync('python3', [join(root, 'test', 'e2e', 'independent_reading.py'), 'sizes', path], {
      encoding: 'utf8',
    })
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));

  test('are all read back, the earlier ones too, as an independent reading has them', async () => {
    const expected: Array<Array<string | null>> = [];
    const types: string[][] = [];
    for (const [slice, bodies] of Object.entries(slices)) {
      const folder = mkdtempSync(join(files, 'sizes-'));
      const paths = Object.entries(bodies).map(([name, text]) => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      });
      const loaded = await cloud.json<Loaded>('load', 'sizes', ...paths, '--slice', slice);
      expect(loaded.status).toBe('COMPLETED');
      for (const path of paths) expected.push(...independently(path).map((row) => [slice, ...row]));
      types.push(await typesOf());
    }
    expect(types).toEqual([
      ['id bigint', 'qty int', 'a string'],
      ['id bigint', 'qty int', 'a string', 'b double'],
      ['id bigint', 'qty bigint', 'a string', 'b double'],
    ]);
    const rows = await rowsOf('SELECT slice, id, qty, a, b FROM sizes ORDER BY id');
    const texts = rows.map((row) =>
      Object.values(row).map((value) => (value === null ? null : String(value))),
    );
    expect(expected).toHaveLength(7);
    expect(texts).toEqual(expected);
  });

  test('leave nothing for a deploy of the same job file to take away', async () => {
    const [found] = await cloud.json<Array<{ table: { columns: unknown[] } }>>('jobs', 'diff', 'sizes');
    // `qty` stays as wide as the data made it.
    expect(found?.table.columns).toEqual([
      { name: 'qty', before: 'bigint', after: 'int', change: 'narrower' },
    ]);
  });
});

describe('files with other columns than the contract', () => {
  let runId: string;

  test('F40 a new, a missing and a retyped column, and names in another case, are what the contract says', async () => {
    const before = file('before.csv', 'ID,Qty,Day\n1,2,2026-03-01\n2,3,yesterday\n3,,2026-03-01\n');
    const after = file('changed.csv', 'day,extra,id\n2026-03-01,,4\n2026-03-01,new,5\ntoday,,6\n');
    const loaded = await cloud.json<Loaded>('load', 'changing', before, after, '--slice', '2026-03-01');
    runId = loaded.runId;
    expect(loaded.status).toBe('PARTIAL');
    const rows = await rowsOf(
      'SELECT id, qty, CAST(day AS VARCHAR) AS day, twice, slice FROM changing ORDER BY id',
    );
    expect(rows.map(({ id, qty, day, twice }) => [Number(id), qty, day, twice])).toEqual([
      [1, 2, '2026-03-01', 4],
      [2, 3, null, 6],
      [4, null, '2026-03-01', null],
      [6, null, null, null],
    ]);
  });

  test('F40 what was rejected and discarded for it is told', async () => {
    const { stdout } = await cloud.forebay('--json', 'rejects', runId);
    const told = stdout
      .split('\n')
      .filter(Boolean)
      .flatMap((line) => JSON.parse(line) as object);
    expect(told).toMatchObject([
      { code: 'NullNotAllowed', column: 'qty', record: 2 },
      { code: 'ColumnUnexpected', column: null, record: 1 },
    ]);
    const shown = await cloud.json<RunShown & { discarded: object }>('runs', 'show', runId);
    expect(shown.discarded).toEqual({ day: 2 });
    expect(shown.run.counts).toEqual({ read: 6, written: 4, rejected: 2, filtered: 0, repeatedKeys: 0 });
  });
});

describe('keys that repeat within a file and across two', () => {
  /** 6,000 records of some thousand sensors, in no order; every 50th is one that the job's filter leaves out. */
  const readings = Array.from({ length: 6_000 }, (_, i) => ({
    file: i < 3_500 ? 'first.csv' : 'second.csv',
    sensor: (i * 7_919 + (i % 3) * 1_000) % 4_001,
    reading: i % 50 === 49 ? -1 : i,
  }));
  const textOf = (name: string) =>
    readings
      .filter((each) => each.file === name)
      .reduce((text, { sensor, reading }) => `${text}${sensor},${reading}\n`, 'sensor,reading\n');
  const ofSensor = new Map<number, number[]>();
  for (const { sensor, reading } of readings.filter((each) => each.reading >= 0))
    ofSensor.set(sensor, [...(ofSensor.get(sensor) ?? []), reading]);
  const all = [...ofSensor];
  const several = all.filter(([, found]) => found.length > 1);
  const repeatedKeys = several.reduce((sum, [, found]) => sum + found.length - 1, 0);
  const filtered = readings.filter(({ reading }) => reading < 0).length;
  const single = all.length - several.length;

  test('are there in both ways', () => {
    const across = several.filter(([, found]) => (found[0] ?? 0) < 3_500 && (found.at(-1) ?? 0) >= 3_500);
    expect([single, several.length - across.length, across.length].every((n) => n > 100)).toBe(true);
  });

  test.each([
    ['reject', 'PARTIAL', all.flatMap(([sensor, found]) => (found.length > 1 ? [] : [[sensor, found[0]]]))],
    ['keep-last', 'COMPLETED', all.map(([sensor, found]) => [sensor, found.at(-1)])],
  ])(
    'with %s the slice is %s and its table holds what a plain map of the files holds',
    async (policy, status, rows) => {
      const paths = ['first.csv', 'second.csv'].map((name) => file(name, textOf(name)));
      const job = `sensors-${policy}`;
      const loaded = await cloud.json<Loaded>('load', job, ...paths, '--slice', '2026-03-01');
      expect(loaded.status).toBe(status);
      const found = await rowsOf(
        `SELECT sensor, reading FROM ${job.replaceAll('-', '_')} ORDER BY sensor, reading`,
      );
      expect(found.map(({ sensor, reading }) => [Number(sensor), Number(reading)])).toEqual(
        rows.sort(([a = 0], [b = 0]) => a - b),
      );
      const rejected = policy === 'reject' ? several.length + repeatedKeys : 0;
      const { run } = await cloud.json<RunShown>('runs', 'show', loaded.runId);
      expect(run.counts).toEqual({
        ...{ read: 6_000, written: rows.length, rejected, repeatedKeys },
        filtered: 6_000 - rows.length - rejected,
      });
      expect(policy === 'reject' ? run.counts?.filtered : filtered).toBe(filtered);
      const { stdout } = await cloud.forebay('--json', 'rejects', loaded.runId);
      const rejects = stdout
        .split('\n')
        .filter(Boolean)
        .flatMap((line) => JSON.parse(line) as RejectShown);
      const placed = rejects.map(({ code, object, offset, length }) => {
        const text = textOf(object.slice(object.lastIndexOf('/') + 1)).slice(offset, offset + length);
        return `${code} ${text}`;
      });
      const repeated = several.flatMap(([sensor, all]) =>
        all.map((reading) => `RepeatedKey ${sensor},${reading}`),
      );
      expect(placed.sort()).toEqual(policy === 'reject' ? repeated.sort() : []);
    },
  );
});

describe('forebay jobs diff', () => {
  interface Diff {
    job: string;
    deployed: string | null;
    version: string;
    changes: Array<{ field: string; before?: unknown; after?: unknown }>;
    table: { columns: Array<{ name: string; change: string }> };
  }
  const job = () => readFileSync(join(jobs, 'orders.ts'), 'utf8');
  const diff = async (text: string) => {
    const folder = mkdtempSync(join(files, 'jobs-'));
    writeFileSync(join(folder, 'orders.ts'), text);
    const { code, stdout, stderr } = await cloud.forebay('--jobs', folder, '--json', 'jobs', 'diff');
    const [found] = JSON.parse(stdout) as Diff[];
    return { code, stderr, ...(found as Diff) };
  };

  test('says that nothing changes where the job file is as deployed', async () => {
    const found = await diff(job());
    expect(found).toMatchObject({ code: 0, deployed: found.version, changes: [], table: { columns: [] } });
  });

  test('F40 tells what a deploy changes in the job and in its table', async () => {
    const changed = job().replace("qty: 'int'", "qty: 'bigint', shop: 'string?'").replace('15 2 *', '15 3 *');
    const found = await diff(changed);
    expect(found.code).toBe(0);
    expect(found.deployed).not.toBe(found.version);
    expect(found.changes.map(({ field }) => field)).toEqual([
      'contract.columns.qty.type.name',
      'schedule',
      'contract.columns.shop.type.name',
      'contract.columns.shop.nullable',
    ]);
    expect(found.table.columns).toMatchObject([
      { name: 'qty', change: 'widened' },
      { name: 'shop', change: 'added' },
    ]);
  });

  test('F40 fails where the table would refuse the contract', async () => {
    const found = await diff(job().replace("qty: 'int'", "qty: 'string'").replace('qty * price', 'price'));
    expect(found.code).toBe(1);
    expect(found.stderr).toMatch(/the table refuses the contract of orders/);
    expect(found.table.columns).toMatchObject([{ name: 'qty', change: 'refused' }]);
  });
});

const cases = [
  { job: 'congress-terms', name: 'congress-terms.csv', records: 18_635 },
  { job: 'tweets', name: 'tweets.csv', records: 12_118 },
  { job: 'routes', name: 'routes.dat', records: 67_663 },
  { job: 'cities', name: 'cities-nl.json', records: 1_644 },
  { job: 'cellphones', name: 'cellphones.ndjson', records: 792, table: 'cellphones__v2' },
  { job: 'production-index', name: 'ipi-2010-a21.xml', records: 3_230 },
];

const halves = (bytes: Buffer): Buffer[] => [bytes.subarray(0, 1e6), bytes.subarray(1e6)];
const utf16le = (bytes: Buffer): Buffer => Buffer.from(`\ufeff${bytes}`, 'utf16le');

/** Copies of the tweets: how Python names their encoding, and how they are made. */
const packed = [
  {
    ...{ name: 'tweets.csv.gz', slice: '2026-03-01', encoding: 'utf-8' },
    make: (bytes: Buffer) => Buffer.concat(halves(bytes).map((half) => gzipSync(half))),
  },
  { ...{ name: 'tweets-utf16le.csv', slice: '2026-03-02', encoding: 'utf-16' }, make: utf16le },
  {
    ...{ name: 'tweets-utf16be.csv.gz', slice: '2026-03-03', encoding: 'utf-16' },
    make: (bytes: Buffer) => gzipSync(utf16le(bytes).swap16()),
  },
];

/** Of a map, which `forebay query` prints as a list of its entries, with the keys in one order. */
const textOf = (value: unknown): string | null => {
  if (value === null || typeof value !== 'object') return value === null ? null : String(value);
  const entries = Array.isArray(value) ? value.map(({ key, value }) => [key, value]) : Object.entries(value);
  return JSON.stringify(entries.sort());
};

/** The rows of a slice are those that Python finds in the file. */
async function compare(layout: string, path: string, encoding: string, rowsFrom: string, records: number) {
  const script = join(root, 'test', 'e2e', 'independent_reading.py');
  const printed = execFileSync('python3', [script, layout, path, encoding], {
    maxBuffer: 256 * 1024 ** 2,
    encoding: 'utf8',
  });
  const expected = printed
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as unknown[]).map(textOf));
  expect(expected).toHaveLength(records);
  const rows = await rowsOf(
    `SELECT * EXCLUDE (metadata, slice) FROM ${rowsFrom} ORDER BY metadata.lineage.record`,
  );
  const actual = rows.map((row) => Object.values(row).map(textOf));
  expect(actual.length).toBe(records);
  const different = expected.findIndex((row, i) => JSON.stringify(row) !== JSON.stringify(actual[i]));
  expect(
    different < 0 ? null : { row: different, expected: expected[different], actual: actual[different] },
  ).toBeNull();
}

describe.skipIf(!existsSync(real))('real files (skipped where the folder of real files is not there)', () => {
  test.each(cases)(
    '$name arrives row by row as an independent reading has it',
    async ({ job, name, records, table }) => {
      const path = join(real, name);
      const loaded = await cloud.json<Loaded>('load', job, path, '--slice', 'once');
      expect(loaded.status).toBe('COMPLETED');
      await compare(job, path, 'utf-8', table ?? job.replaceAll('-', '_'), records);
    },
  );

  test.each(packed)(
    'F45 F48 $name, made of the tweets, arrives row by row as an independent reading has it',
    async ({ name, slice, encoding, make }) => {
      const path = join(files, name);
      writeFileSync(path, make(readFileSync(join(real, 'tweets.csv'))));
      const loaded = await cloud.json<Loaded>('load', 'tweets-packed', path, '--slice', slice);
      expect(loaded.status).toBe('COMPLETED');
      await compare('tweets', path, encoding, `tweets_packed WHERE slice = '${slice}'`, 12_118);
    },
  );
});

describe('orders that come as gzip', () => {
  test('F45 F48 and in UTF-16 have their rejects placed in what was unpacked', async () => {
    const path = join(files, 'whole.csv.gz');
    const lines = [head, '1,2026-03-01T09:30:00Z,1,1.00,e@example.org,ä,new', '2,x'];
    writeFileSync(path, gzipSync(Buffer.from(`\ufeff${lines.join('\n')}`, 'utf16le')));
    const { runId, status } = await cloud.json<Loaded>('load', 'orders', path, '--slice', '2026-03-06');
    expect(status).toBe('PARTIAL');
    const { stdout } = await cloud.forebay('--json', 'rejects', runId);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ code: 'RaggedRow', record: 1, in: 'unpacked', object: `unpacked/orders/${runId}/whole.csv.gz` },
      ...{ offset: Buffer.byteLength(`${lines[0]}\n${lines[1]}\n`), length: 3 },
    });
    const shown = await cloud.forebay('rejects', runId);
    expect(shown.stdout).toContain('whole.csv.gz (unpacked)');
  });

  test('F44 that are cut off fail the run, and nothing of them is published', async () => {
    const path = join(files, 'cut.csv.gz');
    const whole = gzipSync(`${head}\n${'1,2026-03-01T09:30:00Z,1,1.00,e@example.org,,new\n'.repeat(1_000)}`);
    writeFileSync(path, whole.subarray(0, -5));
    const { code, stdout } = await cloud.forebay('--json', 'load', 'orders', path, '--slice', '2026-03-05');
    expect(code).toBe(1);
    const { runId, status } = JSON.parse(stdout) as Loaded;
    expect(status).toBe('FAILED');
    const event = await nextEvent(
      ({ 'detail-type': type, detail }) => type === 'JobFailed' && detail.data.runId === runId,
    );
    expect(event.detail.data).toMatchObject({ status: 'FAILED', error: { name: 'GzipInvalid' } });
    const [count] = await rowsOf("SELECT count(*) AS n FROM orders WHERE slice = '2026-03-05'");
    expect(Number(count?.n)).toBe(0);
  });
});
