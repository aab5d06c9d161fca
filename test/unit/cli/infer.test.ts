import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvOptions } from '../../../cli/infer/csv.ts';
import { jsonOptions, ndjsonOptions } from '../../../cli/infer/json.ts';
import { jobName, nameColumns } from '../../../cli/infer/names.ts';
import { kindOf } from '../../../cli/infer/start.ts';
import { ColumnTexts } from '../../../cli/infer/types.ts';
import { loadJobFile } from '../../../core/job/load.ts';
import type { Job } from '../../../core/job/model.ts';
import { castAll } from '../../support/duck.ts';
import { plain } from '../formats/support.ts';
import { forebay, linesOf } from './forebay.ts';

const shared = join(fileURLToPath(new URL('../../..', import.meta.url)), '..', 'shared', 'data');
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forebay-infer-test-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

/** What is proposed for a file, as a job that was loaded from the proposal's text. */
async function inferred(
  path: string,
  ...flags: string[]
): Promise<{ job: Job; text: string; err: string; path: string }> {
  const { code, out, err } = await forebay('infer', path, ...flags);
  if (code !== 0) throw new Error(err);
  const [, name = ''] = /name: '([^']+)'/.exec(out) ?? [];
  const folder = mkdtempSync(join(dir, 'jobs-'));
  const saved = join(folder, `${name}.ts`);
  writeFileSync(saved, out);
  return { job: (await loadJobFile(saved)).job, text: out, err, path: saved };
}

/** Column, type word and `from` of each column. */
const columnsOf = (text: string): string[] =>
  (/columns: \{\n([\s\S]*?)\n {4}\},/.exec(text)?.[1] ?? '')
    .split('\n')
    .map((line) => line.trim().replace(/,$/, ''));

const typeOf = (...texts: string[]): string => {
  const column = new ColumnTexts();
  for (const text of texts) column.add(text);
  return column.word();
};

