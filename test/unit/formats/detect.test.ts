import fc from 'fast-check';
import { expect, test } from 'vitest';
import { detectDelimiter, sampleBytes } from '../../../core/formats/csv/detect.ts';
import { recordFormat } from '../../../core/formats/format.ts';
import type { CsvFormat } from '../../../core/job/model.ts';
import { dialect, readFile, scan } from './support.ts';

const detect = (changes: Partial<CsvFormat> = {}): CsvFormat => dialect({ delimiter: 'detect', ...changes });
const found = (text: string, changes: Partial<CsvFormat> = {}) => scan(detect(changes), text).delimiter;

test.each([
  ['a,b\n1,2\n', ','],
  ['a;b\n1;2\n', ';'],
  ['a\tb\n1\t2\n', '\t'],
  ['a|b\n1|2\n', '|'],
  // the header is a record like any other: it breaks the tie of decimal commas
  ['id;sum\n1;2,5\n2;3,5\n', ';'],
  // what stands in quotes divides nothing
  ['"a;b;c";"d"\n"1;2";"3"\n', ';'],
  ['"x, y"|1\n"z, w"|2\n', '|'],
  // the same number of fields in most records, not the most fields
  ['a;b,c,d\n1;2,3\n4;5,6,7,8\n', ';'],
])('of %j the delimiter is %j', (text, delimiter) => {
  expect(found(text)).toBe(delimiter);
});

test('a file whose delimiter the job names has none in its scan', () => {
  expect(scan(dialect({}), 'a;b\n1;2\n')).not.toHaveProperty('delimiter');
});

test('F47 a file without records needs no delimiter', () => {
  for (const text of ['', '\ufeff', '\n\r\n', '#a,b;c\n']) {
    const none = { records: 0, header: null, ranges: [] };
    expect(scan(detect({ comment: '#' }), text)).toEqual(none);
  }
  expect(scan(detect({ skipRows: 2 }), 'a,b\nc;d')).toEqual({ records: 0, header: null, ranges: [] });
});

test('F47 a header alone tells the delimiter', () => {
  expect(scan(detect(), 'a;b\n')).toEqual({
    ...{ records: 0, header: { offset: 0, length: 3 }, ranges: [], delimiter: ';' },
  });
});

test.each([
  ['two are level', '1;2,5\n2;3,5\n', 'comma and semicolon both divide 2 records'],
  ['none divides a record', 'a\nb\n', 'no comma, semicolon, tab or bar divides a record'],
  ['half of the records is not more than half', 'a\nb\nc,d\ne,f\n', 'comma fits best, .* 2 of 4 records'],
  ['records that are malformed do not count', '"a"x,b\n"c"y,d\n', 'no comma, .* divides a record'],
])('a file is refused where %s', (_, text, why) => {
  expect(() => found(text)).toThrow(
    new RegExp(
      `^DelimiterUnclear: .*${why}.*; name it in the job's format, as in csv\\({ delimiter: ';' }\\)`,
    ),
  );
});

test('no refusal holds text of the file', () => {
  for (const text of ['secret;1,2\nsecret;3,4\n', 'secret\n', 'secret\nsecret\nse,cret\n']) {
    expect(() => found(text)).toThrow(/^DelimiterUnclear: (?!.*secret)/);
  }
});

test('a character that is quote, escape or comment is no candidate', () => {
  expect(found('|a|,b\n|c|,d\n', { quote: '|', escape: '|' })).toBe(',');
  expect(found('a;b|c\nd;e|f\n', { comment: ';' })).toBe('|');
});

test('the first 64 KiB tell it, and the record that is cut there does not count', () => {
  const semicolons = `${'aaaa;bbb\n'.repeat(sampleBytes / 9 + 1)}`.slice(0, sampleBytes);
  const file = `${semicolons}${'1,2\n'.repeat(100_000)}`;
  for (const chunks of [[1_000_000], [65_536], [1_000]])
    expect(scan(detect(), file, { chunks }).delimiter).toBe(';');
  // behind one record a second begins, whose end is not among them
  expect(found(`a;b\n${'x,'.repeat(sampleBytes)}\n`)).toBe(';');
  expect(() => found(`${'x'.repeat(sampleBytes)},y\n1,2\n`)).toThrow(
    /^DelimiterUnclear: .*the first record has more than 65536 bytes/,
  );
});

test('a cut record counts only where the file itself ends there', () => {
  const count = (whole: boolean) => detectDelimiter(detect(), Buffer.from('a;b\n1;2'), whole);
  expect([count(true), count(false)]).toEqual([';', ';']);
  expect(detectDelimiter(detect(), Buffer.from('a;b'), true)).toBe(';');
  expect(() => detectDelimiter(detect(), Buffer.from('a;b'), false)).toThrow(/^DelimiterUnclear/);
});

/** What a scan finds, or why it refuses the file. */
function outcome(format: CsvFormat, input: string, options: { chunks?: number[]; shardBytes?: number }) {
  try {
    return scan(format, input, options);
  } catch (error) {
    return (error as Error).message;
  }
}

const words = fc.array(fc.constantFrom(',', ';', '\t', '|', '"', '\n', '\r\n', 'a', 'é', '1,5', ' '), {
  maxLength: 60,
});
const grammars = fc.record({
  trim: fc.boolean(),
  skipRows: fc.constantFrom(0, 1, 2),
  comment: fc.constantFrom(null, '#', ';'),
  header: fc.constantFrom<Array<boolean | string[]>>(true, false, ['a', 'b']),
});

test('the delimiter is found once for a file: chunks and shards of any size change nothing', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      words,
      grammars,
      sizes,
      fc.integer({ min: 1, max: 40 }),
      async (parts, grammar, chunks, shardBytes) => {
        const text = parts.join('');
        const format = detect(grammar);
        const whole = outcome(format, text, {});
        expect(outcome(format, text, { chunks })).toEqual(whole);
        if (typeof whole === 'string' || whole.header === null) return;
        const declared = dialect({ ...grammar, delimiter: whole.delimiter ?? ',' });
        expect({ ...scan(declared, text), delimiter: whole.delimiter }).toEqual(whole);
        const names = grammar.header === true ? ['x', 'y'] : undefined;
        const { rows, malformed, records } = await readFile(declared, text, undefined, names);
        expect(await readFile(format, text, shardBytes, names)).toMatchObject({ rows, malformed, records });
      },
    ),
    { numRuns: 3_000 },
  );
});

test('a reading that is not told the delimiter that was found fails, rather than to take another', async () => {
  const format = recordFormat(detect());
  expect(() => format.fields(Buffer.from('a;b'))).toThrow(RangeError);
  const wanted = { fields: ['a'], names: ['a'], marks: { separator: '\x1f', none: '\x1e' } };
  await expect(format.read(Buffer.from('1;2'), wanted, () => undefined)).rejects.toThrow(RangeError);
  expect(() => format.locate(Buffer.from('1;2'), [0])).toThrow(RangeError);
});
