import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CsvFormat } from '../../../core/job/model.ts';
import { expectAgreed, wordsOf } from './agreed.ts';
import { dialect, readFile, scan } from './support.ts';

const formats = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|', '§', '😀', '||', '::', '<>', 'aab', '|~|', '; '),
  quote: fc.constantFrom('"', "'", null),
  escape: fc.constantFrom('same', '\\'),
  comment: fc.constantFrom(null, '#'),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  quoteAll: fc.boolean(),
  bom: fc.boolean(),
  lastLineEnd: fc.boolean(),
  trim: fc.boolean(),
  /** Around each field, where that means nothing. */
  blanks: fc.constantFrom('', ' ', '\t '),
  skipped: fc.array(fc.constantFrom('', '"', 'a,"b', '#', '||'), { maxLength: 3 }),
});

type Written = typeof formats extends fc.Arbitrary<infer T> ? T : never;

const formatOf = (written: Written, header: string[]): CsvFormat =>
  dialect({
    delimiter: written.delimiter,
    quote: written.quote,
    escape: written.quote === null || written.escape === 'same' ? written.quote : written.escape,
    comment: written.comment,
    trim: written.trim,
    skipRows: written.skipped.length,
    header,
    nulls: [],
  });

const blanksOf = ({ delimiter, trim }: CsvFormat): string[] =>
  trim ? [' ', '\t'].filter((blank) => !delimiter.includes(blank)) : [];

/** The table with only such texts as can be written without quotes. */
const plainTable = (table: string[][], format: CsvFormat): string[][] =>
  table.map((row) =>
    row.map((text, f) => {
      const special = ['\n', '\r', '\ufeff', format.comment, ...format.delimiter, ...blanksOf(format)];
      const left = [...text].filter((character) => !special.includes(character)).join('');
      return f === 0 && left === '' ? 'x' : left;
    }),
  );

/** Writes a table the way RFC 4180 says, with the dialect's own characters. */
function write(table: string[][], format: CsvFormat, written: Written): string {
  const { delimiter, quote, escape: escaping, comment } = format;
  const blanks = blanksOf(format);
  const around = [...written.blanks].filter((blank) => blanks.includes(blank)).join('');
  const field = (text: string, first: boolean, alone: boolean) => {
    if (quote === null || escaping === null) return text;
    const mustQuote =
      // also a part of the delimiter: with the one that follows it might make another
      [...delimiter, quote, '\n', '\r'].some((special) => text.includes(special)) ||
      blanks.some((blank) => text.startsWith(blank) || text.endsWith(blank)) ||
      (alone && text === '') ||
      (first && comment !== null && text.startsWith(comment)) ||
      (first && text.startsWith('\ufeff'));
    if (!mustQuote && !written.quoteAll) return text;
    const escaped = text.replaceAll(escaping, escaping + escaping);
    return quote + (escaping === quote ? escaped : escaped.replaceAll(quote, escaping + quote)) + quote;
  };
  const lines = table.map((row) =>
    row.map((text, f) => around + field(text, f === 0, row.length === 1) + around).join(delimiter),
  );
  const skipped = written.skipped.map((line) => line + written.lineEnd).join('');
  const body = lines.join(written.lineEnd) + (written.lastLineEnd ? written.lineEnd : '');
  return (written.bom ? '\ufeff' : '') + skipped + body;
}

const texts = fc.oneof(
  fc.stringMatching(/^[a-z0-9 .]{0,12}$/),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '"',
      "'",
      ',',
      ';',
      '\t',
      '|',
      '§',
      '\n',
      '\r',
      '\\',
      '#',
      'é',
      '😀',
      '\ufffd',
    ),
  }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);
const tables = fc
  .integer({ min: 1, max: 5 })
  .chain((width) => fc.array(fc.array(texts, { minLength: width, maxLength: width }), { maxLength: 30 }));

test('a table written as CSV in any dialect comes back as that table, at any shard size', async () => {
  await fc.assert(
    fc.asyncProperty(
      tables,
      formats,
      fc.integer({ min: 1, max: 400 }),
      async (random, written, shardBytes) => {
        const header = (random[0] ?? ['x']).map((_, f) => `f${f}`);
        const format = formatOf(written, header);
        const table = format.quote === null ? plainTable(random, format) : random;
        const file = await readFile(format, write(table, format, written), shardBytes);
        expect(file.malformed).toEqual([]);
        expect(file.rows).toEqual(table);
        expect(file.scan.records).toBe(table.length);
      },
    ),
    { numRuns: 1_000 },
  );
});

