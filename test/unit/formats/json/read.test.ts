import { expect, test } from 'vitest';
import { recordFormat } from '../../../../core/formats/format.ts';
import type { RecordChunk } from '../../../../core/formats/interfaces.ts';
import { type Rows, readFile, readTexts } from '../support.ts';
import { json, ndjson } from './support.ts';

test('records come in chunks of at most 2,048, numbered on, and the next waits for the last', async () => {
  const records = Array.from({ length: 5_000 }, (_, n) => `{"n":${n}}`);
  for (const [format, shard] of [
    [ndjson(), records.join('\n')],
    [json(), records.join(',')],
  ] as const) {
    const chunks: Rows[] = [];
    let busy = false;
    await readTexts(format, Buffer.from(shard), ['n'], async (chunk) => {
      expect(busy).toBe(false);
      busy = true;
      await new Promise(setImmediate);
      busy = false;
      chunks.push(chunk);
    });
    expect(chunks.map(({ first, count }) => [first, count])).toEqual([
      [0, 2_048],
      [2_048, 2_048],
      [4_096, 904],
    ]);
    expect(chunks.flatMap(({ rows }) => rows)).toEqual(Array.from({ length: 5_000 }, (_, n) => [`${n}`]));
  }
});

test('numbers leave out the malformed, and a chunk without a good record is not handed on', async () => {
  const chunks: Rows[] = [];
  const shard = Buffer.from('{"n":1}\n{"n":\n{"n":3}\n[]\n');
  const { records, malformed } = await readTexts(ndjson(), shard, ['n'], (rows) => void chunks.push(rows));
  expect(records).toBe(4);
  expect(malformed.map(({ record }) => record)).toEqual([1, 3]);
  expect(chunks).toEqual([
    { first: 0, count: 1, rows: [['1']] },
    { first: 2, count: 1, rows: [['3']] },
  ]);
});

test('what a chunk is refused with ends the reading', async () => {
  const reading = readTexts(json(), Buffer.from('{}'), ['a'], () => Promise.reject(new Error('full')));
  await expect(reading).rejects.toThrow('full');
});

test('no message holds text of the record', async () => {
  const lines = [
    '{"secret":1,"secret":2}',
    '{"a":secret}',
    '{"a":"secret\\ud800"}',
    '"secret"',
    '{"a":"secret',
  ];
  const shard = Buffer.concat([
    Buffer.from(`${lines.join('\n')}\n`),
    Buffer.from('{"secret":"\xff"}', 'latin1'),
  ]);
  const { malformed } = await readTexts(ndjson(), shard, ['a']);
  expect(malformed.map(({ code }) => code)).toEqual([
    ...['DuplicateKey', 'InvalidJson', 'InvalidJson', 'NotARecord', 'InvalidJson', 'InvalidUtf8'],
  ]);
  expect(JSON.stringify(malformed)).not.toContain('secret');
  for (const header of ['["secret","secret"]', '{"secret":1}', '["secret"', '[["secret"]]']) {
    const fields = () => recordFormat(ndjson('first-line')).fields(Buffer.from(header));
    expect(fields).toThrow(/^HeaderInvalid: (?!.*secret)/);
  }
});

test('a refusal of a document holds none of its text', async () => {
  for (const text of [
    '[{"secret":1},secret"]',
    '[{"secret":1}secret]',
    '{"secret":"secret"}x',
    '["secret"x]',
  ]) {
    await expect(readFile(json(), text)).rejects.toThrow(/^DocumentInvalid: (?!.*secret)/);
  }
  await expect(readFile(json('$.a'), '{"secret":"secret"}')).rejects.toThrow(/^PathMissing: (?!.*secret)/);
});

test('a file without the header that it should have is refused', () => {
  const { fields } = recordFormat(ndjson('first-line'));
  expect(() => fields(null)).toThrow(/^HeaderInvalid: header: the file has none/);
  expect(recordFormat(ndjson(['x', 'y'])).fields(null)).toEqual(['x', 'y']);
  expect(recordFormat(ndjson()).fields(null)).toBeNull();
  expect(recordFormat(json()).fields(null)).toBeNull();
});

