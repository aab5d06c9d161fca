import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ObjectRecord } from '../../../core/ledger.ts';
import type { SourceObject } from '../../../core/shard.ts';
import { partBytes } from '../../../tasks/extract/copy.ts';
import { type ExtractDeps, extract } from '../../../tasks/extract/extract.ts';
import { nothingBefore } from '../../support/nothing-before.ts';
import { dialect } from '../formats/support.ts';
import { clock, job, object, run } from './support.ts';

const file = 'id,note\n1,"two\nlines"\n2,x\n';
const checksum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');

/** An object store with one raw object at most, and a ledger; `crash` ends the attempt behind a step. */
function world(options: { content?: string | Buffer; listedBytes?: number; shardBytes?: number } = {}) {
  const content = Buffer.from(options.content ?? file);
  const state = {
    raw: null as Buffer | null,
    puts: 0,
    reads: [] as SourceObject[],
    ops: new Map<string, unknown>(),
    ledger: [] as ObjectRecord[],
    crash: '' as '' | 'put' | 'scan',
  };
  const deps: ExtractDeps = {
    ...nothingBefore,
    readJob: async () => job(),
    read: async (source) => {
      state.reads.push(source);
      return (async function* () {
        for (let at = 0; at < content.length; at += 7) yield content.subarray(at, at + 7);
      })();
    },
    putStream: async (_target, body) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const sent = Buffer.concat(chunks);
      const created = state.raw === null;
      state.raw ??= sent;
      state.puts++;
      if (state.crash === 'put') throw new Error('killed');
      return { created, versionId: created ? 'v1' : null, compositeSha256: checksum(sent) };
    },
    head: async () =>
      state.raw && {
        bytes: state.raw.length,
        etag: 'r1',
        versionId: 'v1',
        checksumSha256: checksum(state.raw),
      },
    putOps: async (key, body) => {
      if (state.crash === 'scan') throw new Error('killed');
      return state.ops.set(key, JSON.parse(body.toString()));
    },
    putObject: async (_runId, record) => void state.ledger.push(record),
    now: clock(),
    rawBucket: 'raw',
    shardBytes: options.shardBytes ?? 1_000,
    maxObjectBytes: 1_000,
  };
  const source = object({ bytes: options.listedBytes ?? content.length });
  return { state, source, deps, act: () => extract(deps, { run, object: source, attempt: 2 }) };
}

test('an object comes into the raw zone as it is, with its sha256, its scan and its line in the ledger', async () => {
  const { state, source, act } = world({ shardBytes: 10 });
  expect(await act()).toEqual({});
  const sha256 = createHash('sha256').update(file).digest('hex');
  expect(state.raw?.toString()).toBe(file);
  expect(state.ops.get('staging/orders/run-1/scans/0.json')).toEqual({
    object: source,
    raw: {
      bucket: 'raw',
      key: 'raw/orders/slice=2026-03-01/run=run-1/a.csv',
      versionId: 'v1',
      bytes: 26,
      sha256,
    },
    unpacked: null,
    scan: {
      records: 2,
      header: { offset: 0, length: 7 },
      ranges: [
        { offset: 8, length: 14, records: 1 },
        { offset: 22, length: 4, records: 1 },
      ],
    },
  });
  const trace = {
    startedAt: '2026-03-02T00:00:00.000Z',
    endedAt: '2026-03-02T00:00:01.000Z',
    attempt: 3,
    metrics: { records: 2, bytes: 26, shards: 2 },
  };
  expect(state.ledger).toEqual([
    { n: 0, name: 'a.csv', status: 'done', records: 2, bytes: 26, sha256, error: null, trace },
  ]);
});

test('the delimiter that a file tells is in its scan', async () => {
  const { state, deps, act } = world({ content: 'id;note\n1;"a,b"\n' });
  deps.readJob = async () => job({ format: dialect({ delimiter: 'detect' }) });
  await act();
  expect(state.ops.get('staging/orders/run-1/scans/0.json')).toMatchObject({
    scan: { records: 1, delimiter: ';' },
  });
});

test('a file that does not tell its delimiter is refused, and no raw object is made', async () => {
  const { state, deps, act } = world({ content: '1;2,5\n3;4,5\n' });
  deps.readJob = async () => job({ format: dialect({ delimiter: 'detect' }) });
  await expect(act()).rejects.toThrow(/^DelimiterUnclear: /);
  expect([state.raw, state.ops.size, state.ledger]).toEqual([null, 0, []]);
});

test("the scan of XML carries what the job's paths read above a range, and nothing else of it", async () => {
  const content = '<d a="1"><h>x</h><i>y</i><r>1</r><r>2</r></d>';
  const { state, deps, act } = world({ content, shardBytes: 1 });
  const column = (name: string, from: string | null) => ({
    ...{ name, from, type: { name: 'string' as const }, nullable: true },
  });
  const { contract } = job();
  deps.readJob = async () =>
    job({
      format: { kind: 'xml', record: 'r', namespaces: 'strip', required: false, encoding: null },
      contract: { ...contract, columns: [column('h', '../h'), column('i', null), column('n', 'length(i)')] },
    });
  await act();
  expect(state.ops.get('staging/orders/run-1/scans/0.json')).toMatchObject({
    scan: {
      records: 2,
      ranges: [
        { offset: 25, length: 8, records: 1, context: '<d a="1"><h>x</h>' },
        { offset: 33, length: 8, records: 1, context: '<d a="1"><h>x</h>' },
      ],
    },
  });
});

