import { expect, test } from 'vitest';
import { inStep } from '../../../core/unpack/in-step.ts';
import { collected } from '../../support/text.ts';

const chunks = ['ab', 'c', '', 'def'].map((text) => Buffer.from(text));

/** Counts what was asked of it. */
function source(failAt = Number.POSITIVE_INFINITY) {
  const state = { pulled: 0 };
  async function* bytes() {
    for (const chunk of chunks) {
      if (state.pulled === failAt) throw new Error('the source broke');
      state.pulled++;
      yield chunk;
    }
  }
  return { state, bytes: bytes() };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test('each of the two gets every chunk, whatever their pace', async () => {
  const pair = inStep(source().bytes);
  async function* slowly() {
    for await (const chunk of pair.other) {
      await settled();
      yield chunk;
    }
  }
  const [one, other] = await Promise.all([collected(pair.one), collected(slowly())]);
  expect([String(one), String(other)]).toEqual(['abcdef', 'abcdef']);
});

test('neither gets ahead of the other, so that the source gives one chunk at a time', async () => {
  const { state, bytes } = source();
  const pair = inStep(bytes);
  const ahead = collected(pair.one);
  await settled();
  expect(state.pulled).toBe(0);
  await pair.other.next();
  await settled();
  expect(state.pulled).toBe(1);
  await pair.other.next();
  await settled();
  expect(state.pulled).toBe(2);
  await collected(pair.other);
  expect(String(await ahead)).toBe('abcdef');
});

test('at the end each waits until the other has come as far', async () => {
  const pair = inStep(source().bytes);
  const reached: string[] = [];
  const reading = collected(pair.one);
  await collected(pair.other);
  await reading;
  const met = pair.meet().then(() => reached.push('met'));
  await settled();
  expect(reached).toEqual([]);
  reached.push('the other');
  await Promise.all([pair.meet(), met]);
  expect(reached).toEqual(['the other', 'met']);
});

test("the source's failure is both readers'", async () => {
  const pair = inStep(source(2).bytes);
  const ends = await Promise.allSettled([collected(pair.one), collected(pair.other)]);
  expect(ends.map((end) => end.status === 'rejected' && end.reason.message)).toEqual([
    'the source broke',
    'the source broke',
  ]);
});

test('the failure of one ends the wait of the other, for a chunk or at the end, and the first is told', async () => {
  const waiting = inStep(source().bytes);
  const reading = collected(waiting.one);
  await settled();
  waiting.fail(new Error('first'));
  waiting.fail(new Error('second'));
  await expect(reading).rejects.toThrow('first');
  await expect(waiting.other.next()).rejects.toThrow('first');

  const atEnd = inStep(source().bytes);
  await Promise.all([collected(atEnd.one), collected(atEnd.other)]);
  const met = atEnd.meet();
  atEnd.fail(new Error('third'));
  await expect(met).rejects.toThrow('third');
  await expect(atEnd.meet()).rejects.toThrow('third');
});
