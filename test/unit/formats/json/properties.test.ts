import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ForebayError } from '../../../../core/errors.ts';
import type { JsonFormat, NdjsonFormat } from '../../../../core/job/model.ts';
import { readFile, scan } from '../support.ts';
import { hasHalfPair, isObject, json, ndjson, parsed, repeatsName } from './support.ts';

const runs = Number(process.env.PROPERTY_RUNS ?? 3_000);

/* Records, written by a writer that shares nothing with the readers. */

const names = ['a', 'b', '__proto__', 'é', 'a b', 'q"\\', '', '/a', 'tab\t', '0', '😀'];
const texts = fc.oneof(
  fc.stringMatching(/^[a-z0-9 .]{0,12}$/),
  fc.string({ unit: fc.constantFrom(...'a",:[]{}\\/\b\n\r\t\0\x1f\x1e\x7fé😀\ue000\u2028') }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);
/** As it is written. */
const numbers = fc.oneof(
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?$/),
  fc.integer().map(String),
);

/** A value: its kind, and what it is written from. */
type Value =
  | { kind: 'text'; text: string }
  | { kind: 'word'; word: string }
  | { kind: 'list'; items: Value[] }
  | { kind: 'object'; members: Array<[string, Value]> };

const { value: values } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    texts.map((text): Value => ({ kind: 'text', text })),
    fc
      .oneof(numbers, fc.constantFrom('true', 'false', 'null'))
      .map((word): Value => ({ kind: 'word', word })),
    fc.array(tie('value'), { maxLength: 4 }).map((items): Value => ({ kind: 'list', items })),
    membersOf(tie('value')),
  ),
}));
function membersOf(value: fc.Arbitrary<Value>): fc.Arbitrary<Value & { kind: 'object' }> {
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), value), { selector: ([name]) => name, maxLength: 6 })
    .map((members) => ({ kind: 'object' as const, members }));
}
const records = fc.array(membersOf(values), { maxLength: 30 });

/** How a document is written: blanks, and which characters are escaped though they need not be. */
const styles = fc.record({
  blank: fc.constantFrom('', ' ', '\t', ' \t '),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  escapeAll: fc.constantFrom('none', 'some', 'all'),
  upperCase: fc.boolean(),
  bom: fc.boolean(),
});
type Style = typeof styles extends fc.Arbitrary<infer T> ? T : never;

function writeText(text: string, { escapeAll, upperCase }: Style): string {
  let written = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const must = unit < 32 || unit === 34 || unit === 92;
    const digits = unit.toString(16).padStart(4, '0');
    if (!must && (escapeAll === 'none' || (escapeAll === 'some' && unit < 128))) written += text[i];
    else if (unit === 10 && escapeAll !== 'all') written += '\\n';
    else if ((unit === 34 || unit === 92) && escapeAll !== 'all') written += `\\${text[i]}`;
    else written += `\\u${upperCase ? digits.toUpperCase() : digits}`;
  }
  return `"${written}"`;
}

function write(value: Value, style: Style): string {
  const { blank } = style;
  const joined = (parts: string[]) => parts.map((part) => blank + part + blank).join(',') || blank;
  if (value.kind === 'text') return writeText(value.text, style);
  if (value.kind === 'word') return value.word;
  if (value.kind === 'list') return `[${joined(value.items.map((item) => write(item, style)))}]`;
  const members = value.members.map(
    ([name, member]) => `${writeText(name, style)}${blank}:${blank}${write(member, style)}`,
  );
  return `{${joined(members)}}`;
}

/** What a reading gives of a value: a string's text, null, or the text as it was written. */
function textOf(value: Value | undefined, style: Style): string | null {
  if (value === undefined || (value.kind === 'word' && value.word === 'null')) return null;
  return value.kind === 'text' ? value.text : write(value, style);
}

const pointerTo = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
const asked = names.filter((name) => !name.startsWith('/')).concat(names.map(pointerTo));
/** The second half of what is asked for is the first as pointers, and one more name that begins with a slash. */
const named = names.filter((name) => !name.startsWith('/')).concat(names);