test.each(['[]', '["a","\\ud800"]', '["a",["b"]]', '"a"', 'null', '["a","b"] 1', `${'['.repeat(100_000)}`])(
  'F50 a first line is refused that is not an array of names: %.20s',
  (line) => {
    const fields = () => recordFormat(ndjson('first-line')).fields(Buffer.from(line));
    expect(fields).toThrow(/^HeaderInvalid: header: the first line is not /);
  },
);

test('only the wanted elements of arrays are given, in the order asked for, and all are counted', async () => {
  const reader = recordFormat(ndjson(['x', 'y', 'z']));
  const shard = Buffer.from('[1,2,3]\n[4,5]\n[6,"7",null]');
  const marks = reader.marks(shard);
  const chunks: RecordChunk[] = [];
  const wanted = { fields: ['x', 'y', 'z'], names: ['z', 'y'], marks };
  const { malformed } = await reader.read(shard, wanted, (chunk) => void chunks.push(chunk));
  expect(chunks.map(({ columns }) => columns)).toEqual([
    ['3', '2'],
    [marks.none, '7'],
  ]);
  expect(malformed).toMatchObject([{ record: 1, code: 'RaggedRow' }]);
});

test('records are counted where nothing of them is wanted', async () => {
  expect(await readTexts(ndjson(), Buffer.from('{"a":1}\n{}\n{'), [])).toMatchObject({
    records: 3,
    malformed: [{ record: 2 }],
  });
});

test('marks are characters that the shard holds neither as they are nor escaped, in any case of letters', () => {
  const marks = (text: string) => {
    const { separator, none } = recordFormat(ndjson()).marks(Buffer.from(text));
    return [separator, none];
  };
  expect(marks('{"a":1}')).toEqual(['\x1f', '\x1e']);
  expect(marks('{"a":"\\u001f"}')).toEqual(['\x1e', '\x1d']);
  expect(marks('{"a":"\\u001F\\u001E","b":"\x1d"}')).toEqual(['\x1c', '\x1b']);
  const controls = Array.from({ length: 18 }, (_, i) => `\\u00${(i + 14).toString(16).padStart(2, '0')}`);
  expect(marks(`{"a":"${controls.join('')}\\uE000\ue001"}`)).toEqual(['\ue002', '\ue003']);
  expect(marks('{"a":"\\u00')).toEqual(['\x1f', '\x1e']);
});

test('places of records are found by their numbers, blanks around elements aside', () => {
  const lines = recordFormat(ndjson()).locate(Buffer.from('\n{}\r\n \n [1}\n{"a":1}'), [0, 1, 2]);
  expect(lines).toEqual([
    { offset: 1, length: 2 },
    { offset: 7, length: 4 },
    { offset: 12, length: 7 },
  ]);
  const elements = recordFormat(json()).locate(Buffer.from('{"a":"],"} ,\n nope , [1,\n2]'), [1, 2]);
  expect(elements).toEqual([
    { offset: 14, length: 4 },
    { offset: 21, length: 6 },
  ]);
});

test('no place goes beyond the shard, whatever is in it', () => {
  for (const text of ['{"a":"x\\', '{"a":"x', '[[', '}']) {
    const [place] = recordFormat(json()).locate(Buffer.from(text), [0]);
    expect(place).toEqual({ offset: 0, length: text.length });
  }
});

test('a record that is not there cannot be located', () => {
  for (const format of [ndjson(), json()]) {
    expect(() => recordFormat(format).locate(Buffer.from('{}'), [1])).toThrow(
      /^CountMismatch: .* no record 1 /,
    );
  }
});

test('F53 F59 values longer than what is kept for a column at first stay whole', async () => {
  const long = 'é'.repeat(40_000);
  const text = `{"__proto__":"${long}","n":${'1'.repeat(40_000)},"e":"${'\\u00e9'.repeat(40_000)}"}`;
  const { rows } = await readFile(ndjson(), text, 1_000, ['__proto__', 'n', 'e']);
  expect(rows).toEqual([[long, '1'.repeat(40_000), long]]);
});
