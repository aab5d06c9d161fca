import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dialectOf } from '../../../core/formats/csv/dialect.ts';
import { parserOptions } from '../../../core/formats/csv/read.ts';
import { RecordWalker } from '../../../core/formats/csv/walk.ts';
import type { CsvFormat } from '../../../core/job/model.ts';
import { dialect, readFile, scan } from './support.ts';

const formats = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|', '§', '😀'),
  quote: fc.constantFrom('"', "'"),
  escape: fc.constantFrom('same', '\\'),
  comment: fc.constantFrom(null, '#'),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  quoteAll: fc.boolean(),
  bom: fc.boolean(),
  lastLineEnd: fc.boolean(),
});

type Written = typeof formats extends fc.Arbitrary<infer T> ? T : never;

const formatOf = (written: Written, header: string[]): CsvFormat =>
  dialect({
    delimiter: written.delimiter,
    quote: written.quote,
    escape: written.escape === 'same' ? written.quote : written.escape,
    comment: written.comment,
    header,
    nulls: [],
  });

/** Writes a table the way RFC 4180 says, with the dialect's own characters. */
function write(table: string[][], format: CsvFormat, written: Written): string {
  const { delimiter, quote, escape: escaping, comment } = format;
  const field = (text: string, first: boolean, alone: boolean) => {
    const mustQuote =
      [delimiter, quote, '\n', '\r'].some((special) => text.includes(special)) ||
      (alone && text === '') ||
      (first && comment !== null && text.startsWith(comment)) ||
      (first && text.startsWith('\ufeff'));
    if (!mustQuote && !written.quoteAll) return text;
    const escaped = text.replaceAll(escaping, escaping + escaping);
    return quote + (escaping === quote ? escaped : escaped.replaceAll(quote, escaping + quote)) + quote;
  };
  const lines = table.map((row) =>
    row.map((text, f) => field(text, f === 0, row.length === 1)).join(delimiter),
  );
  const body = lines.join(written.lineEnd) + (written.lastLineEnd ? written.lineEnd : '');
  return (written.bom ? '\ufeff' : '') + body;
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
      async (table, written, shardBytes) => {
        const header = (table[0] ?? ['x']).map((_, f) => `f${f}`);
        const format = formatOf(written, header);
        const file = await readFile(format, write(table, format, written), shardBytes);
        expect(file.malformed).toEqual([]);
        expect(file.rows).toEqual(table);
        expect(file.scan.records).toBe(table.length);
      },
    ),
    { numRuns: 500 },
  );
});

/** What means something to the grammar, alone and in the orders that matter. */
const pieces = [',', '"', '""', '\\', '\r', '\n', '#', 'a', '\0', '§', ',"', '""#', '"a', '"\n', '\\"']
  .map((text) => Buffer.from(text))
  .concat([Buffer.from([0xc2]), Buffer.from([0xa7]), Buffer.from([0xff])]);
/** A few of them at a time, so that they meet often. */
const bytes = fc
  .subarray(pieces, { minLength: 2, maxLength: 6 })
  .chain((some) => fc.array(fc.constantFrom(...some), { maxLength: 40 }))
  .map((parts) => Buffer.concat(parts));
const grammars: fc.Arbitrary<Partial<CsvFormat>> = fc.record({
  delimiter: fc.constantFrom<string[]>(',', '§'),
  escape: fc.constantFrom<string[]>('"', '\\'),
  comment: fc.constantFrom(null, '#'),
  header: fc.constant<string[]>(['a', 'b']),
  nulls: fc.constantFrom<string[][]>([], ['']),
});
/** csv-parse alone: its count, and whether the last record's quote is open. */
function parsed(format: CsvFormat, text: string): { records: number; open: boolean } {
  let open = false;
  const options = parserOptions(format, Buffer.from(text), () => {
    open = true;
  });
  const rows = parse(text, options);
  return { records: rows.length + (open ? 1 : 0), open };
}

function* wordsOf(alphabet: string, length: number): Generator<string> {
  if (length === 0) yield '';
  else for (const word of wordsOf(alphabet, length - 1)) for (const letter of alphabet) yield word + letter;
}

for (const [alphabet, changes] of [
  [',"#\na', { comment: '#' }],
  [',"\\\na', { escape: '\\' }],
] as const) {
  test(`the scan counts as csv-parse does for every text of up to six of ${JSON.stringify(alphabet)}`, () => {
    const format = dialect({ header: ['a'], ...changes });
    for (let length = 0; length <= 6; length++) {
      for (const text of wordsOf(alphabet, length)) {
        let open = false;
        let records = 0;
        const walker = new RecordWalker(dialectOf(format), 100, (_start, _end, fault) => {
          records++;
          open = fault === 'UnclosedQuote';
        });
        walker.push(Buffer.from(text));
        walker.end();
        const expected = parsed(format, text);
        if (records !== expected.records || open !== expected.open) {
          expect({ text, records, open }).toEqual({ text, ...expected });
        }
      }
    }
  });
}

const runs = Number(process.env.PROPERTY_RUNS ?? 3_000);

test('the scan counts as many records as csv-parse, whatever the bytes and wherever the file is cut', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, grammars, fc.integer({ min: 1, max: 60 }), async (input, grammar, shardBytes) => {
      const format = dialect(grammar);
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

test('the two agree where a record lies across the edge of what csv-parse is given at once', async () => {
  const before = fc.integer({ min: 0, max: 40 });
  await fc.assert(
    fc.asyncProperty(bytes, grammars, before, async (input, grammar, distance) => {
      const pad = Buffer.from(`${'a'.repeat(65_536 - distance - 1)}\n`);
      const format = dialect(grammar);
      const alone = await readFile(format, input);
      const padded = await readFile(format, Buffer.concat([pad, input]));
      expect(padded.records).toBe(padded.scan.records);
      expect(padded.rows).toEqual(alone.rows);
      expect(padded.malformed.slice(1)).toEqual(
        alone.malformed.map((one) => ({ ...one, record: one.record + 1 })),
      );
    }),
    { numRuns: runs / 30 },
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
