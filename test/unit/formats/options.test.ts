import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renamed } from '../../../core/formats/csv/names.ts';
import { overlapsOf } from '../../../core/formats/csv/overlap.ts';
import type { CsvFormat } from '../../../core/job/model.ts';
import { wordsOf } from './agreed.ts';
import { dialect, readFile, readTexts, scan } from './support.ts';

test('a delimiter of any length may lie across chunks, before a quoted field, too', () => {
  for (const delimiter of ['§', '😀', '||', '|~|', '<>', 'a long one, ']) {
    const file = `1${delimiter}"two\nlines"${delimiter}"x"\n2${delimiter}"y\nz"\n`;
    const format = dialect({ delimiter, header: ['a', 'b', 'c'] });
    for (let size = 1; size <= 24; size++) {
      expect(scan(format, file, { chunks: [size] }).records, `${delimiter} in chunks of ${size}`).toBe(2);
    }
  }
});

test.each([
  ['|', [0]],
  ['||', [0, 1]],
  ['<>', [0, 0]],
  ['|~|', [0, 0, 1]],
  ['aabaaa', [0, 1, 0, 1, 2, 2]],
  ['😀', [0, 0, 0, 0]],
])('the overlaps of %j are %j', (delimiter, overlaps) => {
  expect(overlapsOf(Buffer.from(delimiter))).toEqual(overlaps);
});

/** The text without its first lines, taken away one by one as an editor shows them. */
const withoutLines = (text: string, lines: number): string =>
  lines === 0 ? text : withoutLines(/^[^\r\n]*(?:\r\n|\r|\n|$)/[Symbol.replace](text, ''), lines - 1);

/** csv-parse has no such option: its `from_line` counts the lines of what it read as CSV, quotes and all. */
test('skipped rows are lines, whatever stands in them: the rest is read as a file of its own', async () => {
  for (const text of [...wordsOf('\r\n",', 6), ...wordsOf('\r\n#a', 5)]) {
    for (const skipRows of [1, 2, 3]) {
      const format = dialect({ header: ['a'], comment: '#' });
      const rest = withoutLines(text, skipRows);
      const { records, ranges } = scan(format, rest);
      const skipped = scan({ ...format, skipRows }, text);
      const before = text.length - rest.length;
      // the LF of a CRLF that ends the last of them may be left to the records, where it is an empty line
      const moved = ranges.map((range) => ({ ...range, offset: range.offset + before }));
      expect([text, skipped]).toEqual([text, { records, header: null, ranges: moved }]);
    }
  }
});

test('skipped rows of gigabytes are not kept, and limit no record', () => {
  const file = `${'x'.repeat(1_000)}\n${'y'.repeat(1_000)}\nid\n1\n`;
  const found = scan(dialect({ skipRows: 2 }), file, { maxRecordBytes: 10, chunks: [7] });
  expect(found).toMatchObject({ records: 1, header: { offset: 2_002, length: 2 } });
});

test('without a header the first record whose quotes are right tells the fields, and is data', async () => {
  const format = dialect({ header: false });
  expect(scan(format, '"1"x,2\n3,4\n5,6\n')).toEqual({
    records: 3,
    header: { offset: 7, length: 3 },
    ranges: [{ offset: 0, length: 15, records: 3 }],
  });
  // each shard by itself knows as many fields
  const { fields, rows, malformed } = await readFile(format, '3,4\n5\n6,7\n8,9,0\n', 1);
  expect(fields).toEqual(['f1', 'f2']);
  expect(rows).toEqual([
    ['3', '4'],
    ['6', '7'],
  ]);
  expect(malformed).toMatchObject([{ record: 1 }, { record: 3 }]);
});

test('where nothing is quoted no byte is a quote, the last of all neither', async () => {
  const bytes = Buffer.from('1,\xff\n2,\xff,\n3,4\n', 'latin1');
  const format = dialect({ quote: null, escape: null, header: ['a', 'b'] });
  const { scan: found, rows, malformed } = await readFile(format, bytes);
  expect([found.records, rows]).toEqual([3, [['3', '4']]]);
  expect(malformed.map(({ code }) => code)).toEqual(['InvalidUtf8', 'InvalidUtf8']);
});

test('without a header the bytes of the first record need not be UTF-8 to be counted', async () => {
  const bytes = Buffer.concat([Buffer.from('a,'), Buffer.from([0xff]), Buffer.from('\nb,c\n')]);
  const { fields, rows, malformed } = await readFile(dialect({ header: false }), bytes);
  expect([fields, rows]).toEqual([['f1', 'f2'], [['b', 'c']]]);
  expect(malformed).toMatchObject([{ record: 0, code: 'InvalidUtf8' }]);
});

test('padded fields are null, of the wanted columns only, and nothing of a rejected record stays', async () => {
  const format: CsvFormat = dialect({ ragged: 'pad', nulls: [] });
  const rows: unknown[] = [];
  const shard = Buffer.from('1\n2,3,4,5\n6,7\n"8"9\n');
  const { malformed } = await readTexts(format, shard, ['a', 'b', 'c'], (one) => void rows.push(...one.rows));
  expect(rows).toEqual([
    ['1', null, null],
    ['6', '7', null],
  ]);
  expect(malformed.map(({ record, code }) => [record, code])).toEqual([
    [1, 'RaggedRow'],
    [3, 'InvalidQuote'],
  ]);
});

test.each([
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  [
    ['a', 'a', 'a'],
    ['a', 'a_2', 'a_3'],
  ],
  [
    ['a', 'a', 'a_2'],
    ['a', 'a_3', 'a_2'],
  ],
  [
    ['a', '', 'f2', ' '],
    ['a', 'f2_2', 'f2', 'f4'],
  ],
  [
    ['', '', ''],
    ['f1', 'f2', 'f3'],
  ],
  [
    ['f2', '', 'f2'],
    ['f2', 'f2_2', 'f2_3'],
  ],
  [
    ['constructor', 'constructor', '__proto__', '__proto__'],
    ['constructor', 'constructor_2', '__proto__', '__proto___2'],
  ],
])('the names of %j are %j', (written, names) => {
  expect(renamed(written)).toEqual(names);
});

test('F50 renamed names never clash, and a name that is written keeps its first place', () => {
  const names = fc.array(fc.constantFrom('a', 'a_2', 'a_2_2', 'a_3', '', ' ', 'f1', 'f2', 'f2_2', 'f3'), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(names, (written) => {
      const given = renamed(written);
      expect(given).toHaveLength(written.length);
      expect(new Set(given).size).toBe(written.length);
      for (const name of written.filter((one) => one.trim() !== '')) {
        expect(given.indexOf(name)).toBe(written.indexOf(name));
      }
      // of what is renamed twice nothing changes
      expect(renamed(given)).toEqual(given);
    }),
    { numRuns: 2_000 },
  );
});