const expectedRows = (written: Array<Value & { kind: 'object' }>, style: Style) =>
  written.map(({ members }) =>
    named.map((name) => textOf(members.find(([other]) => other === name)?.[1], style)),
  );

test('F53 F59 records written as NDJSON come back as they were, at any shard size', async () => {
  await fc.assert(
    fc.asyncProperty(
      records,
      styles,
      fc.integer({ min: 1, max: 400 }),
      async (written, style, shardBytes) => {
        const lines = written.map((record) => write(record, style) + style.lineEnd);
        const text = (style.bom ? '\ufeff' : '') + lines.join(style.blank + style.lineEnd);
        const file = await readFile(ndjson(), text, shardBytes, asked);
        expect(file.malformed).toEqual([]);
        expect(file.rows).toEqual(expectedRows(written, style));
        expect(file.scan.records).toBe(written.length);
      },
    ),
    { numRuns: 500 },
  );
});

test('F53 F59 records written as a document come back as they were, at any path and shard size', async () => {
  const around = fc.record({ before: values, behind: values });
  const paths = fc.array(fc.constantFrom('items', 'é', 'a b', '__proto__'), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(
      ...([records, styles, fc.integer({ min: 1, max: 400 }), paths, around] as const),
      async (written, style, shardBytes, path, { before, behind }) => {
        const list: Value = { kind: 'list', items: written };
        const document = path.reduceRight<Value>(
          (value, name) => ({
            kind: 'object',
            members: [
              ['x', before],
              [name, value],
              ['y', behind],
            ],
          }),
          list,
        );
        const text = `${style.bom ? '\ufeff' : ''}${style.blank}${write(document, style)}${style.lineEnd}`;
        const format = json(`$${path.map((name) => `['${name}']`).join('')}`);
        const file = await readFile(format, text, shardBytes, asked);
        expect(file.malformed).toEqual([]);
        expect(file.rows).toEqual(expectedRows(written, style));
        expect(file.scan.records).toBe(written.length);
      },
    ),
    { numRuns: 500 },
  );
});

