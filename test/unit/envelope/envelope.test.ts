import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Job } from '../../../core/job/model.ts';
import type { ShardRecord } from '../../../core/ledger.ts';
import type { Shard } from '../../../core/shard.ts';
import { type EnvelopeDeps, envelope } from '../../../tasks/envelope/envelope.ts';
import { runOf, withoutEncryption } from '../../support/envelope.ts';
import { nothingBefore } from '../../support/nothing-before.ts';
import { job as plainJob } from '../../support/world.ts';

const head = 'order_id\n';
const rows = '1\nx\n2\n2\n';
const raw = Buffer.from(head + rows);
const shard: Shard = {
  ...{ n: 3, object: 0, records: 4, firstRecord: 10, offset: head.length, length: rows.length },
  header: { offset: 0, length: head.length },
  raw: { bucket: 'raw', key: 'raw/orders/a.csv', versionId: 'v1', sha256: 'ab'.repeat(32) },
  unpacked: null,
};

interface Setup {
  key?: string[];
  onBadRecord?: 'fail';
  /** The verb that throws once, after its effect. */
  crash?: 'putOps' | 'putShard';
  cut?: number;
}

function setup({ key = [], onBadRecord, crash, cut = 0 }: Setup = {}) {
  const puts: Array<[string, string]> = [];
  const kept = new Map<string, Buffer>();
  const ledger: ShardRecord[] = [];
  const folders: string[] = [];
  let crashing: string | undefined = crash;
  const crashed = (verb: string) => {
    if (crashing !== verb) return;
    crashing = undefined;
    throw new Error(`crash after ${verb}`);
  };
  const contract = { ...plainJob.contract, key, onBadRecord: onBadRecord ?? ('quarantine' as const) };
  const job = { ...plainJob, contract };
  const deps: EnvelopeDeps = {
    readJob: async () => job,
    readRaw: async (_raw, { offset, length }) => raw.subarray(offset, offset + length - cut),
    putOps: async (name, body) => {
      kept.set(name, Buffer.from(body));
      puts.push([name, createHash('sha256').update(body).digest('hex')]);
      crashed('putOps');
    },
    putShard: async (_run, record) => {
      ledger.push(record);
      crashed('putShard');
    },
    secretKey: async () => Buffer.from('key'),
    ...withoutEncryption,
    withDirectory: async (use) => {
      const path = await mkdtemp(join(tmpdir(), 'forebay-envelope-'));
      folders.push(path);
      try {
        return await use(path);
      } finally {
        await rm(path, { recursive: true });
      }
    },
    readFile: (path) => readFile(path),
    ...nothingBefore,
    now: () => new Date('2026-03-02T12:00:00.000Z'),
    opsBucket: 'ops',
    region: 'eu-west-1',
  };
  return { deps, puts, kept, ledger, input: { run: runOf(job), shard } };
}

test('writes batch, keys and rejects, and then says so in the ledger', async () => {
  const { deps, puts, ledger, input } = setup({ key: ['order_id'] });
  const output = await envelope(deps, input);
  expect(puts.map(([key]) => key)).toEqual([
    'staging/orders/r1/batches/3.parquet',
    'staging/orders/r1/keys/3.txt',
    'rejects/orders/r1/3.ndjson',
  ]);
  expect(output).toMatchObject({
    shard: { n: 3 },
    batch: { bucket: 'ops', key: 'staging/orders/r1/batches/3.parquet', rows: 3, sha256: puts[0]?.[1] },
  });
  expect(ledger).toEqual([
    {
      ...{ n: 3, status: 'done', rejected: 1, filtered: 0, rejectsByCode: { CastFailed: 1 }, error: null },
      batch: output.batch,
      trace: {
        startedAt: '2026-03-02T12:00:00.000Z',
        endedAt: '2026-03-02T12:00:00.000Z',
        attempt: 1,
        metrics: { records: 4, rows: 3, bytes: rows.length, rejected: 1, filtered: 0 },
      },
    },
  ]);
});

test('without rejects and without a key there is only the batch', async () => {
  const { deps, puts, input } = setup();
  await envelope(deps, { ...input, shard: { ...shard, length: 2 } });
  expect(puts.map(([key]) => key)).toEqual(['staging/orders/r1/batches/3.parquet']);
});

test.each(['putOps', 'putShard'] as const)(
  'F13 a crash behind %s: the repeat puts the same bytes and the same record',
  async (crash) => {
    const broken = setup({ key: ['order_id'], crash });
    await expect(envelope(broken.deps, broken.input)).rejects.toThrow(`crash after ${crash}`);
    await envelope(broken.deps, broken.input);
    const whole = setup({ key: ['order_id'] });
    await envelope(whole.deps, whole.input);
    expect(new Map(broken.puts)).toEqual(new Map(whole.puts));
    expect(broken.ledger.at(-1)).toEqual(whole.ledger[0]);
  },
);