test('F56 F57 a file of XML that is refused leaves no raw object, no scan and no line in the ledger', async () => {
  for (const content of ['<d><r>1</r><r>2</d>', '<!DOCTYPE d><d><r>1</r></d>', '<d><r>1</r></d><d/>']) {
    const { state, deps, act } = world({ content, shardBytes: 1 });
    deps.readJob = async () =>
      job({ format: { kind: 'xml', record: 'r', namespaces: 'strip', required: false, encoding: null } });
    await expect(act()).rejects.toThrow(/^(XmlInvalid|DoctypeForbidden): .* found at byte \d+/);
    expect([state.raw, state.ops.size, state.ledger]).toEqual([null, 0, []]);
  }
});

test('F01 a crash before the raw object is put leaves nothing, and a repeat completes', async () => {
  const { state, deps, act } = world();
  const read = deps.read;
  deps.read = () => Promise.reject(new Error('killed'));
  await expect(act()).rejects.toThrow('killed');
  expect([state.raw, state.ops.size, state.ledger]).toEqual([null, 0, []]);
  deps.read = read;
  await act();
  expect(state.ledger).toMatchObject([{ status: 'done', records: 2 }]);
});

test.each(['put', 'scan'] as const)('F02 a crash behind the %s is made good by a repeat', async (step) => {
  const { state, act } = world();
  state.crash = step;
  await expect(act()).rejects.toThrow('killed');
  expect(state.ledger).toEqual([]);
  state.crash = '';
  await act();
  expect(state.puts).toBe(2);
  expect(state.raw?.toString()).toBe(file);
  expect(state.ledger).toMatchObject([{ status: 'done' }]);
  expect(state.ops.get('staging/orders/run-1/scans/0.json')).toMatchObject({ raw: { versionId: 'v1' } });
});

test('F02 a raw object that is there with other bytes is no success', async () => {
  const { state, act } = world();
  state.raw = Buffer.from(file.replace('x', 'y'));
  await expect(act()).rejects.toThrow(/^ChecksumMismatch: /);
  expect([state.ops.size, state.ledger]).toEqual([0, []]);
});

test('an upload that S3 does not have in full afterwards is ChecksumMismatch', async () => {
  const { state, deps, act } = world();
  deps.head = async () => null;
  await expect(act()).rejects.toThrow(/^ChecksumMismatch: .* holds nothing/);
  expect(state.ledger).toEqual([]);
});

test('F16 a source that gives more or fewer bytes than it listed is SourceChanged, and no raw object is made', async () => {
  for (const listedBytes of [25, 27]) {
    const { state, act } = world({ listedBytes });
    await expect(act()).rejects.toThrow(
      /^SourceChanged: s3:\/\/inbox\/orders\/2026-03-01\/a.csv was listed with/,
    );
    expect(state.raw).toBeNull();
  }
});

test('F16 a source object that is gone is SourceChanged', async () => {
  const { deps, act } = world();
  deps.read = () => Promise.reject(Object.assign(new Error('gone'), { name: 'NoSuchKey' }));
  await expect(act()).rejects.toThrow(/^SourceChanged: .* is gone/);
});

test('an object that is larger than one function finishes is refused before it is read', async () => {
  const { state, act } = world({ listedBytes: 1_001 });
  await expect(act()).rejects.toThrow(/^ObjectTooLarge: .* has 1001 bytes, one function finishes 1000 /);
  expect(state.reads).toEqual([]);
});

test('what its scan refuses does not come into the raw zone, however short it is', async () => {
  const { state, act } = world({ content: Buffer.from([0xff, 0xfe, 0, 0]) });
  await expect(act()).rejects.toThrow(/^EncodingUnsupported: /);
  expect([state.raw, state.ops.size, state.ledger]).toEqual([null, 0, []]);
});

test('an empty object is an object without records', async () => {
  const { state, act } = world({ content: '' });
  await act();
  expect(state.raw?.length).toBe(0);
  expect(state.ledger).toMatchObject([{ status: 'done', records: 0, bytes: 0 }]);
});

test('the part size grows with the object, so that 10,000 parts hold it, and depends on nothing else', () => {
  const MiB = 1_024 * 1_024;
  expect(partBytes(0)).toBe(8 * MiB);
  expect(partBytes(80_000 * MiB)).toBe(8 * MiB);
  expect(partBytes(80_000 * MiB + 1)).toBe(9 * MiB);
  for (const bytes of [1, 10 ** 9, 10 ** 11, 5 * 10 ** 12]) {
    expect(Math.ceil(bytes / partBytes(bytes))).toBeLessThanOrEqual(10_000);
  }
});
