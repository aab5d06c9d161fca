import { expect, test } from 'vitest';
import { remembered } from '../../../tasks/envelope/deps.ts';

test('a warm function asks for each of its keys once, however many shards it has', async () => {
  const asked: string[] = [];
  const key = remembered(async (name) => {
    asked.push(name);
    return `key of ${name}`;
  });
  expect(await Promise.all([key('a'), key('a'), key('b')])).toEqual(['key of a', 'key of a', 'key of b']);
  expect(await key('a')).toBe('key of a');
  expect(asked).toEqual(['a', 'b']);
});

test('a key that could not be had is asked for again', async () => {
  const answers = [Promise.reject(new Error('throttled')), Promise.resolve('key')];
  const key = remembered(() => answers.shift() ?? Promise.reject(new Error('asked too often')));
  await expect(key('a')).rejects.toThrow('throttled');
  expect(await key('a')).toBe('key');
});