test('F44 F48 of what was unpacked the bytes and the places are those of the text, ids and lineage those of the raw object', async () => {
  const key = 'unpacked/orders/r1/a.csv';
  const read: string[] = [];
  const run = async (unpacked: Shard['unpacked']) => {
    const { deps, input, kept } = setup();
    const { readRaw } = deps;
    deps.readRaw = (object, range) => {
      read.push(object.key);
      return readRaw(object, range);
    };
    await envelope(deps, { ...input, shard: { ...shard, unpacked } });
    const text = (name: string) => String(kept.get(name));
    return {
      batch: kept.get('staging/orders/r1/batches/3.parquet'),
      rejects: text('rejects/orders/r1/3.ndjson'),
    };
  };
  const [plain, unpacked] = [await run(null), await run({ bucket: 'raw', key })];
  expect(read).toEqual(['raw/orders/a.csv', 'raw/orders/a.csv', key, key]);
  // Ids and lineage are in the batch.
  expect(unpacked.batch).toEqual(plain.batch);
  const place = { record: 11, offset: 11, length: 1 };
  expect(JSON.parse(plain.rejects)).toMatchObject({ object: 'raw/orders/a.csv', in: 'raw', ...place });
  expect(JSON.parse(unpacked.rejects)).toMatchObject({ object: key, in: 'unpacked', ...place });
});

test('a second attempt says so', async () => {
  const { deps, ledger, input } = setup();
  await envelope(deps, { ...input, attempt: 2 });
  expect(ledger[0]?.trace?.attempt).toBe(3);
});

test("with onBadRecord 'fail' the first bad record fails the shard, by its place and without its text", async () => {
  const { deps, puts, ledger, input } = setup({ onBadRecord: 'fail' });
  await expect(envelope(deps, input)).rejects.toMatchObject({
    name: 'BadRecord',
    persistence: 'terminal',
    message: expect.stringMatching(
      /^BadRecord: CastFailed in record 11 at byte 11 of raw\/orders\/a\.csv, column order_id;/,
    ),
  });
  expect([puts, ledger]).toEqual([[], []]);
});

test("with onRetypedColumn 'fail' the first value of another type fails the shard, and no other reject does", async () => {
  const { deps, puts, ledger, input } = setup();
  const job = await deps.readJob(input.run);
  deps.readJob = async () => ({ ...job, contract: { ...job.contract, onRetypedColumn: 'fail' } });
  await expect(envelope(deps, input)).rejects.toMatchObject({
    name: 'BadRecord',
    message: expect.stringMatching(
      /^BadRecord: CastFailed in record 11 at byte 11 of raw\/orders\/a\.csv, column order_id; job orders says onRetypedColumn: 'fail'/,
    ),
  });
  expect([puts, ledger]).toEqual([[], []]);
  deps.readRaw = async (_raw, { offset }) => Buffer.from(offset === 0 ? head : '1,2\n');
  await envelope(deps, { ...input, shard: { ...shard, length: 4 } });
  expect(ledger.map(({ rejectsByCode }) => rejectsByCode)).toEqual([{ RaggedRow: 1 }]);
});

test('F40 values that are discarded are counted in the ledger, column by column, as a repeat counts them', async () => {
  const { deps, puts, ledger, input } = setup();
  const job = await deps.readJob(input.run);
  const columns = job.contract.columns.map((column) => ({ ...column, nullable: true }));
  deps.readJob = async () => ({
    ...job,
    contract: { ...job.contract, columns, onRetypedColumn: 'discard-column' },
  });
  await envelope(deps, input);
  await envelope(deps, input);
  expect(ledger[0]).toMatchObject({ rejected: 0, filtered: 0, discarded: { order_id: 1 } });
  expect(ledger[1]).toEqual(ledger[0]);
  expect(puts[1]).toEqual(puts[0]);
});

test('a shard of XML is read with what stands above its range', async () => {
  const { deps, ledger, input } = setup();
  const bytes = Buffer.from('<r/></s><s id="2"><r/>');
  const [column] = plainJob.contract.columns;
  if (column === undefined) throw new Error('the job has no columns');
  deps.readRaw = async () => bytes;
  deps.readJob = async () => ({
    ...plainJob,
    format: { kind: 'xml', record: 's/r', namespaces: 'strip', required: false, encoding: null },
    contract: { ...plainJob.contract, columns: [{ ...column, from: '../@id' }], filter: null, key: [] },
  });
  const of = { ...shard, header: null, length: bytes.length };
  await envelope(deps, { ...input, shard: { ...of, context: '<d><s id="1">' } });
  await envelope(deps, { ...input, shard: { ...of, context: '<d><s>' } });
  expect(ledger.map(({ batch, rejectsByCode }) => [batch?.rows, rejectsByCode])).toEqual([
    [2, {}],
    [1, { NullNotAllowed: 1 }],
  ]);
});

