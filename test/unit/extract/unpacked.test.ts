/** Extract of what is no plain UTF-8: the raw bytes as they are, their text beside them, or neither. */
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import type { ObjectStore, StoredObject } from '../../../aws/interfaces.ts';
import { putStream } from '../../../aws/s3-upload.ts';
import type { Encoding } from '../../../core/job/model.ts';
import type { ObjectRecord } from '../../../core/ledger.ts';
import type { ObjectRef } from '../../../core/run.ts';
import type { ScannedObject } from '../../../core/shard.ts';
import { type ExtractDeps, extract } from '../../../tasks/extract/extract.ts';
import { memoryObjects } from '../../support/memory-objects.ts';
import { nothingBefore } from '../../support/nothing-before.ts';
import { inChunks } from '../../support/text.ts';
import { dialect } from '../formats/support.ts';
import { clock, job, object, run } from './support.ts';

const MiB = 1_024 * 1_024;
const text = 'id,note\r\n1,"twö\nlines"\r\n2,€\r\n';
const rawKey = 'raw/orders/slice=2026-03-01/run=run-1/a.csv';
const unpackedKey = 'unpacked/orders/run-1/a.csv';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

interface Setup {
  encoding?: Encoding;
  chunk?: number;
  listedBytes?: number;
  maxObjectBytes?: number;
  /** The store as it is, or one that fails. */
  store?: (objects: ObjectStore) => Pick<ObjectStore, 'head' | 'putStream'>;
}

function world(content: Buffer, setup: Setup = {}) {
  const objects = memoryObjects();
  const scans: ScannedObject[] = [];
  const ledger: ObjectRecord[] = [];
  let closed = 0;
  const deps: ExtractDeps = {
    ...nothingBefore,
    readJob: async () => job({ format: dialect({ encoding: setup.encoding ?? 'utf-8' }) }),
    read: async () =>
      (async function* () {
        try {
          yield* inChunks(content, setup.chunk ?? 7);
        } finally {
          closed++;
        }
      })(),
    ...(setup.store?.(objects) ?? objects),
    putOps: async (_key, body) => scans.push(JSON.parse(body.toString())),
    putObject: async (_runId, record) => void ledger.push(record),
    now: clock(),
    ...{ rawBucket: 'raw', shardBytes: 10, maxObjectBytes: setup.maxObjectBytes ?? MiB },
  };
  const source = object({ bytes: setup.listedBytes ?? content.length });
  const act = () => extract(deps, { run, object: source });
  const keys = async () => (await objects.list('raw', '')).map(({ key }) => key);
  return { objects, scans, ledger, act, keys, deps, closed: () => closed };
}

const encoded: Array<[string, Buffer, Encoding]> = [
  ['gzip', gzipSync(text), 'utf-8'],
  ['gzip of two members', Buffer.concat([gzipSync(text.slice(0, 12)), gzipSync(text.slice(12))]), 'utf-8'],
  ['gzip of UTF-8 with its mark', gzipSync(`\ufeff${text}`), 'utf-8'],
  ['UTF-16LE with its mark', Buffer.from(`\ufeff${text}`, 'utf16le'), 'utf-8'],
  ['UTF-16BE with its mark', Buffer.from(`\ufeff${text}`, 'utf16le').swap16(), 'windows-1252'],
  ['UTF-16LE as the job says', Buffer.from(text, 'utf16le'), 'utf-16le'],
  ['windows-1252', Buffer.from(text.replace('€', '\x80'), 'latin1'), 'windows-1252'],
  ['gzip of UTF-16LE', gzipSync(Buffer.from(`\ufeff${text}`, 'utf16le')), 'utf-8'],
];

test.each(encoded)(
  '%s comes into the raw zone as it is, and its text beside it, which is scanned',
  async (_, file, encoding) => {
    for (const chunk of [1, 7, 1_000]) {
      const { objects, scans, ledger, act, keys, closed } = world(file, { encoding, chunk });
      expect(await act()).toEqual({});
      expect(await keys()).toEqual([rawKey, unpackedKey]);
      expect(await objects.get({ bucket: 'raw', key: rawKey })).toEqual(file);
      expect(String(await objects.get({ bucket: 'raw', key: unpackedKey }))).toBe(text);
      const [bytes, stored] = [Buffer.from(text), { bucket: 'raw', versionId: 'v1' }];
      expect(scans).toMatchObject([
        {
          raw: { ...stored, key: rawKey, bytes: file.length, sha256: sha256(file) },
          unpacked: { ...stored, key: unpackedKey, bytes: bytes.length, sha256: sha256(bytes) },
          scan: {
            records: 2,
            header: { offset: 0, length: 7 },
            ranges: [
              { offset: 9, length: 16, records: 1 },
              { offset: 25, length: 7, records: 1 },
            ],
          },
        },
      ]);
      expect(ledger).toMatchObject([
        {
          status: 'done',
          records: 2,
          bytes: file.length,
          sha256: sha256(file),
          trace: { metrics: { shards: 2 } },
        },
      ]);
      expect(closed()).toBe(1);
    }
  },
);

