/**
 * Which records a repeated key costs, found in buckets: ids are UUIDs of SHA-1, so a range of their first digits
 * holds an even part of them. The finest such ranges are cells, of which a shard's list of keys has an index.
 */
import type { RepeatedKeyPolicy } from './job/model.ts';
import { lineBytes, mergeKeys, type NextLines, type Place, recordDigits } from './keys.ts';

/** By the first two hex digits of an id. */
export const cells = 256;

/** An item of `buckets.json`: the cells `[from, to)`. */
export interface Bucket {
  n: number;
  from: number;
  to: number;
}

/** Keys of a bucket: some seconds of merging, and no more losing records than its function can remember. */
const keysOfBucket = 4 * 1_024 ** 2;

/** As many buckets as the number of records asks for, of the same number of cells each. */
export function planBuckets(records: number): Bucket[] {
  let count = 1;
  while (count < cells && count * keysOfBucket < records) count *= 2;
  return bucketsOf(count);
}

/** `count` buckets, from 1 to {@link cells}, that together hold each cell once. */
export const bucketsOf = (count: number): Bucket[] =>
  Array.from({ length: count }, (_, n) => ({
    n,
    from: Math.floor((n * cells) / count),
    to: Math.floor(((n + 1) * cells) / count),
  }));

/** The index of a shard's list: number of the line at which each cell begins, and of all lines behind them. */
export function indexCells(lines: Buffer): number[] {
  const count = lines.length / lineBytes;
  return Array.from({ length: cells + 1 }, (_, cell) => {
    const first = cell.toString(16).padStart(2, '0');
    let [low, high] = [0, count];
    while (cell < cells && low < high) {
      const middle = (low + high) >> 1;
      const at = middle * lineBytes;
      if (lines.toString('latin1', at, at + 2) < first) low = middle + 1;
      else high = middle;
    }
    return cell < cells ? low : count;
  });
}

/** What a bucket's merge found. */
export interface Settlement {
  /** Keys that were merged. */
  ids: number;
  /** Records whose key an earlier one has. */
  repeats: number;
  /** Numbers of the records that are not to be written, by the position of their shard; unsorted. */
  losers: Map<number, number[]>;
}

/** `shards`: of each shard in their order, the lines of the bucket's cells. */
export async function settleBucket(
  shards: readonly NextLines[],
  policy: Exclude<RepeatedKeyPolicy, 'allow'>,
): Promise<Settlement> {
  const losers = new Map<number, number[]>();
  const lose = ({ shard, record }: Place): void => {
    const records = losers.get(shard);
    if (records === undefined) losers.set(shard, [record]);
    else records.push(record);
  };
  let repeats = 0;
  const ids = await mergeKeys(shards, (before, record, isFirst) => {
    repeats += 1;
    if (policy === 'keep-last' || (policy === 'reject' && isFirst)) lose(before);
    if (policy !== 'keep-last') lose(record);
  });
  return { ids, repeats, losers };
}

/** A number in the object of losers: its digits and a line end. */
export const loserBytes = recordDigits + 1;

/**
 * The object of a bucket's losers, lines of one width: for each of `shards` shards how many losers stand before
 * its own, then how many there are; then the losers' record numbers, shard by shard.
 */
export function encodeLosers(losers: Settlement['losers'], shards: number): Buffer {
  const lists = Array.from({ length: shards }, (_, n) => (losers.get(n) ?? []).toSorted((a, b) => a - b));
  const total = lists.reduce((sum, { length }) => sum + length, 0);
  const body = Buffer.alloc((shards + 1 + total) * loserBytes);
  let at = 0;
  const line = (number: number): void => {
    at += body.write(`${String(number).padStart(recordDigits, '0')}\n`, at, 'latin1');
  };
  let before = 0;
  for (const { length } of lists) {
    line(before);
    before += length;
  }
  line(total);
  for (const records of lists) for (const record of records) line(record);
  return body;
}

/** Where in that object two lines tell which of its lines are shard `n`'s. */
export const boundsOf = (n: number) => ({ offset: n * loserBytes, length: 2 * loserBytes });

/** The range of those lines; of no length where the bucket costs the shard nothing. */
export function loserRange(bounds: Buffer, shards: number): { offset: number; length: number } {
  const [from = 0, to = 0] = decodeLosers(bounds);
  return { offset: (shards + 1 + from) * loserBytes, length: (to - from) * loserBytes };
}

export const decodeLosers = (lines: Buffer): number[] =>
  lines
    .toString('latin1')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [Number(line)]));