test('a body that ends too early is read again, not taken for the shard', async () => {
  const { deps, puts, input } = setup({ cut: 1 });
  await expect(envelope(deps, input)).rejects.toMatchObject({
    name: 'ServiceUnavailable',
    persistence: 'transient',
  });
  expect(puts).toEqual([]);
});

test('a shard is read by the delimiter that it carries', async () => {
  const { deps, ledger, input } = setup();
  const file = Buffer.from('order_id;note\n1;a,b\n');
  const { readJob } = deps;
  deps.readJob = async (run) => {
    const job = await readJob(run);
    return { ...job, format: { ...job.format, delimiter: 'detect' } };
  };
  deps.readRaw = async (_raw, { offset, length }) => file.subarray(offset, offset + length);
  const detected = { ...shard, header: { offset: 0, length: 13 }, offset: 14, length: 6, delimiter: ';' };
  await envelope(deps, { ...input, shard: detected });
  expect(ledger).toMatchObject([{ status: 'done', rejected: 0, batch: { rows: 1 } }]);
});

const encrypting: Job = {
  ...plainJob,
  privacy: { order_id: 'encrypt' },
};

/** A bucket that a repeat finds as it was left; each attempt has a data key of its own. */
function encryptingSetup(crash?: 'keepOps' | 'putShard') {
  const made = setup(crash === 'putShard' ? { crash } : {});
  const stored = new Map<string, Buffer>();
  const asked: Array<{ job: string; plaintext: Buffer }> = [];
  let crashing = crash === 'keepOps';
  const deps: EnvelopeDeps = {
    ...made.deps,
    readJob: async () => encrypting,
    secretKey: async (name) => expect.fail(`asked for ${name}`),
    dataKey: async (job) => {
      const plaintext = randomBytes(32);
      asked.push({ job, plaintext });
      return { keyId: 'k', wrapped: Buffer.from(plaintext.map((byte) => byte ^ 0xff)), plaintext, used: 0n };
    },
    keepOps: async (key, body) => {
      const there = stored.get(key);
      if (there === undefined) stored.set(key, body);
      if (crashing) {
        crashing = false;
        throw new Error('crash after keepOps');
      }
      return there ?? body;
    },
  };
  return { ...made, deps, stored, asked };
}

test('a job that encrypts asks for one data key, bound to it, and for no secret; behind the shard it is gone', async () => {
  const { deps, input, asked, puts } = encryptingSetup();
  await envelope(deps, input);
  expect(asked.map(({ job }) => job)).toEqual(['orders']);
  expect(asked[0]?.plaintext).toEqual(Buffer.alloc(32));
  // The batch is put once, by the other verb.
  expect(puts.map(([key]) => key)).toEqual(['rejects/orders/r1/3.ndjson']);
});

test.each(['keepOps', 'putShard'] as const)(
  'F13 a crash behind %s: the repeat, whose data key is another, takes the batch that is there',
  async (crash) => {
    const { deps, input, stored, asked, ledger } = encryptingSetup(crash);
    await expect(envelope(deps, input)).rejects.toThrow(`crash after ${crash}`);
    const [first] = [...stored.values()];
    const output = await envelope(deps, input);
    expect(asked.length).toBe(2);
    expect([...stored.values()]).toEqual([first]);
    const sha256 = createHash('sha256')
      .update(first ?? '')
      .digest('hex');
    expect(output.batch).toMatchObject({ rows: 3, bytes: first?.length, sha256 });
    expect(new Set(ledger.map(({ batch }) => batch?.sha256))).toEqual(new Set([sha256]));
  },
);

test('a data key is overwritten also where its shard fails', async () => {
  const { deps, input, asked } = encryptingSetup();
  const torn = {
    ...deps,
    readJob: async () => ({ ...encrypting, contract: { ...encrypting.contract, filter: 'nope = 1' } }),
  };
  await expect(envelope(torn, input)).rejects.toMatchObject({ name: 'ColumnMissing' });
  expect(asked[0]?.plaintext).toEqual(Buffer.alloc(32));
});

test("a job's Envelope asks for the keys that its rules name, by their place in the store", async () => {
  const rules: Record<string, [Job['privacy'], string[]]> = {
    none: [{ order_id: 'mask' }, []],
    hash: [{ order_id: 'hash' }, ['/forebay/test/orders/hash-key']],
    token: [{ order_id: { rule: 'tokenise', scope: 'job' } }, ['/forebay/test/orders/token-key']],
    shared: [{ order_id: { rule: 'tokenise', scope: 'shared' } }, ['/forebay/test/_shared/token-key']],
  };
  for (const [name, [privacy, expected]] of Object.entries(rules)) {
    const { deps, input } = setup();
    const asked: string[] = [];
    const secretKey = async (secret: string) => {
      asked.push(secret);
      return Buffer.from('key');
    };
    await envelope({ ...deps, secretKey, readJob: async () => ({ ...plainJob, privacy }) }, input);
    expect(asked, name).toEqual(expected);
  }
});