test.each([
  ['plain UTF-8', Buffer.from(text)],
  ['UTF-8 with its mark', Buffer.from(`\ufeff${text}`)],
  ['nothing', Buffer.alloc(0)],
])('%s is not unpacked', async (_, file) => {
  const { scans, act, keys } = world(file);
  await act();
  expect(await keys()).toEqual([rawKey]);
  expect(scans).toMatchObject([{ unpacked: null }]);
});

test('gzip of nothing, and a file that is only a mark, are objects without records', async () => {
  for (const file of [gzipSync(''), Buffer.from([0xff, 0xfe])]) {
    const { scans, ledger, act, keys } = world(file);
    await act();
    expect(await keys()).toEqual([rawKey, unpackedKey]);
    expect(scans).toMatchObject([{ unpacked: { bytes: 0 }, scan: { records: 0, ranges: [] } }]);
    expect(ledger).toMatchObject([{ status: 'done', records: 0 }]);
  }
});

const packed = gzipSync(`id,note\n${'1,x\n'.repeat(1_000)}`);
const wrongCrc = Buffer.from(packed);
wrongCrc[packed.length - 8] = (packed[packed.length - 8] ?? 0) ^ 1;

describe('nothing is put, and no record is told, of an object that is refused', () => {
  test.each<[string, Buffer, RegExp, Setup]>([
    ['F44 truncated gzip', packed.subarray(0, -1), /^GzipInvalid: /, {}],
    ['F44 gzip with a wrong checksum', wrongCrc, /^GzipInvalid: .*incorrect data check/, {}],
    ['F44 gzip with junk behind it', Buffer.concat([packed, Buffer.from('x')]), /^GzipInvalid: /, {}],
    ['F44 gzip with zero bytes behind it', Buffer.concat([packed, Buffer.alloc(9)]), /^GzipInvalid: /, {}],
    ['F46 a bomb', gzipSync(Buffer.alloc(8 * MiB)), /^GzipTooLarge: /, { maxObjectBytes: 64 * MiB }],
    ['F46 gzip of more than one function finishes', packed, /^GzipTooLarge: /, { maxObjectBytes: 1_000 }],
    ['F48 a lone surrogate', Buffer.from('\ufeffid\n\ud83d\n', 'utf16le'), /^EncodingInvalid: .*byte 8 /, {}],
    [
      'F48 a hole of windows-1252',
      Buffer.from('id\n\x81\n', 'latin1'),
      /^EncodingInvalid: byte 3 /,
      { encoding: 'windows-1252' },
    ],
    ['F48 UTF-32', Buffer.from('fffe000061000000', 'hex'), /^EncodingUnsupported: .*UTF-32LE/, {}],
    [
      'F48 UTF-32 in gzip',
      gzipSync(Buffer.from('0000feff00000061', 'hex')),
      /^EncodingUnsupported: .*UTF-32BE/,
      {},
    ],
    [
      'F16 gzip that is longer than it was listed',
      packed,
      /^SourceChanged: .*more came/,
      { listedBytes: packed.length - 1 },
    ],
    [
      'F16 gzip that is shorter than it was listed',
      packed,
      /^SourceChanged: /,
      { listedBytes: packed.length + 1 },
    ],
  ])('%s', async (_, file, why, setup) => {
    for (const chunk of [1, 13, 1_000_000]) {
      const { scans, ledger, act, keys, closed } = world(file, { ...setup, chunk });
      await expect(act()).rejects.toThrow(why);
      expect([await keys(), scans, ledger]).toEqual([[], [], []]);
      expect(closed()).toBe(1);
    }
  });

  test('F51 what the scan refuses of the text', async () => {
    const { act, keys } = world(gzipSync(`id\n"${'x'.repeat(17 * MiB)}${randomBytes(MiB).toString('hex')}`), {
      ...{ chunk: 65_536, maxObjectBytes: 64 * MiB },
    });
    await expect(act()).rejects.toThrow(/^RecordTooLarge: a quote that opens at byte 3 /);
    expect(await keys()).toEqual([]);
  });
});

test('F02 a repeat finds both objects, and says the same', async () => {
  const { scans, objects, act, keys } = world(packed);
  await act();
  await act();
  expect(scans[1]).toEqual(scans[0]);
  expect(await keys()).toEqual([rawKey, unpackedKey]);
  for (const key of [rawKey, unpackedKey]) {
    expect((await objects.head({ bucket: 'raw', key }))?.versionId).toBe('v1');
  }
});

