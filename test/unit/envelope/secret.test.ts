import { expect, test } from 'vitest';
import { remembered } from '../../../tasks/envelope/deps.ts';

test('a warm function asks for its key once, however many shards it has', async () => {
  let asked = 0;
  const key = remembered(async () => {
    asked += 1;
    return 'key';
  });
  expect(await Promise.all([key(), key()])).toEqual(['key', 'key']);
  expect(await key()).toBe('key');
  expect(asked).toBe(1);
});

test('a key that could not be had is asked for again', async () => {
  const answers = [Promise.reject(new Error('throttled')), Promise.resolve('key')];
  const key = remembered(() => answers.shift() ?? Promise.reject(new Error('asked too often')));
  await expect(key()).rejects.toThrow('throttled');
  expect(await key()).toBe('key');
});
