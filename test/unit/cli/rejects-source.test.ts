import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../../aws/interfaces.ts';
import { piecesOf, readsFor } from '../../../cli/rejects/ranges.ts';
import { type SourceDeps, withSource } from '../../../cli/rejects/source.ts';
import { inJson, shown, wholeCharacters } from '../../../cli/rejects/text.ts';
import type { Encoding } from '../../../core/job/model.ts';
import type { ByteRange, Reject } from '../../../core/shard.ts';
import { rawKey, unpackedKey } from '../../../core/storage.ts';
import { memoryObjects } from '../../support/memory-objects.ts';
import { forebay } from './forebay.ts';

const run = { job: 'orders', slice: '2026-03-01' };
const raw = rawKey('orders', '2026-03-01', 'r1', 'a b.csv.gz');
const unpacked = unpackedKey('orders', 'r1', 'a b.csv.gz');

const reject = (object: string, where: Reject['in'], { offset, length }: ByteRange): Reject => ({
  ...{ code: 'CastFailed', column: 'qty', record: 3, object, in: where, offset, length, message: 'no int' },
});

interface Asked extends SourceDeps {
  store: ObjectStore;
  reads: ByteRange[];
  notes: string[];
}

function depsWith(more: { encoding?: Encoding; rawKeys?: string[] } = {}): Asked {
  const store = memoryObjects();
  const [reads, notes]: [ByteRange[], string[]] = [[], []];
  return {
    ...{ store, reads, notes, stream: store.stream, head: store.head, rawBucket: 'raw' },
    getRange: async (ref, range, options) => {
      reads.push(range);
      return store.getRange(ref, range, options);
    },
    encoding: async () => more.encoding ?? 'utf-8',
    rawKeys: async () => more.rawKeys ?? [],
    note: (text) => notes.push(text),
  };
}

const texts = (found: Awaited<ReturnType<typeof withSource>>) =>
  found.map(({ bytes }) => bytes && String(bytes));

describe('records by their places', () => {
  test('are the bytes that lie there, in the order of the rejects; neighbours come in one read', async () => {
    const deps = depsWith();
    await deps.store.put({ bucket: 'raw', key: raw }, Buffer.from('id,qty\n1,x\n2,3\n4,y\n'));
    const places = [
      { offset: 15, length: 4 },
      { offset: 7, length: 4 },
      { offset: 0, length: 6 },
    ];
    const found = await withSource(
      deps,
      run,
      places.map((place) => reject(raw, 'raw', place)),
      100,
    );
    expect(texts(found)).toEqual(['4,y\n', '1,x\n', 'id,qty']);
    expect(deps.reads).toEqual([{ offset: 0, length: 19 }]);
  });

  test('are cut at the limit and at a whole character, and only so much is read', async () => {
    const deps = depsWith();
    await deps.store.put({ bucket: 'raw', key: raw }, Buffer.from('abcé€zz'));
    const [found] = await withSource(deps, run, [reject(raw, 'raw', { offset: 0, length: 10 })], 6);
    expect([String(found?.bytes), found?.cut]).toEqual(['abcé', true]);
    expect(deps.reads).toEqual([{ offset: 0, length: 6 }]);
  });

  test('of a raw object that is gone are none, and the others are there', async () => {
    const deps = depsWith();
    await deps.store.put({ bucket: 'raw', key: raw }, Buffer.from('1,x\n'));
    const place = { offset: 0, length: 4 };
    const rejects = [reject('raw/erased', 'raw', place), reject(raw, 'raw', place)];
    expect(texts(await withSource(deps, run, rejects, 100))).toEqual([null, '1,x\n']);
  });
});

describe('records of what was unpacked', () => {
  const text = `id,name\n${Array.from({ length: 50_000 }, (_, i) => `${i},Zoë ${i}\n`).join('')}`;
  const at = Buffer.from(text).indexOf('40000,');
  const places = [
    { offset: 0, length: 8 },
    { offset: at, length: Buffer.byteLength('40000,Zoë 40000\n') },
  ];
  const rejects = places.map((place) => reject(unpacked, 'unpacked', place));
  const expected = ['id,name\n', '40000,Zoë 40000\n'];
  const packed = gzipSync(Buffer.from(text, 'latin1'));

  test('come from there', async () => {
    const deps = depsWith();
    await deps.store.put({ bucket: 'raw', key: unpacked }, Buffer.from(text));
    expect(texts(await withSource(deps, run, rejects, 100))).toEqual(expected);
    expect(deps.notes).toEqual([]);
  });

  test('that has expired are unpacked again from the raw object, with its encoding, and it is said', async () => {
    const deps = depsWith({ encoding: 'latin-1' });
    await deps.store.put({ bucket: 'raw', key: raw }, packed);
    expect(texts(await withSource(deps, run, rejects, 100))).toEqual(expected);
    expect(deps.notes).toEqual([`${unpacked} has expired: it was unpacked again, in memory, from ${raw}`]);
    expect((await deps.store.list('raw', '')).map(({ key }) => key)).toEqual([raw]);
  });

  test('of a run that read from raw are found by its manifest', async () => {
    const other = rawKey('orders', '2026-03-01', 'r0', 'a b.csv.gz');
    const neighbour = rawKey('orders', '2026-03-01', 'r0', 'b.csv.gz');
    const deps = depsWith({ encoding: 'latin-1', rawKeys: [neighbour, other] });
    await deps.store.put({ bucket: 'raw', key: other }, packed);
    expect(texts(await withSource(deps, run, rejects, 100))).toEqual(expected);
  });

  test('whose raw object is gone, too, are none', async () => {
    expect(texts(await withSource(depsWith(), run, rejects, 100))).toEqual([null, null]);
  });
});