describe('the type of texts is the narrowest that holds all of them', () => {
  test.each([
    [['1', '-2147483648', '2147483647'], 'int'],
    [['1', '2147483648'], 'bigint'],
    [['-9223372036854775808', '9223372036854775807'], 'bigint'],
    [['9223372036854775808'], 'decimal(19,0)'],
    [['9'.repeat(38)], 'decimal(38,0)'],
    [['9'.repeat(39)], 'string'],
    [['1.5', '20'], 'decimal(3,1)'],
    [['0.05', '-.5'], 'decimal(2,2)'],
    [['12.50', '100'], 'decimal(5,2)'],
    [['1.5', '1e3'], 'double'],
    [['5.'], 'double'],
    [['1e400'], 'string'],
    [['1e-400'], 'string'],
    [['1e3', '0.1234567890123456'], 'string'],
    [['00123', '4'], 'string'],
    [['-00.5'], 'string'],
    [['+31'], 'string'],
    [['0x1F'], 'string'],
    [['1,234'], 'string'],
    [[' 1'], 'string'],
    [['NaN'], 'string'],
    [['true', 'FALSE'], 'boolean'],
    [['true', '1'], 'string'],
    [['2024-02-29'], 'date'],
    [['2023-02-29'], 'string'],
    [['0000-01-01'], 'string'],
    [['2024-02-29', '2024-02-29 10:00'], 'string'],
    [['2024-02-29T23:59:59.123456+02:00', '2024-02-29 10:00', '2024-02-29 10:00:00Z'], 'timestamp'],
    [['2024-02-29 24:00:00'], 'string'],
    [['2024-02-29 10:00:00.1234567'], 'string'],
    [['20240229'], 'int'],
    [['12-03-2024'], 'string'],
    [[''], 'string'],
  ])('%j: %s', (texts, word) => {
    expect(typeOf(...texts)).toBe(word);
  });

  test('and the type takes each of them, as docs/types.md has it', async () => {
    const digits = fc.stringMatching(/^[+-]?[0-9]{1,20}$/);
    const point = fc.stringMatching(/^[+-]?[0-9]{0,19}\.[0-9]{0,19}$/);
    const float = fc.stringMatching(/^-?[0-9]{0,3}\.?[0-9]{0,3}[eE][+-]?[0-9]{1,3}$/);
    const time = fc.stringMatching(
      /^[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,7})?)?(Z|[+-][0-2][0-9](:?[0-5][0-9])?)?)?$/,
    );
    const word = fc.constantFrom(
      'true',
      'False',
      'yes',
      '',
      ' ',
      'x',
      '-',
      '.',
      '9999-12-31 23:00-02:00',
      '0001-01-01 01:00+02',
    );
    const texts = fc.array(fc.oneof(digits, point, float, time, word), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(texts, async (column) => {
        const values = await castAll(typeOf(...column), column);
        expect(values).not.toContain(null);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('names', () => {
  const named = (...names: string[]) => names.map((name) => ({ name, path: null }));

  test('a name that a column may have is kept; others are made of their letters and digits, and never clash', () => {
    expect(
      nameColumns(
        named('id', 'Order ID', 'order-id', 'Größe', '2nd', '€', 'metadata', '__proto__', 'a"b', 'order_id'),
      ),
    ).toEqual([
      { name: 'id', field: 'id', from: null },
      { name: 'order_id_2', field: 'Order ID', from: '"Order ID"' },
      { name: 'order_id_3', field: 'order-id', from: '"order-id"' },
      { name: 'gro_e', field: 'Größe', from: '"Größe"' },
      { name: '_2nd', field: '2nd', from: '"2nd"' },
      { name: 'column', field: '€', from: '"€"' },
      { name: 'metadata_2', field: 'metadata', from: '"metadata"' },
      { name: 'proto', field: '__proto__', from: '"__proto__"' },
      { name: 'a_b', field: 'a"b', from: '"a""b"' },
      { name: 'order_id', field: 'order_id', from: null },
    ]);
  });

  test('a field that SQL could not tell from another is left out, with the reason', () => {
    expect(nameColumns(named('Id', 'ID'))[1]).toEqual({
      name: null,
      field: 'ID',
      from: null,
      why: 'Id differs in case only',
    });
  });

  test('a field that a path leads to is called by its own name, and clashes with no other', () => {
    const fields = [
      { name: 'id', path: '@id' },
      { name: 'id', path: null },
      { name: '/x', path: '/~1x' },
    ];
    expect(nameColumns(fields)).toEqual([
      { name: 'id_2', field: 'id', from: '@id' },
      { name: 'id', field: 'id', from: null },
      { name: 'x', field: '/x', from: '/~1x' },
    ]);
  });

  test.each([
    ['/data/Orders 2026-03 (1).csv', 'orders-2026-03-1'],
    ['tweets.csv.gz', 'tweets'],
    ['2026-03-01.csv', 'feed'],
    ['Ärzte_Liste.TXT', 'arzte-liste'],
    [`${'long-'.repeat(9)}.csv`, 'long-long-long-long-long-long-long-long'],
  ])('%s is the job %s', (path, name) => {
    expect(jobName(path)).toBe(name);
  });
});

describe('the dialect', () => {
  const told = (text: string, given: Record<string, unknown> = {}) =>
    csvOptions({ ...plain, ...given }, given, Buffer.from(text), true);

  test.each([
    ['a,b\n1,2\n', { header: true }],
    ['a;b\n1,5;2\n', { header: true, delimiter: ';' }],
    ['a\tb\n1\tx, y\n', { header: true, delimiter: '\t' }],
    ['a|b\n"1|2"|3\n', { header: true, delimiter: '|' }],
    ["a,b\n'1,2',3\n'4,5',6\n", { header: true, quote: "'" }],
    ['a,b\n"x\\", y",3\n"z\\"",6\n', { header: true, escape: '\\' }],
    ['\ufeffa,b\n1,2\n', { header: true }],
    ['name\nalice\nbob\n', { header: true }],
    ['a,b,a\n1,2,3\n', { header: true, headerNames: 'rename' }],
    [',b,c\n1,2,3\n', { header: true, headerNames: 'rename' }],
    ['1,x\n2,y\n', { header: ['f1', 'f2'] }],
    ['2026-03-01,x\n', { header: ['f1', 'f2'] }],
    ['x,true\ny,false\n', { header: ['f1', 'f2'] }],
    ['x,,\ny,,\n', { header: ['f1', 'f2', 'f3'] }],
    ['x,\\N\n', { header: ['f1', 'f2'] }],
  ])('of %j', (text, options) => {
    expect(told(text)).toEqual(options);
  });

  test('what is given is not told anew', () => {
    expect(told('1;2,3\n4;5,6\n', { delimiter: ';', header: ['a', 'b'] })).toEqual({ delimiter: ';' });
    expect(told('1;2\n', { quote: "'" })).toEqual({ delimiter: ';', quote: "'", header: ['f1', 'f2'] });
  });

  test('of two delimiters the one that divides the most records alike is it, then the one with more fields', () => {
    expect(told('a;b\n1,5;2\n1,5;3\n7;8\n')).toEqual({ header: true, delimiter: ';' });
    expect(told('a,b;c;d\ne,f;g;h\n')).toEqual({ header: true, delimiter: ';' });
  });
});

describe('JSON', () => {
  const start = (text: string) => ({ bytes: Buffer.from(text), whole: true });

  test.each([
    ['a,b\n1,2\n', 'csv'],
    ['"a","b"\n', 'csv'],
    ['', 'csv'],
    ['\ufeff \n<?xml version="1.0"?><a/>', 'xml'],
    ['{"a":1}\n{"a":2}\n', 'ndjson'],
    ['["a"]\n[1]\n', 'ndjson'],
    ['{"a":1}\n', 'json'],
    ['{"a":\n1}\n', 'json'],
    ['[{"a":1},\n{"a":2}]', 'json'],
    ['[\n{"a":1}]', 'json'],
  ])('%j is %s', (text, kind) => {
    expect(kindOf(start(text))).toBe(kind);
  });

  test.each([
    ['[{"a":1}]', {}],
    ['{"a":1}', {}],
    ['{"a":{"b":1}}', {}],
    ['{"data":{"n":[1,2],"items":[{"a":1}]}}', { path: '$.data.items' }],
    ['{"x":{"y":1},"of [{":[ {"a":1}]}', { path: "$['of [{']" }],
    ['{"it\'s \\\\":[{"a":1}]}', { path: "$['it\\'s \\\\']" }],
    ['{"a":[[{"b":1}]],"c":[{}]}', { path: '$.c' }],
    ['{"a":"[{","b":[{"c":1', { path: '$.b' }],
  ])('the records of %s are at %j', (text, options) => {
    expect(jsonOptions(text)).toEqual(options);
  });

  test.each([
    ['{"a":1}\n{"a":2}\n', {}],
    ['["a","b"]\n[1,2]\n', { header: 'first-line' }],
    ['["a","a"]\n[1,2]\n', { header: ['f1', 'f2'] }],
    ['["a",1]\n["b",2]\n', { header: ['f1', 'f2'] }],
  ])('lines such as %j have the header %j', (text, options) => {
    expect(ndjsonOptions(text)).toEqual(options);
  });
});

describe('nulls', () => {
  const formatOf = async (text: string) => (await inferred(file('nulls.csv', text))).job.format;

  test('a word beside numbers means null, and makes its columns nullable', async () => {
    const { job, text } = await inferred(file('nulls.csv', 'a,b,c\n1,NA,NA\nNA,2026-03-01,NA\n'));
    expect(job.format).toMatchObject({ nulls: ['', 'NA'] });
    expect(columnsOf(text)).toEqual(["a: 'int?'", "b: 'date?'", "c: 'string?'"]);
  });

  test('a word that stands among texts, too, is a text: it may be one of them', async () => {
    const { job, text } = await inferred(file('nulls.csv', 'a,country\n1,NL\nNA,NA\n'));
    expect(job.format).toMatchObject({ nulls: [''] });
    expect(columnsOf(text)).toEqual(["a: 'string'", "country: 'string'"]);
  });

  test('\\N means null among texts, too', async () => {
    expect(await formatOf('a,b\nx,1\n\\N,2\n')).toMatchObject({ nulls: ['', '\\N'] });
  });

  test('a word in quotes is no null, so that its column is text', async () => {
    const { job, text } = await inferred(file('nulls.csv', 'a,b\n1,NA\n"NA",2\n'));
    expect(job.format).toMatchObject({ nulls: ['', 'NA'] });
    expect(columnsOf(text)).toEqual(["a: 'string'", "b: 'int?'"]);
  });

  test('nulls that are given are the only ones', async () => {
    const { job } = await inferred(file('nulls.csv', 'a,b\n1,NA\n?,2\n'), '--null', '?');
    expect(job.format).toMatchObject({ nulls: ['?'] });
  });
});

describe('the proposal', () => {
  test('loads as a job file, and says what it rests on', async () => {
    const path = file('Odd Names.csv', 'Order ID,it\'s "x",Id,ID,empty\n007,1.50,1,2,\n008,2,3,4,\n');
    const { job, text, err } = await inferred(path);
    expect(job.name).toBe('odd-names');
    expect(columnsOf(text)).toEqual([
      "order_id: { type: 'string', from: '\"Order ID\"' }",
      `it_s_x: { type: 'decimal(3,2)', from: '"it\\'s ""x"""' }`,
      "Id: 'int'",
      '// not read: "ID", since Id differs in case only',
      "empty: 'string?'",
    ]);
    expect(text).toContain('// Proposed by forebay infer from 2 records of "Odd Names.csv".');
    expect(err).toContain('2 records of 55 B; save it as jobs/odd-names.ts');
    expect(err).toContain('the first record is names');
    expect(err).toContain('field "ID" is left out: Id differs in case only');
  });

  test('of a header alone has nullable texts', async () => {
    expect(columnsOf((await inferred(file('header.csv', 'a,b\n'))).text)).toEqual([
      "a: 'string?'",
      "b: 'string?'",
    ]);
  });

  test('tells records that the format rejects, and rests on the others', async () => {
    const { text, err } = await inferred(file('ragged.csv', 'a,b\n1,2\nx\n3,4\n'));
    expect(columnsOf(text)).toEqual(["a: 'int'", "b: 'int'"]);
    expect(err).toContain('records that no contract can take are left out: RaggedRow 1');
  });

  test('may rest on the first part of the file, which it says', async () => {
    const path = file('first.csv', `a\n${'1234567\n'.repeat(300_000)}x\n`);
    const { text, err } = await inferred(path, '--first', '1');
    expect(columnsOf(text)).toEqual(["a: 'int'"]);
    expect(text).toMatch(/from the first 131,\d{3} records of "first\.csv"/);
    expect(err).toMatch(/^the first 131,\d{3} records of 2\.4 MB; save it/);
    expect(columnsOf((await inferred(path)).text)).toEqual(["a: 'string'"]);
  });

  test('has the name that is given, by the rules of a job file', async () => {
    const path = file('named.csv', 'a\n1\n');
    expect((await inferred(path, '--name', 'sales')).job).toMatchObject({
      name: 'sales',
      envelope: { eventType: 'SalesRecorded', resource: '/sales' },
    });
    expect(await forebay('infer', path, '--name', 'Big Sales')).toMatchObject({
      ...{
        code: 64,
        out: '',
        err: expect.stringMatching(/--name is "Big Sales"\. Allowed: lower-case letters/),
      },
    });
  });

  test('is plain data with --json', async () => {
    const { out } = await forebay('infer', file('json.csv', 'a b\n1\n'), '--json');
    expect(JSON.parse(out)).toMatchObject({
      ...{ name: 'json', cadence: 'once', format: { kind: 'csv', header: true } },
      contract: { columns: { a_b: { type: 'int', from: '"a b"' } } },
    });
  });

  test('is refused with the file, and there is none for an empty one', async () => {
    const refused = await forebay('infer', file('utf32.csv', Uint8Array.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0)));
    expect(refused).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/at byte 0: EncodingUnsupported/),
    });
    const empty = await forebay('infer', file('empty.csv', ''));
    expect(empty).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/has no field that a column could be made of/),
    });
    expect(await forebay('infer', join(dir, 'gone.csv'))).toMatchObject({ code: 64, out: '' });
  });
});