test.each([rawKey, unpackedKey])('F02 a crash that left only %s is made good by a repeat', async (key) => {
  const done = world(packed);
  await done.act();
  const { objects, scans, act } = world(packed);
  await objects.put({ bucket: 'raw', key }, await done.objects.get({ bucket: 'raw', key }));
  await act();
  expect(scans).toEqual(done.scans);
});

test.each([rawKey, unpackedKey])('F02 other bytes that lie under %s are no success', async (key) => {
  const { objects, scans, ledger, act } = world(packed);
  await objects.put({ bucket: 'raw', key }, Buffer.from('other'));
  await expect(act()).rejects.toThrow(new RegExp(`^ChecksumMismatch: ${key} holds 5 bytes`));
  expect([scans, ledger]).toEqual([[], []]);
});

/** S3 that takes parts, and fails one call of one key. */
function failing(call: string, failingKey: string) {
  const open = new Set<string>();
  const stored = new Map<string, StoredObject>();
  const client = {
    send: async (command: { constructor: { name: string }; input: Record<string, string> }) => {
      const { name } = command.constructor;
      const { Key = '', ChecksumSHA256 } = command.input;
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (name === call && Key === failingKey) {
        throw Object.assign(new Error('slow down'), { name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
      }
      if (name.startsWith('Create')) open.add(Key);
      if (/^(Abort|Complete)/.test(name)) open.delete(Key);
      return { UploadId: 'u', ETag: 'e', ChecksumSHA256 };
    },
  } as unknown as S3Client;
  const putStreamTo: ObjectStore['putStream'] = async (ref, body, options) => {
    let bytes = 0;
    async function* counted() {
      for await (const chunk of body) {
        bytes += chunk.length;
        yield chunk;
      }
    }
    const uploaded = await putStream(client, ref, counted(), options);
    stored.set(ref.key, { bytes, etag: 'e', versionId: 'v1', checksumSha256: uploaded.compositeSha256 });
    return uploaded;
  };
  return {
    open,
    stored,
    putStream: putStreamTo,
    head: async ({ key }: ObjectRef) => stored.get(key) ?? null,
  };
}

describe('F24 where one upload fails, so does the other, and none stays open', () => {
  // Both are larger than two parts of eight MiB each.
  const large = gzipSync(
    randomBytes(40 * MiB)
      .toString('latin1')
      .replaceAll('"', ''),
    { level: 1 },
  );
  const setup = { encoding: 'latin-1', chunk: 65_536, maxObjectBytes: 1_024 * MiB } as const;

  test('while without a failure both are stored', async () => {
    const { open, stored, ...store } = failing('none', '');
    await world(large, { ...setup, store: () => store }).act();
    expect([...open, ...stored.keys()].sort()).toEqual([rawKey, unpackedKey]);
    expect(stored.get(unpackedKey)?.checksumSha256).toMatch(/-\d+$/);
  });

  test.each(
    ['CreateMultipartUploadCommand', 'UploadPartCommand', 'CompleteMultipartUploadCommand'].flatMap((call) =>
      [rawKey, unpackedKey].map((key) => [call, key] as const),
    ),
  )('%s of %s', async (call, key) => {
    const { open, stored, ...store } = failing(call, key);
    const { act, ledger, closed } = world(large, { ...setup, store: () => store });
    await expect(act()).rejects.toThrow(/^Throttled: /);
    expect([[...open], ledger, closed()]).toEqual([[], [], 1]);
    // One that was completed before the other failed is found by the repeat.
    const whole = call.startsWith('Complete') ? [key === rawKey ? unpackedKey : rawKey] : [];
    expect([...stored.keys()]).toEqual(whole);
  });
});

test('the source gives no more than the slower of the two uploads takes', async () => {
  let read = 0;
  let given = 0;
  let most = 0;
  const file = gzipSync(
    randomBytes(4 * MiB)
      .toString('latin1')
      .replaceAll('"', ''),
    { level: 1 },
  );
  const { act, deps } = world(file, { encoding: 'latin-1', chunk: 16_384, maxObjectBytes: 64 * MiB });
  const { read: open, putStream: put } = deps;
  deps.read = async (source) =>
    (async function* () {
      for await (const chunk of await open(source)) {
        read += chunk.length;
        most = Math.max(most, read - given);
        yield chunk;
      }
    })();
  // The text of bytes without order is half as long again in UTF-8: so much of the file is through by then.
  deps.putStream = (ref, body, options) => {
    if (ref.key === rawKey) return put(ref, body, options);
    async function* slowly() {
      let through = 0;
      for await (const chunk of body) {
        through += chunk.length;
        given = Math.floor(through / 1.5);
        await new Promise(setImmediate);
        yield chunk;
      }
    }
    return put(ref, slowly(), options);
  };
  await act();
  expect(read).toBe(file.length);
  expect(most).toBeLessThan(MiB);
});