test.each([
  ['kms:Decrypt', 'User: arn:aws:iam::1:user/a is not authorized to perform: kms:Decrypt on resource: k'],
  ['s3:GetObject', 'Access Denied'],
])('who may not read raw is told that %s is missing, and where', async (right, message) => {
  const denied = Object.assign(new Error(message), { $metadata: { httpStatusCode: 403 } });
  const deps = { ...depsWith(), getRange: () => Promise.reject(denied) };
  const reading = withSource(deps, run, [reject(raw, 'raw', { offset: 0, length: 4 })], 100);
  await expect(reading).rejects.toMatchObject({
    ...{ name: 'Problem', exitCode: 1 },
    message: expect.stringMatching(new RegExp(`^you lack ${right} for s3://raw/raw/orders/`)),
  });
  await expect(reading).rejects.not.toThrow(/\n/);
});

test('--max-bytes without the records is wrong usage', async () => {
  const { code, err } = await forebay('rejects', 'r1', '--max-bytes', '5');
  expect([code, err]).toEqual([64, expect.stringMatching(/--max-bytes is of --show-source/)]);
});

describe('a record on a terminal', () => {
  test.each([
    ['plain, é and 😀', Buffer.from('a,é,😀'), 'a,é,😀'],
    ['F49 invalid UTF-8 byte by byte', Buffer.from([0x61, 0xff, 0xc3, 0x28]), 'a\\xff\\xc3('],
    [
      'F49 a surrogate and an overlong form',
      Buffer.from([0xed, 0xa0, 0x80, 0xc0, 0xaf]),
      '\\xed\\xa0\\x80\\xc0\\xaf',
    ],
    ['a line end, a tab and an escape sequence', Buffer.from('a\r\n\t\x1b[2J'), 'a\\x0d\\n\\t\\x1b[2J'],
    ['what turns text around', Buffer.from('a\u202eb'), 'a\\u{202e}b'],
  ])('shows %s', (_, bytes, text) => {
    expect(shown(bytes)).toBe(text);
  });

  test('is exact as JSON: the text, or base64 where it is no UTF-8', () => {
    expect(inJson(Buffer.from('a\x00é'))).toEqual({ source: 'a\x00é' });
    expect(inJson(Buffer.from([0x61, 0xff]))).toEqual({ sourceBase64: 'Yf8=' });
  });

  test('a cut leaves no half character, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, n) => {
        const bytes = Buffer.from(text.toWellFormed());
        const cut = bytes.subarray(0, n % (bytes.length + 1));
        const whole = wholeCharacters(cut);
        expect(cut.length - whole.length).toBeLessThan(4);
        expect(
          text
            .toWellFormed()
            .startsWith(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole)),
        ).toBe(true);
      }),
    );
  });
});

describe('reads', () => {
  const range = fc.record({ offset: fc.nat(5_000_000), length: fc.nat(300_000) });

  test('bring every piece, each once, and none is larger than it must be', () => {
    fc.assert(
      fc.property(fc.array(range), (pieces) => {
        const reads = readsFor(pieces);
        expect(reads.flatMap((read) => read.pieces).sort((a, b) => a - b)).toEqual([...pieces.keys()]);
        for (const { offset, length, pieces: within } of reads) {
          const ranges = within.map((i) => pieces[i] as ByteRange);
          expect(Math.min(...ranges.map((each) => each.offset))).toBe(offset);
          expect(Math.max(...ranges.map((each) => each.offset + each.length))).toBe(offset + length);
          expect(within.length === 1 || length <= 8 * 1_024 * 1_024).toBe(true);
        }
      }),
    );
  });

  test('pieces of a stream are those of the whole, however it comes', async () => {
    const text = Buffer.from(Array.from({ length: 1_000 }, (_, i) => i % 256));
    const place = fc.record({ offset: fc.nat(1_100), length: fc.nat(200) });
    await fc.assert(
      fc.asyncProperty(fc.array(place), fc.integer({ min: 1, max: 300 }), async (pieces, size) => {
        async function* chunks() {
          for (let from = 0; from < text.length; from += size) yield text.subarray(from, from + size);
        }
        const expected = pieces.map(({ offset, length }) => text.subarray(offset, offset + length));
        expect(await piecesOf(chunks(), pieces)).toEqual(expected);
      }),
    );
  });
});
