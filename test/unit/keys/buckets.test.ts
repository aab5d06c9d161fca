/** Repeated keys of a slice, against a plain Map of all its records. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  boundsOf,
  bucketsOf,
  decodeLosers,
  encodeLosers,
  indexCells,
  loserRange,
  planBuckets,
  type Settlement,
  settleBucket,
} from '../../../core/buckets.ts';
import { lineBytes, type NextLines } from '../../../core/keys.ts';

type Policy = Parameters<typeof settleBucket>[1];

/** A UUID in text, as any hash gives it; the same for the same key. */
function idOf(key: number): string {
  const hex = createHash('md5').update(`key ${key}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A shard's list: `keys` are those of its records, by their numbers; `null` for one that is not written. */
const listOf = (keys: Array<number | null>): Buffer =>
  Buffer.from(
    keys
      .flatMap((key, record) => (key === null ? [] : [`${idOf(key)} ${String(record).padStart(10, '0')}\n`]))
      .sort()
      .join(''),
  );

/** The lines from `first` on, some at a time. */
function reader(list: Buffer, first: number, end: number, perBlock: number): NextLines {
  let at = first;
  return async () => {
    const to = Math.min(at + perBlock, end);
    const block = list.subarray(at * lineBytes, to * lineBytes);
    at = to;
    return block;
  };
}

/** What each policy costs, from all records of the slice in their order. */
function expectedOf(
  shards: Array<Array<number | null>>,
  policy: Policy,
): { repeats: number; losers: string[] } {
  const places = new Map<number, string[]>();
  for (const [shard, keys] of shards.entries()) {
    for (const [record, key] of keys.entries()) {
      if (key !== null) places.set(key, [...(places.get(key) ?? []), `${shard}/${record}`]);
    }
  }
  const several = [...places.values()].filter(({ length }) => length > 1);
  const cost = { reject: [0], 'keep-first': [1], 'keep-last': [0, -1] }[policy];
  return {
    repeats: several.reduce((sum, { length }) => sum + length - 1, 0),
    losers: several.flatMap((found) => found.slice(...cost)).sort(),
  };
}

const policies: Policy[] = ['reject', 'keep-first', 'keep-last'];

test.each(policies)(
  'whatever the shards and the number of buckets, %s costs what it costs the whole slice',
  async (policy) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.option(fc.nat(60)), { maxLength: 30 }), { maxLength: 12 }),
        fc.constantFrom(1, 2, 3, 7, 64, 255, 256),
        fc.integer({ min: 1, max: 6 }),
        async (shards, count, perBlock) => {
          const lists = shards.map(listOf);
          const indexes = lists.map(indexCells);
          let [ids, repeats] = [0, 0];
          const losers: string[] = [];
          for (const { from, to } of bucketsOf(count)) {
            const readers = lists.map((list, n) =>
              reader(list, indexes[n]?.[from] ?? 0, indexes[n]?.[to] ?? 0, perBlock),
            );
            const found = await settleBucket(readers, policy);
            ids += found.ids;
            repeats += found.repeats;
            for (const [shard, records] of found.losers) losers.push(...records.map((n) => `${shard}/${n}`));
          }
          expect(ids).toBe(shards.flat().filter((key) => key !== null).length);
          expect({ repeats, losers: losers.sort() }).toEqual(expectedOf(shards, policy));
        },
      ),
      { numRuns: 200 },
    );
  },
);

test('the first of a key is the first by shard, then by record number, and not by the order in which lists are read', async () => {
  // Shard 0 has the key as its records 9 and 10, which as texts without zeros would sort the other way.
  const first: Array<number | null> = [...Array(9).fill(null), 5, 5];
  const lists = [listOf(first), listOf([null, 5])];
  const settled = async (policy: Policy) =>
    Object.fromEntries(
      (
        await settleBucket(
          lists.map((list) => reader(list, 0, 9, 1)),
          policy,
        )
      ).losers,
    );
  expect(await settled('keep-first')).toEqual({ 0: [10], 1: [1] });
  expect(await settled('keep-last')).toEqual({ 0: [9, 10] });
  expect(await settled('reject')).toEqual({ 0: [9, 10], 1: [1] });
});

test('the buckets of any number hold each of the 256 cells once', () => {
  for (let count = 1; count <= 256; count++) {
    const buckets = bucketsOf(count);
    expect(buckets.map(({ n }) => n)).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(buckets.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(
      Array.from({ length: 256 }, (_, cell) => cell),
    );
  }
});

test('there is one bucket for a few million records, and never more than there are cells', () => {
  expect([0, 1, 4_194_304].map((records) => planBuckets(records).length)).toEqual([1, 1, 1]);
  expect([4_194_305, 100_000_000, 1e12].map((records) => planBuckets(records).length)).toEqual([2, 32, 256]);
});

test('the index of a list tells of each cell its first line, and behind the last how many lines there are', () => {
  const ids = ['00', '00', '01', '7f', 'a0', 'ff'].map((cell) => `${cell}${idOf(1).slice(2)}`);
  const index = indexCells(Buffer.from(ids.map((id) => `${id} 0000000000\n`).join('')));
  expect(index.length).toBe(257);
  const at = (cell: number) => index[cell];
  expect([0x00, 0x01, 0x02, 0x7f, 0x80, 0xa0, 0xa1, 0xff, 256].map(at)).toEqual([0, 2, 3, 3, 4, 4, 5, 5, 6]);
  expect(indexCells(Buffer.alloc(0))).toEqual(Array(257).fill(0));
});

test("two ranges of a bucket's object give a shard its losers, in their order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 4_294_967_295 }), { maxLength: 6 }), {
        maxLength: 9,
      }),
      async (lists) => {
        const losers: Settlement['losers'] = new Map(
          lists.flatMap((list, n) => (list.length > 0 ? [[n, list]] : [])),
        );
        const object = encodeLosers(losers, lists.length);
        const part = ({ offset, length }: { offset: number; length: number }) =>
          object.subarray(offset, offset + length);
        for (const [n, list] of lists.entries()) {
          const found = decodeLosers(part(loserRange(part(boundsOf(n)), lists.length)));
          expect(found).toEqual([...list].sort((a, b) => a - b));
        }
      },
    ),
  );
});