test('F53 arrays written as NDJSON come back by the names that are given', async () => {
  const widths = fc.integer({ min: 1, max: 5 });
  const tables = widths.chain((width) =>
    fc.array(fc.array(values, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(tables, styles, fc.integer({ min: 1, max: 200 }), async (table, style, shardBytes) => {
      const header = (table[0] ?? []).map((_, i) => `f${i}`);
      const lines = table.map((items) => write({ kind: 'list', items }, style));
      const rows = table.map((items) => items.map((item) => textOf(item, style)));
      const given = await readFile(ndjson(header), lines.join(style.lineEnd), shardBytes);
      const inFile = await readFile(
        ndjson('first-line'),
        [JSON.stringify(header), ...lines].join(style.lineEnd),
        shardBytes,
      );
      for (const file of [given, inFile]) {
        expect(file.malformed).toEqual([]);
        expect(file.rows).toEqual(rows);
      }
    }),
    { numRuns: 300 },
  );
});

/* Any bytes. JSON.parse says what is JSON. */

const pieces = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '"a"',
  '"b"',
  '{"a":1}',
  '1',
  '-',
  '.5',
  'e2',
  'null',
  'tru',
  '\\',
  '\\"',
]
  .concat([
    '\\u',
    'd83d',
    'de00',
    '0061',
    '\n',
    '\r',
    ' ',
    '\t',
    'é',
    '\0',
    '{"a":',
    '[{',
    '}]',
    '"a":',
    '},{',
  ])
  .map((text) => Buffer.from(text))
  .concat([Buffer.from([0xc3]), Buffer.from([0xff])]);
const bytes = fc
  .subarray(pieces, { minLength: 2, maxLength: 8 })
  .chain((some) => fc.array(fc.constantFrom(...some), { maxLength: 30 }))
  .map((parts) => Buffer.concat(parts));
/** Right documents with one piece put in, taken out or put in the place of another. */
const damaged = fc
  .tuple(
    fc.array(membersOf(values), { maxLength: 4 }),
    styles,
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom(...pieces),
  )
  .map(([written, style, where, length, piece]) => {
    const whole = Buffer.from(written.map((record) => write(record, style)).join(','));
    const at = where % (whole.length + 1);
    return Buffer.concat([whole.subarray(0, at), piece, whole.subarray(at + length)]);
  });
const shardSizes = fc.integer({ min: 1, max: 60 });

/** The one record of a line as JSON.parse has it, and what it is rejected for. */
function verdictOf(line: string): { code: string | null; value: unknown } {
  const found = parsed(line);
  if (found === null) return { code: 'InvalidJson', value: null };
  const { value } = found;
  // a text may have both faults, and the first one is told
  const codes = [repeatsName(line, value) && 'DuplicateKey', hasHalfPair(value) && 'InvalidJson'];
  const code = codes.find((one) => one !== false);
  return { code: code || (isObject(value) ? null : 'NotARecord'), value };
}

function expectLineVerdicts(text: string, file: Awaited<ReturnType<typeof readFile>>): void {
  const lines = text.split('\n').filter((line) => /[^ \t\r]/.test(line));
  expect(file.records).toBe(lines.length);
  const codes = new Map(file.malformed.map(({ record, code }) => [record, code]));
  const values = new Map(file.numbers.map((record, i) => [record, file.rows[i]]));
  for (const [record, line] of lines.entries()) {
    const { code, value } = verdictOf(line);
    const told = codes.get(record) ?? null;
    // a name that comes twice is found on the way, before the text turns out to be no JSON
    if (told === 'DuplicateKey' && code === 'InvalidJson') continue;
    if (told === 'InvalidJson' && code === 'DuplicateKey' && hasHalfPair(value)) continue;
    expect([line, told]).toEqual([line, code]);
    if (code !== null) continue;
    const a = (value as Record<string, unknown>).a ?? null;
    const [given] = values.get(record) ?? [];
    if (typeof a === 'string') expect(given).toBe(a);
    else expect(given === null ? null : JSON.parse(given as string)).toEqual(a);
  }
}

test('F54 any bytes as NDJSON: each line is what JSON.parse says it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, damaged), async (input) => {
      fc.pre(isUtf8(input));
      expectLineVerdicts(input.toString(), await readFile(ndjson(), input, 1_000, ['a']));
    }),
    { numRuns: runs },
  );
});

test('F54 F55 any bytes as NDJSON: both readings count the same, wherever the file is cut', async () => {
  const headers = fc.constantFrom<NdjsonFormat['header']>(null, ['a', 'b']);
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, damaged), headers, shardSizes, async (input, header, shardBytes) => {
      const read = (size: number) =>
        readFile(ndjson(header), input, size, header === null ? ['a', '/b/0'] : undefined);
      const [whole, cut] = [await read(1_000), await read(shardBytes)];
      expect(whole.records).toBe(whole.scan.records);
      expect(whole.rows.length + whole.malformed.length).toBe(whole.records);
      expect({ ...cut, scan: null }).toEqual({ ...whole, scan: null });
    }),
    { numRuns: runs },
  );
});

/** What became of a file; a refusal by its message. */
async function outcome(format: JsonFormat, input: Buffer, shardBytes: number) {
  try {
    return { file: await readFile(format, input, shardBytes, ['a', '/b/0']), refusal: null };
  } catch (error) {
    if (!(error instanceof ForebayError)) throw error;
    expect(['DocumentInvalid', 'PathMissing', 'EncodingUnsupported']).toContain(error.name);
    return { file: null, refusal: error.message };
  }
}

/** A document's records, as JSON.parse has them; `null`: there are none to be had. */
function recordsIn(document: unknown, name: string | null): unknown[] | null {
  if (name === null) return Array.isArray(document) ? document : isObject(document) ? [document] : null;
  return isObject(document) && Object.hasOwn(document, name) ? recordsIn(document[name], null) : null;
}

const framed = fc
  .tuple(fc.oneof(bytes, damaged), fc.constantFrom('', '[', '{"a":['), fc.constantFrom('', ']', ']}'))
  .map(([input, before, behind]) => Buffer.concat([Buffer.from(before), input, Buffer.from(behind)]));
