import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { gate, mapAtOnce } from '../../core/at-once.ts';

test('no more than so many are under way at once, and all are done, in the order of the items', async () => {
  let underWay = 0;
  let most = 0;
  const items = Array.from({ length: 50 }, (_, i) => i);
  const results = await mapAtOnce(items, 7, async (i) => {
    most = Math.max(most, ++underWay);
    await sleep((i * 7) % 5);
    underWay -= 1;
    return i * i;
  });
  expect(results).toEqual(items.map((i) => i * i));
  expect(most).toBe(7);
});

test('the first failure fails the whole, with its own error', async () => {
  const failing = mapAtOnce([1, 2, 3], 2, async (i) => {
    if (i === 2) throw new Error(`item ${i}`);
    return i;
  });
  await expect(failing).rejects.toThrow('item 2');
});

test('a failure gives its place to who waits', async () => {
  const through = gate(1);
  const failed = through(() => Promise.reject(new Error('first')));
  const next = through(async () => 'second');
  await expect(failed).rejects.toThrow('first');
  expect(await next).toBe('second');
});