/** CSV by another hand: in quotes are all fields, or those that must be; null is nothing at all. */
const csvText = (
  delimiter: string,
  all: boolean,
  rows: ReadonlyArray<ReadonlyArray<string | null>>,
): string => {
  const cell = (value: string | null): string => {
    if (value === null) return '';
    const bare = !all && value !== '' && !/["'\r\n,;|\t]/.test(value);
    return bare ? value : `"${value.replaceAll('"', '""')}"`;
  };
  return rows.map((row) => `${row.map(cell).join(delimiter)}\n`).join('');
};

test('whatever table it is: the proposal loads, and reads the very file without a reject', async () => {
  const value = {
    int: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    decimal: fc.tuple(fc.nat(), fc.stringMatching(/^[0-9]{1,9}$/)).map(([n, f]) => `${n}.${f}`),
    double: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    date: fc
      .date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true })
      .map((d) => d.toISOString().slice(0, 10)),
    time: fc
      .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((d) => d.toISOString()),
    boolean: fc.boolean().map(String),
    digits: fc.stringMatching(/^[0-9]{1,6}$/),
    text: fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
    word: fc.constantFrom('NA', '\\N', '-', 'null', 'x'),
  };
  const kind = fc.constantFrom(...(Object.keys(value) as Array<keyof typeof value>));
  const name = fc.oneof(
    fc
      .string({ unit: 'binary', minLength: 1, maxLength: 8 })
      .filter((text) => text.trim() !== '' && !text.includes('\0')),
    fc.constantFrom(
      'id',
      'ID',
      'user',
      'current_date',
      '_fb',
      'metadata',
      'slice',
      '__proto__',
      'constructor',
      'a.b',
      '"',
      "it's",
      '/x',
      '@x',
      'from',
    ),
  );
  const column = fc.tuple(name, kind, fc.boolean());
  const table = fc
    .uniqueArray(column, { minLength: 1, maxLength: 5, selector: ([field]) => field })
    .chain((columns) =>
      fc.record({
        names: fc.constant(columns.map(([field]) => field)),
        delimiter: fc.constantFrom(',', ';', '\t', '|'),
        all: fc.boolean(),
        rows: fc.array(
          fc.tuple(
            ...columns.map(([, of, nullable]) =>
              nullable ? fc.option(value[of], { nil: null }) : value[of],
            ),
          ),
          { maxLength: 6 },
        ),
      }),
    );
  let n = 0;
  await fc.assert(
    fc.asyncProperty(table, async ({ names, delimiter, all, rows }) => {
      // a line of one empty field is no record
      const full = rows.filter((row) => row.some((text) => text !== null));
      const path = file(`table-${n++}.csv`, csvText(delimiter, all, [names, ...full]));
      const first = await forebay('infer', path, '--delimiter', delimiter);
      if (/no field that a column/.test(first.err)) return;
      const { path: job } = await inferred(path, '--delimiter', delimiter);
      const { code, out, err } = await forebay('read', path, '--job-file', job);
      expect([code, err]).toEqual([0, expect.stringMatching(/^\d+ records?, 0 rejected; /)]);
      expect(linesOf(out).length).toBeGreaterThanOrEqual(full.length);
    }),
    { numRuns: 40 },
  );
}, 180_000);

describe.skipIf(!existsSync(shared))('real files', () => {
  test.each([
    ['tweets.csv', 12_118, { id: 'bigint', created_at: 'timestamp', emojis: 'boolean', text: 'string' }],
    [
      'congress-terms.csv',
      18_635,
      { birthday: 'date', age: 'decimal(3,1)', suffix: 'string?', congress: 'int' },
    ],
    ['routes.dat', 67_663, { f2: 'int?', f7: 'string?', f8: 'int' }],
  ])(
    '%s is read without a reject by what is proposed for it',
    async (name, records, columns) => {
      const { text, path } = await inferred(join(shared, name));
      const lines = Object.entries(columns).map(([column, type]) => `${column}: '${type}'`);
      expect(columnsOf(text)).toEqual(expect.arrayContaining(lines));
      const { out, err } = await forebay('read', join(shared, basename(name)), '--job-file', path);
      expect(err).toMatch(new RegExp(`^${records.toLocaleString('en-US')} records, 0 rejected; `));
      expect(linesOf(out)).toHaveLength(records);
    },
    60_000,
  );
});
