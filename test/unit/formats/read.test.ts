import { expect, test } from 'vitest';
import { recordFormat } from '../../../core/formats/format.ts';
import type { RecordChunk } from '../../../core/formats/interfaces.ts';
import { dialect, plain } from './support.ts';

test('records come in chunks of at most 2,048, numbered on, and the next waits for the last', async () => {
  const shard = Buffer.from(Array.from({ length: 5_000 }, (_, n) => `${n},x\n`).join(''));
  const chunks: RecordChunk[] = [];
  let busy = false;
  const { records } = await recordFormat(plain).read(shard, ['a', 'b'], async (chunk) => {
    expect(busy).toBe(false);
    busy = true;
    await new Promise(setImmediate);
    busy = false;
    chunks.push(chunk);
  });
  expect(records).toBe(5_000);
  expect(Math.max(...chunks.map((chunk) => chunk.records.length))).toBeLessThanOrEqual(2_048);
  expect(chunks.flatMap((chunk) => chunk.records)).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
  expect(chunks.flatMap((chunk) => chunk.columns[0])).toEqual(
    Array.from({ length: 5_000 }, (_, n) => `${n}`),
  );
});

test('numbers leave out the malformed, and a chunk without a good record is not handed on', async () => {
  const chunks: RecordChunk[] = [];
  const keep = (chunk: RecordChunk) => void chunks.push(chunk);
  const read = (text: string) => recordFormat(plain).read(Buffer.from(text), ['a', 'b'], keep);
  const mixed = await read('1,x\n2\n3,z\n');
  expect(chunks).toEqual([
    {
      records: [0, 2],
      columns: [
        ['1', '3'],
        ['x', 'z'],
      ],
    },
  ]);
  expect(mixed).toEqual({
    records: 3,
    malformed: [{ record: 1, code: 'RaggedRow', message: '2 fields expected, 1 found' }],
  });
  chunks.length = 0;
  expect((await read('1\n2\n')).malformed).toHaveLength(2);
  expect(chunks).toEqual([]);
});

test('what a chunk is refused with ends the reading', async () => {
  const reading = recordFormat(plain).read(Buffer.from('1,x\n'), ['a', 'b'], () =>
    Promise.reject(new Error('full')),
  );
  await expect(reading).rejects.toThrow('full');
});

test('an empty shard has no records', async () => {
  expect(await recordFormat(plain).read(Buffer.alloc(0), ['a'], () => undefined)).toEqual({
    records: 0,
    malformed: [],
  });
});

test('F51 an open quote at the end rejects its record and keeps those before it, however near the end they are', async () => {
  for (const before of ['', '1\n', '1\n2\n', `${'9\n'.repeat(40_000)}`]) {
    const numbers: number[] = [];
    const file = Buffer.from(`${before}"x\n`);
    const { records, malformed } = await recordFormat(plain).read(file, ['a'], (chunk) => {
      numbers.push(...chunk.records);
    });
    const good = before.length / 2;
    expect(numbers).toHaveLength(good);
    expect(records).toBe(good + 1);
    expect(malformed).toMatchObject([{ record: good, code: 'UnclosedQuote' }]);
  }
});

test('no message holds text of the record', async () => {
  const file = Buffer.concat([
    Buffer.from('secret\n"secret"secret,b\n'),
    Buffer.from('secret,\xff\n', 'latin1'),
    Buffer.from('1,"secret'),
  ]);
  const { malformed } = await recordFormat(plain).read(file, ['a', 'b'], () => undefined);
  expect(malformed.map(({ code }) => code)).toEqual([
    'RaggedRow',
    'InvalidQuote',
    'InvalidUtf8',
    'UnclosedQuote',
  ]);
  expect(JSON.stringify(malformed)).not.toContain('secret');
});

test('F50 a file without the header that it should have is refused', () => {
  expect(() => recordFormat(plain).fields(null)).toThrow(/^HeaderInvalid: header: the file has none/);
  expect(recordFormat(dialect({ header: ['x', 'y'] })).fields(null)).toEqual(['x', 'y']);
});