/** What means something to the grammar, alone and in the orders that matter. */
const pieces = [
  ',',
  '"',
  '""',
  '\\',
  '\r',
  '\n',
  '#',
  'a',
  '\0',
  '§',
  ',"',
  '""#',
  '"a',
  '"\n',
  '\\"',
  '|',
  '||',
  ' ',
  '" ',
]
  .map((text) => Buffer.from(text))
  .concat([Buffer.from([0xc2]), Buffer.from([0xa7]), Buffer.from([0xff])]);
/** A few of them at a time, so that they meet often. */
const bytes = fc
  .subarray(pieces, { minLength: 2, maxLength: 6 })
  .chain((some) => fc.array(fc.constantFrom(...some), { maxLength: 40 }))
  .map((parts) => Buffer.concat(parts));
const quoting = fc.constantFrom<Array<Pick<CsvFormat, 'quote' | 'escape'>>>(
  { quote: '"', escape: '"' },
  { quote: '"', escape: '\\' },
  { quote: null, escape: null },
);
const options = fc.record({
  delimiter: fc.constantFrom<string[]>(',', '§', '||', '|a|', ',a'),
  comment: fc.constantFrom(null, '#'),
  trim: fc.boolean(),
  ragged: fc.constantFrom<Array<CsvFormat['ragged']>>('reject', 'pad'),
  skipRows: fc.constantFrom(0, 0, 1, 3),
  header: fc.constant<string[]>(['a', 'b']),
  nulls: fc.constantFrom<string[][]>([], ['']),
});
const grammars = fc.tuple(options, quoting).map(([some, more]): Partial<CsvFormat> => ({ ...some, ...more }));
/** Alphabets of all that means something where these options are set, and one letter that does not. */
const exhaustive: Array<[string, Partial<CsvFormat>]> = [
  [',"#\na', { comment: '#' }],
  [',"\\\na', { escape: '\\' }],
  ['|"\na', { delimiter: '||' }],
  ['ab"\n', { delimiter: 'aab' }],
  ['<>"\na', { delimiter: '<>' }],
  ['|~"#\n', { delimiter: '|~|', comment: '#' }],
  [',"#\r\na', { quote: null, escape: null, comment: '#' }],
  ['|"\\\na', { quote: null, escape: null, delimiter: '||' }],
  [', "\na', { trim: true }],
  [', "#\n', { trim: true, comment: '#' }],
  [', "\\\n', { trim: true, escape: '\\' }],
  ['| "\na', { trim: true, delimiter: '||' }],
  [', "\na', { trim: true, quote: null, escape: null }],
];

test.each(exhaustive)(
  'both readings agree with csv-parse for every text of up to six of %j with %j',
  (alphabet, changes) => {
    const format = dialect({ header: ['a'], ...changes });
    for (let length = 0; length <= 6; length++) {
      for (const text of wordsOf(alphabet, length)) expectAgreed(format, text);
    }
  },
);

const runs = Number(process.env.PROPERTY_RUNS ?? 3_000);

test('both readings find the same records, whatever the bytes and wherever the file is cut', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, grammars, fc.integer({ min: 1, max: 60 }), async (input, grammar, shardBytes) => {
      const format = dialect(grammar);
      if (isUtf8(input)) expectAgreed(format, input);
      const whole = await readFile(format, input);
      const cut = await readFile(format, input, shardBytes);
      expect(whole.records).toBe(whole.scan.records);
      expect(cut.records).toBe(whole.records);
      expect(cut.rows).toEqual(whole.rows);
      expect(cut.malformed).toEqual(whole.malformed);
      expect(whole.rows.length + whole.malformed.length).toBe(whole.records);
    }),
    { numRuns: runs },
  );
});

test('chunks of any size give the same scan', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(bytes, grammars, sizes, fc.boolean(), (input, grammar, chunks, bom) => {
      const format = dialect({ ...grammar, header: true });
      const file = bom ? Buffer.concat([Buffer.from('\ufeff'), input]) : input;
      const expected = scan(format, file, { shardBytes: 10 });
      expect(scan(format, file, { shardBytes: 10, chunks })).toEqual(expected);
    }),
    { numRuns: runs },
  );
});

test('ranges follow one another to the end of the file, and each but the last is as long as a shard', () => {
  fc.assert(
    fc.property(bytes, grammars, fc.integer({ min: 1, max: 60 }), (input, grammar, shardBytes) => {
      const { ranges, records } = scan(dialect(grammar), input, { shardBytes });
      for (const [n, range] of ranges.entries()) {
        const next = ranges[n + 1];
        expect(range.offset + range.length).toBe(next?.offset ?? input.length);
        expect(range.records).toBeGreaterThan(0);
        if (next !== undefined) expect(range.length).toBeGreaterThanOrEqual(shardBytes);
      }
      expect(ranges.reduce((sum, range) => sum + range.records, 0)).toBe(records);
    }),
    { numRuns: runs },
  );
});
