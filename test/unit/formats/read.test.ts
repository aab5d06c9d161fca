import { expect, test } from 'vitest';
import { recordFormat } from '../../../core/formats/format.ts';
import type { RecordChunk } from '../../../core/formats/interfaces.ts';
import { marksFor } from '../../../core/formats/marks.ts';
import { dialect, plain, type Rows, readTexts } from './support.ts';

test('records come in chunks of at most 2,048, numbered on, and the next waits for the last', async () => {
  const shard = Buffer.from(Array.from({ length: 5_000 }, (_, n) => `${n},x\n`).join(''));
  const chunks: Rows[] = [];
  let busy = false;
  const { records } = await readTexts(plain, shard, ['a', 'b'], async (chunk) => {
    expect(busy).toBe(false);
    busy = true;
    await new Promise(setImmediate);
    busy = false;
    chunks.push(chunk);
  });
  expect(records).toBe(5_000);
  expect(chunks.map(({ first, count }) => [first, count])).toEqual([
    [0, 2_048],
    [2_048, 2_048],
    [4_096, 904],
  ]);
  expect(chunks.flatMap(({ rows }) => rows)).toEqual(Array.from({ length: 5_000 }, (_, n) => [`${n}`, 'x']));
});

test('numbers leave out the malformed, and a chunk without a good record is not handed on', async () => {
  const chunks: Rows[] = [];
  const read = (text: string) =>
    readTexts(plain, Buffer.from(text), ['a', 'b'], (rows) => void chunks.push(rows));
  const mixed = await read('1,x\n2\n3,z\n');
  expect(chunks).toEqual([
    { first: 0, count: 1, rows: [['1', 'x']] },
    { first: 2, count: 1, rows: [['3', 'z']] },
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
  const reading = readTexts(plain, Buffer.from('1,x\n'), ['a', 'b'], () => Promise.reject(new Error('full')));
  await expect(reading).rejects.toThrow('full');
});

test('an empty shard has no records', async () => {
  expect(await readTexts(plain, Buffer.alloc(0), ['a'])).toEqual({
    records: 0,
    malformed: [],
  });
});

test('F51 an open quote at the end rejects its record and keeps those before it, however near the end they are', async () => {
  for (const before of ['', '1\n', '1\n2\n', `${'9\n'.repeat(40_000)}`]) {
    const numbers: number[] = [];
    const file = Buffer.from(`${before}"x\n`);
    const { records, malformed } = await readTexts(plain, file, ['a'], ({ first, rows }) => {
      numbers.push(...rows.map((_, i) => first + i));
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
  const { malformed } = await readTexts(plain, file, ['a', 'b']);
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

test('only the wanted fields are given, in the order asked for, and all are counted', async () => {
  const shard = Buffer.from('a,"b ""1""",c\nd,e\nf,,"h"\n');
  const marks = marksFor(shard);
  const chunks: RecordChunk[] = [];
  const wanted = { fields: ['x', 'y', 'z'], names: ['z', 'y'], marks };
  const { malformed } = await recordFormat(plain).read(shard, wanted, (chunk) => void chunks.push(chunk));
  expect(chunks.map(({ columns }) => columns)).toEqual([
    ['c', 'b "1"'],
    ['h', marks.none],
  ]);
  expect(malformed).toMatchObject([{ record: 1, code: 'RaggedRow' }]);
});

test('texts longer than what is kept for a column at first stay whole', async () => {
  const long = 'é'.repeat(40_000);
  const rows: unknown[] = [];
  await readTexts(
    plain,
    Buffer.from(`${long},"${long}"\n1,2\n`),
    ['a', 'b'],
    (one) => void rows.push(...one.rows),
  );
  expect(rows).toEqual([
    [long, long],
    ['1', '2'],
  ]);
});
