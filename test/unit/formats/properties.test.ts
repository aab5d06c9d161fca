import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dialectOf, type QuoteFault } from '../../../core/formats/csv/dialect.ts';
import { FieldReader } from '../../../core/formats/csv/fields.ts';
import { RecordWalker } from '../../../core/formats/csv/walk.ts';
import type { CsvFormat } from '../../../core/job/model.ts';
import { csvParse } from './csv-parse.ts';
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
/** The records as Envelope's reading finds them, of any width. */
function fieldsOf(format: CsvFormat, bytes: Buffer): Array<{ fields: string[]; fault: QuoteFault }> {
  const reader = new FieldReader(dialectOf(format), bytes);
  const rows: Array<{ fields: string[]; fault: QuoteFault }> = [];
  while (reader.find()) {
    const fields: string[] = [];
    const text = (from: number, to: number) => bytes.toString('utf8', from, to);
    reader.read({
      plain: (_, from, to) => void fields.push(text(from, to)),
      quoted: () => void fields.push(''),
      piece: (field, from, to) => {
        fields[field] += text(from, to);
      },
    });
    rows.push({ fields, fault: reader.fault });
  }
  return rows;
}

/** The faults of the records as Extract's scan finds them. */
function faultsOf(format: CsvFormat, bytes: Buffer): QuoteFault[] {
  const faults: QuoteFault[] = [];
  const walker = new RecordWalker(dialectOf(format), 1_000, (_start, _end, fault) => faults.push(fault));
  walker.push(bytes);
  walker.end();
  return faults;
}

/** Both readings against csv-parse: as many records, the same ones faulty, and good ones with its very fields. */
function expectAgreed(format: CsvFormat, text: string | Buffer): void {
  const bytes = Buffer.from(text);
  const { rows, open } = csvParse(format, bytes);
  const records = fieldsOf(format, bytes);
  const faults = records.map(({ fault }) => fault);
  const good = records.flatMap(({ fields, fault }, i) => (fault === 'none' ? [[i, fields]] : []));
  const theirs = rows.flatMap((fields, i) => (faults[i] === 'none' ? [[i, fields]] : []));
  const agreed = { records: rows.length + (open ? 1 : 0), open, faults, fields: theirs };
  const found = {
    records: records.length,
    open: faults.at(-1) === 'UnclosedQuote',
    faults: faultsOf(format, bytes),
  };
  if (JSON.stringify([found, good]) === JSON.stringify([{ ...agreed, fields: undefined }, theirs])) return;
  expect({ text, ...found, fields: good }).toEqual({ text, ...agreed });
}

function* wordsOf(alphabet: string, length: number): Generator<string> {
  if (length === 0) yield '';
  else for (const word of wordsOf(alphabet, length - 1)) for (const letter of alphabet) yield word + letter;
}

for (const [alphabet, changes] of [
  [',"#\na', { comment: '#' }],
  [',"\\\na', { escape: '\\' }],
] as const) {
  test(`both readings agree with csv-parse for every text of up to six of ${JSON.stringify(alphabet)}`, () => {
    const format = dialect({ header: ['a'], ...changes });
    for (let length = 0; length <= 6; length++) {
      for (const text of wordsOf(alphabet, length)) expectAgreed(format, text);
    }
  });
}

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