const paths = fc.constantFrom<null | 'a'>(null, 'a');

test('any bytes as JSON: what JSON.parse takes is read, and what it does not is refused or rejects a record', async () => {
  await fc.assert(
    fc.asyncProperty(framed, paths, async (input, name) => {
      fc.pre(isUtf8(input));
      const { file, refusal } = await outcome(json(name === null ? '$' : `$.${name}`), input, 1_000);
      const text = input.toString();
      const document = parsed(text);
      if (document === null) {
        const blank = /^[ \t\r\n]*$/.test(text);
        expect(blank || refusal !== null || (file?.malformed.length ?? 0) > 0).toBe(true);
        return;
      }
      const elements = recordsIn(document.value, name);
      if (elements === null || (name !== null && refusal?.includes('a second time'))) {
        expect(refusal).not.toBeNull();
        return;
      }
      expect(refusal).toBeNull();
      expect(file?.records).toBe(elements.length);
      const rejected = new Set(file?.malformed.map(({ record }) => record));
      for (const [n, element] of elements.entries()) {
        if (!isObject(element) || hasHalfPair(element)) expect(rejected.has(n)).toBe(true);
        else if (!repeatsName(text, document.value)) expect(rejected.has(n)).toBe(false);
      }
    }),
    { numRuns: runs },
  );
});

test('any bytes as JSON: both readings count the same, wherever the file is cut', async () => {
  await fc.assert(
    fc.asyncProperty(framed, paths, shardSizes, async (input, name, shardBytes) => {
      const format = json(name === null ? '$' : '$.a');
      const [whole, cut] = [await outcome(format, input, 1_000), await outcome(format, input, shardBytes)];
      expect(cut.refusal).toBe(whole.refusal);
      if (whole.file === null) return;
      expect(whole.file.records).toBe(whole.file.scan.records);
      expect(whole.file.rows.length + whole.file.malformed.length).toBe(whole.file.records);
      expect({ ...cut.file, scan: null }).toEqual({ ...whole.file, scan: null });
    }),
    { numRuns: runs },
  );
});

test('chunks of any size give the same scan, or the same refusal', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  const formats = fc.constantFrom(ndjson(), ndjson('first-line'), json(), json('$.a'));
  const scanned = (...args: Parameters<typeof scan>) => {
    try {
      return scan(...args);
    } catch (error) {
      return String(error);
    }
  };
  fc.assert(
    fc.property(fc.oneof(bytes, framed), formats, sizes, fc.boolean(), (input, format, chunks, bom) => {
      const file = bom ? Buffer.concat([Buffer.from('\ufeff'), input]) : input;
      const limits = { shardBytes: 10, maxRecordBytes: 25 };
      expect(scanned(format, file, { ...limits, chunks })).toEqual(scanned(format, file, limits));
    }),
    { numRuns: runs },
  );
});

test('ranges hold all that is not blank between the records, and each but the last is as long as a shard', () => {
  fc.assert(
    fc.property(records, styles, shardSizes, fc.boolean(), (written, style, shardBytes, lines) => {
      const texts = written.map((record) => write(record, style));
      const text = lines ? texts.join(style.lineEnd) : `[${texts.join(',')}]`;
      const input = Buffer.from(text);
      const { ranges, records: count } = scan(lines ? ndjson() : json(), input, { shardBytes });
      let end = lines ? 0 : 1;
      for (const [n, range] of ranges.entries()) {
        expect(input.toString('utf8', end, range.offset)).toMatch(/^[\s,]*$/);
        end = range.offset + range.length;
        const next = ranges[n + 1];
        if (next !== undefined) expect(next.offset - range.offset).toBeGreaterThanOrEqual(shardBytes);
      }
      expect(input.toString('utf8', end)).toMatch(/^\s*\]?$/);
      expect(ranges.reduce((sum, range) => sum + range.records, 0)).toBe(count);
      expect(count).toBe(written.length);
    }),
    { numRuns: 500 },
  );
});
