import { expect, test } from 'vitest';
import type { ObjectStore } from '../../../aws/interfaces.ts';
import { countRepeats, lineBytes } from '../../../core/keys.ts';
import type { RunRef } from '../../../core/run.ts';
import { keysKey } from '../../../core/storage.ts';
import { linesOf } from '../../../tasks/key-lists.ts';

const run = { job: 'orders', runId: 'r1' } as RunRef;

/** A store of the shards' id lists, which notes the ranges that it was asked for. */
function storeOf(lists: readonly Buffer[]) {
  const asked: Array<{ key: string; offset: number; length: number }> = [];
  const byKey = new Map(lists.map((list, n) => [keysKey(run.job, run.runId, n), list]));
  const getRange: ObjectStore['getRange'] = async ({ key }, { offset, length }) => {
    asked.push({ key, offset, length });
    return byKey.get(key)?.subarray(offset, offset + length) ?? Buffer.alloc(0);
  };
  return { asked, getRange };
}

/** A line: an id of 36 digits, a record number of ten. */
const id = (value: number): Buffer => Buffer.from(`${String(value).padStart(36, '0')} ${'0'.repeat(10)}\n`);
/** `count` ids from `from` on, each `step` behind the one before. */
const ids = (from: number, count: number, step = 1): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => id(from + i * step)));

test('lists longer than a block are read to their end, each byte once, and give all ids in order', async () => {
  const list = ids(0, 300_000);
  const { asked, getRange } = storeOf([list]);
  const [next] = linesOf({ getRange }, 'ops')(run, [{ n: 0, first: 0, count: 300_000 }]);
  const blocks: Buffer[] = [];
  for (let block = await next?.(); block !== undefined && block.length > 0; block = await next?.())
    blocks.push(block);
  expect(Buffer.concat(blocks).equals(list)).toBe(true);
  expect(asked.length).toBeGreaterThan(1);
  let end = 0;
  for (const { offset, length } of asked) {
    expect(offset).toBe(end);
    end += length;
  }
  expect(end).toBe(list.length);
});

test('a repeat is counted across shards, behind the first block, too', async () => {
  const lists = [ids(0, 20_000, 2), ids(1, 20_000, 2), ids(39_990, 3)];
  const { getRange } = storeOf(lists);
  const shards = lists.map((list, n) => ({ n, first: 0, count: list.length / lineBytes }));
  // 39,990 and 39,992 are even and below 40,000: the first shard has them; 39,991 is in the second.
  expect(await countRepeats(linesOf({ getRange }, 'ops')(run, shards))).toBe(3);
});

test('a shard without a written record is not asked for', async () => {
  const { asked, getRange } = storeOf([]);
  expect(await countRepeats(linesOf({ getRange }, 'ops')(run, [{ n: 0, first: 0, count: 0 }]))).toBe(0);
  expect(asked).toEqual([]);
});

test('a list that is shorter than its batch has rows fails the run', async () => {
  const { getRange } = storeOf([ids(0, 9)]);
  const counting = countRepeats(linesOf({ getRange }, 'ops')(run, [{ n: 0, first: 0, count: 10 }]));
  await expect(counting).rejects.toThrow(/^ShardIncomplete: .*keys\/0\.\w+ gave \d+ of the \d+ bytes from 0/);
});

test('blocks of ten thousand shards stay within the memory of the function', async () => {
  const count = 10_000;
  const asked: number[] = [];
  const getRange: ObjectStore['getRange'] = async (_ref, { length }) => {
    asked.push(length);
    return Buffer.alloc(length);
  };
  const shards = Array.from({ length: count }, (_, n) => ({ n, first: 0, count: 1_000_000 }));
  const first = linesOf({ getRange }, 'ops')(run, shards);
  await Promise.all(first.map((next) => next()));
  // Each has a block in hand and one on its way.
  expect(asked.length).toBeGreaterThanOrEqual(count);
  expect(2 * count * Math.max(...asked)).toBeLessThanOrEqual(512 * 1_024 ** 2);
});
