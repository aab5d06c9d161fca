/** Which columns a slice has beside those of its contract, and of which type. From docs/types.md and docs/job-file.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { parseType, typeWord } from '../../../core/contract/types.ts';
import type { Column, Contract, Job } from '../../../core/job/model.ts';
import { castAll } from '../../support/duck.ts';
import { columnsOf } from '../../support/survey.ts';
import { job as plainJob } from '../../support/world.ts';

const scratch = mkdtempSync(join(tmpdir(), 'forebay-columns-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const fresh = () => join(scratch, String(folders++));

const column = (name: string, word: string, from: string | null = null): Column => {
  const parsed = parseType(word);
  if (parsed === null) throw new Error(`${word} is no type`);
  return { name, ...parsed, from };
};
const jobOf = (columns: Column[], contract: Partial<Contract> = {}, more: Partial<Job> = {}): Job => ({
  ...plainJob,
  format: { kind: 'ndjson', header: null, required: false, encoding: 'utf-8' },
  ...more,
  contract: { ...plainJob.contract, columns, onNewColumn: 'evolve', onRetypedColumn: 'evolve', ...contract },
});
const job = jobOf([column('id', 'bigint')]);
const ndjson = (records: readonly object[]) =>
  Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));

/** What is decided of a slice whose records are these lines, in one file. */
async function decided(of: Job, lines: readonly string[], table: Record<string, string> = {}) {
  const { added, widened } = await columnsOf(of, {
    files: [Buffer.from(lines.map((line) => `${line}\n`).join(''))],
    table: Object.entries(table).map(([name, type]) => ({ name, type })),
    directory: fresh(),
  });
  const words = (columns: typeof added) =>
    Object.fromEntries(columns.map(({ name, type }) => [name, typeWord(type)]));
  return { added: words(added), widened: words(widened) };
}

const texts = (...all: Array<string | null>) => all.map((x, id) => JSON.stringify({ id, x }));

describe('a new column has the type that all its texts are printed in', () => {
  test.each<[type: string | null, texts: Array<string | null>]>([
    ['bigint', ['1']],
    ['bigint', ['0', '-1', '42']],
    ['bigint', ['9223372036854775807', '-9223372036854775808']],
    ['bigint', [null, '7', null]],
    ['string', ['00123']],
    ['string', ['1', '007']],
    ['string', ['+1']],
    ['string', ['1', '+1']],
    ['string', ['9223372036854775808', '1']],
    ['string', [' 1']],
    ['string', ['']],
    ['string', ['1_000']],
    ['string', ['1,5']],
    ['string', ['0x1F']],
    ['string', ['١']],
    ['double', ['1.5']],
    ['double', ['0.1', '-2.25', '3']],
    ['double', ['1.0', '2.0']],
    ['double', ['1e+21', '1e-7', '1e-07']],
    ['double', ['0.000001', '100000000000000000000']],
    ['double', ['-0', '1']],
    ['double', ['5e-324', '1.7976931348623157e+308']],
    ['string', ['1.50']],
    ['string', ['1.5', '01.5']],
    ['string', ['.5']],
    ['string', ['5.']],
    ['string', ['0.1000000000000000055511151231257827']],
    ['string', ['0.30000000000000001']],
    ['string', ['9007199254740993', '0.5']],
    ['double', ['9007199254740992', '0.5']],
    ['string', ['1e400']],
    ['string', ['1e-400', '0.5']],
    ['string', ['NaN']],
    ['string', ['inf', '0.5']],
    ['boolean', ['true', 'false', null]],
    ['string', ['true', '1']],
    ['string', ['True']],
    ['date', ['2026-02-28', '2024-02-29']],
    ['string', ['2026-02-29']],
    ['string', ['2026-2-28']],
    ['string', ['2026-02-28', '2026-02-28T00:00:00Z']],
    ['timestamp', ['2026-02-28T10:00:00Z', '2026-02-28 10:00+02', '2026-02-28T10:00:00.123456-0330']],
    ['string', ['2026-02-28T10:00:00']],
    ['string', ['2026-02-28T10:00:00Z', '2026-02-28T10:00:00']],
    ['string', ['2026-02-28T10:00:00.1234567Z']],
    ['string', ['2026-02-28T24:00:00Z']],
    ['string', ['Ann']],
    [null, [null, null]],
    [null, []],
  ])('%s: %j', async (type, all) => {
    expect(await decided(job, texts(...all))).toEqual({
      added: type === null ? {} : { x: type },
      widened: {},
    });
  });

  test('numbers, booleans and nested values of JSON are their texts', async () => {
    const lines = [
      '{"id":1,"n":1,"d":1.5,"e":1.50,"b":true,"o":{"a":[1]},"l":[1,2],"z":null,"big":12345678901234567890}',
      '{"id":2,"n":-5,"d":2,"e":1.5,"b":false,"o":{},"l":[]}',
    ];
    expect((await decided(job, lines)).added).toEqual({
      ...{ n: 'bigint', d: 'double', e: 'string', b: 'boolean', o: 'string', l: 'string', big: 'string' },
    });
  });

  test('they stand in the order in which their fields first come', async () => {
    const lines = ['{"id":1,"b":null,"a":1}', '{"c":1,"id":2,"b":1}'];
    expect(Object.keys((await decided(job, lines)).added)).toEqual(['b', 'a', 'c']);
  });

  test('what an expression, the filter or a path reads is no new column', async () => {
    const contract = { filter: 'length(status) > 1' };
    const reading = jobOf([column('id', 'bigint'), column('u', 'string', '/who/name')], contract);
    const lines = ['{"id":1,"who":{"name":"a"},"status":"ok","x":1}'];
    expect(await decided(reading, lines)).toEqual({ added: { x: 'bigint' }, widened: {} });
  });
});

describe('a column that the table has keeps its type, or gets a wider one', () => {
  test.each<[has: string, texts: string[], type: string]>([
    ['bigint', ['1.5'], 'bigint'],
    ['bigint', ['x'], 'bigint'],
    ['string', ['1'], 'string'],
    ['double', ['1'], 'double'],
    ['int', ['1'], 'int'],
    ['int', ['2147483647', '-2147483648'], 'int'],
    ['int', ['2147483648'], 'bigint'],
    ['int', ['-2147483649', 'x'], 'bigint'],
    ['int', ['9223372036854775808'], 'int'],
    ['tinyint', ['128'], 'smallint'],
    ['tinyint', ['32768'], 'int'],
    ['tinyint', ['+0127'], 'tinyint'],
    ['float', ['3e38'], 'float'],
    ['float', ['1e39'], 'double'],
    ['float', ['1e309'], 'float'],
    ['decimal(4,2)', ['123.45'], 'decimal(4,2)'],
    ['date', ['2026-01-01T00:00:00Z'], 'date'],
  ])('%s with %j: %s', async (has, all, type) => {
    expect((await decided(job, texts(...all), { id: 'bigint', x: has })).added).toEqual({ x: type });
  });

  test('the catalog has its name in lower case', async () => {
    expect((await decided(job, ['{"id":1,"Qty":1}'], { qty: 'string' })).added).toEqual({ Qty: 'string' });
  });

  test('a nested one that the contract does not name is refused', async () => {
    await expect(decided(job, texts('[1]'), { x: 'array<int>' })).rejects.toThrow(
      /^TableIncompatible: column x of the table is array<int>/,
    );
  });
});

describe('a column of the contract gets a type with room for what only a wider one takes', () => {
  test.each<[type: string, texts: string[], widened: string | null]>([
    ['int', ['1', '2147483647'], null],
    ['int', ['2147483648'], 'bigint'],
    ['int', ['99999999999999999999'], null],
    ['int', ['1.5'], null],
    ['int', ['x'], null],
    ['smallint', ['40000'], 'int'],
    ['bigint', ['9223372036854775808'], null],
    ['float', ['1e39'], 'double'],
    ['float', ['0.1', '1e38'], null],
    ['double', ['1e309'], null],
    ['decimal(4,2)', ['123456'], null],
    ['date', ['2026-01-01T00:00:00Z'], null],
  ])('%s with %j: %s', async (type, all, widened) => {
    const typed = jobOf([column('id', 'bigint'), column('x', type)]);
    expect((await decided(typed, texts(...all))).widened).toEqual(widened === null ? {} : { x: widened });
  });

  test('it keeps the wider type that an earlier slice gave it', async () => {
    const typed = jobOf([column('id', 'bigint'), column('x', 'int')]);
    expect((await decided(typed, texts('1'), { x: 'bigint' })).widened).toEqual({ x: 'bigint' });
    expect((await decided(typed, texts('1'), { x: 'smallint' })).widened).toEqual({});
    expect((await decided(typed, texts('1'), { x: 'string' })).widened).toEqual({});
  });

  test('behind a privacy rule its values alone decide', async () => {
    const columns = [column('id', 'bigint'), column('x', 'int')];
    const hashed = jobOf(columns, { onNewColumn: 'discard-column' }, { privacy: { x: 'hash' } });
    expect((await decided(hashed, texts('1'), { x: 'string' })).widened).toEqual({});
    expect((await decided(hashed, texts('2147483648'), { x: 'string' })).widened).toEqual({ x: 'bigint' });
  });

  test('one that is renamed or comes from a path counts, one that an expression makes does not', async () => {
    const typed = jobOf([
      ...[column('id', 'bigint'), column('a', 'int', 'x'), column('b', 'int', '/x')],
      column('c', 'int', 'id + 4000000000'),
    ]);
    const { added, widened } = await decided(typed, texts('2147483648'));
    expect({ added, widened }).toEqual({ added: {}, widened: { a: 'bigint', b: 'bigint' } });
  });
});

describe('each policy stands for itself', () => {
  const columns = [column('id', 'int')];
  const lines = ['{"id":2147483648,"x":1}'];
  test.each<[Partial<Contract>, object]>([
    [{ onNewColumn: 'discard-column' }, { added: {}, widened: { id: 'bigint' } }],
    [{ onRetypedColumn: 'discard-record' }, { added: { x: 'bigint' }, widened: {} }],
  ])('%j', async (contract, expected) => {
    expect(await decided(jobOf(columns, contract), lines)).toEqual(expected);
  });
});

describe('a field whose name cannot be a column of its own fails the slice', () => {
  const renamed = jobOf([
    column('id', 'bigint'),
    column('total', 'bigint', 'id + 1'),
    column('q', 'string', 'Qty'),
  ]);
  test.each<[line: string, message: RegExp]>([
    [
      '{"id":1,"order id":1}',
      /^ColumnNameInvalid: field 1 of those that nothing in the contract reads cannot be the name .*`from`/,
    ],
    ['{"id":1,"a":1,"a@example.org":1}', /^ColumnNameInvalid: field 2 of .* cannot/],
    ['{"id":1,"":1}', /^ColumnNameInvalid: field 1 of .* cannot/],
    ['{"id":1,"1st":null}', /^ColumnNameInvalid: field 1 of .* cannot/],
    [`{"id":1,"${'n'.repeat(200)}":1}`, /^ColumnNameInvalid: field 1 of .* cannot/],
    ['{"id":1,"Slice":1}', /^ColumnNameInvalid: field 'Slice' of .* has a name that every table has/],
    ['{"id":1,"a":1,"A":1}', /^ColumnNameInvalid: field 'A' of .* has the name of another column/],
    ['{"id":1,"ID":1}', /^ColumnNameInvalid: field 'ID' of .* has the name of another/],
    ['{"id":1,"total":1}', /^ColumnNameInvalid: field 'total' of .* has the name of another/],
    ['{"id":1,"qty":1}', /^ColumnNameInvalid: field 'qty' of .* has the name of another/],
  ])('%s', async (line, message) => {
    await expect(decided(renamed, [line])).rejects.toThrow(message);
  });

  test('so do more than a thousand new fields, which are data', async () => {
    const record = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, i]));
    await expect(decided(job, [JSON.stringify(record)])).rejects.toThrow(/^NamesTooMany: /);
  });
});

/** The shortest digits of a number, by JavaScript's own printing. */
const significant = (text: string) => text.replace(/^-|e.*$|[.]/g, '').replace(/^0+|0+$/g, '');

/** docs/types.md's words, without SQL. */
function typeOf(all: readonly string[]): string {
  const every = (holds: (text: string) => boolean) => all.every(holds);
  const isBigint = (text: string) =>
    /^(0|-?[1-9]\d*)$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  const isDouble = (text: string) =>
    /^-?(0|[1-9]\d*)([.]0|[.]\d*[1-9])?(e[+-]\d{1,3})?$/.test(text) &&
    Number.isFinite(Number(text)) &&
    significant(Number(text).toExponential()) === significant(text);
  const isDay = (text: string) => {
    const time = Date.parse(`${text}T00:00:00Z`);
    return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
  };
  const isInstant = (text: string) => {
    const [, day = '', time = ''] = /^(\d{4}-\d\d-\d\d)[T ](.*)$/.exec(text) ?? [];
    const clock = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.]\d{1,6})?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)$/;
    return isDay(day) && clock.test(time);
  };
  if (every(isBigint)) return 'bigint';
  if (every(isDouble)) return 'double';
  if (every((text) => text === 'true' || text === 'false')) return 'boolean';
  if (every((text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDay(text))) return 'date';
  return every(isInstant) ? 'timestamp' : 'string';
}

const someText = fc.oneof(
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.integer({ min: -200, max: 200 }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n.toExponential()),
  fc.boolean().map(String),
  fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }).chain((date) => {
    const text = date.toISOString();
    return fc.constantFrom(text.slice(0, 10), text, text.replace('T', ' '), text.replace('Z', '+01:00'));
  }),
  fc.constantFrom('00123', '+1', '1.50', '1.0', '-0', '1e3', '2026-02-30', '2026-01-01T00:00', 'x', ''),
);
/** Mostly of one kind, so that a common type is found at all. */
const someTexts = fc.oneof(
  fc.array(someText, { maxLength: 6 }),
  fc.array(fc.integer({ min: -200, max: 200 }).map(String), { maxLength: 12 }),
  fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }).map(String), { maxLength: 12 }),
);
const cell = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 4, arbitrary: fc.constant('text') },
);

test('F40 any files and shards of the same records give the same columns, and those that the words say', async () => {
  const records = fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), someTexts, { minKeys: 1 })
    .chain((columns) => {
      const names = Object.keys(columns);
      const longest = Math.max(...Object.values(columns).map(({ length }) => length), 1);
      return fc
        .array(fc.tuple(...names.map(() => cell)), { minLength: longest, maxLength: longest })
        .map((nulls) =>
          nulls.map((row, n) =>
            Object.fromEntries(
              names.map((name, i) => [name, row[i] === null ? null : (columns[name]?.[n] ?? null)]),
            ),
          ),
        );
    });
  await fc.assert(
    fc.asyncProperty(records, fc.nat({ max: 200 }), fc.nat(), async (rows, shardBytes, cut) => {
      const lines = rows.map((row, id) => ({ id, ...row }));
      const at = cut % (lines.length + 1);
      const whole = await columnsOf(job, { files: [ndjson(lines)], directory: fresh() });
      const files = [ndjson(lines.slice(0, at)), ndjson(lines.slice(at))];
      expect(await columnsOf(job, { files, shardBytes: shardBytes + 1, directory: fresh() })).toEqual(whole);
      const names = [...new Set(lines.flatMap((line) => Object.keys(line)))].filter((name) => name !== 'id');
      const expected = names.flatMap((name) => {
        const given = rows.flatMap((row) => row[name] ?? []);
        return given.length === 0 ? [] : [{ name, type: { name: typeOf(given) } }];
      });
      expect(whole).toEqual({ added: expected, widened: [] });
    }),
    { numRuns: 30 },
  );
}, 120_000);

test('F40 no text of a column is refused by the type that the slice decided on', async () => {
  await fc.assert(
    fc.asyncProperty(someTexts, async (all) => {
      const { added } = await decided(job, texts(...all));
      const refused = added.x === undefined ? all : await castAll(added.x, all);
      expect(refused.filter((value) => value === null || added.x === undefined)).toEqual([]);
    }),
    { numRuns: 30 },
  );
}, 120_000);

describe('the fields of each format', () => {
  const decide = async (of: Job, ...inputs: string[]) => {
    const files = inputs.map((input) => Buffer.from(input));
    const { added, widened } = await columnsOf(of, { files, directory: fresh() });
    return [...added, ...widened].map(({ name, type }) => `${name} ${typeWord(type)}`);
  };
  const id = column('id', 'bigint');
  const csv = jobOf([id], {}, { format: { ...plainJob.format, nulls: [''] } as Job['format'] });

  test('csv: those of each file, by its own header', async () => {
    const files = ['id,b\n1,2\n2,\n', 'b,id,c\n3,3,x\n4.5,4,\n', 'id\n5\n'];
    expect(await decide(csv, ...files)).toEqual(['b double', 'c string']);
  });

  test('csv: a field without a value is no column, and a quoted empty text is a value', async () => {
    expect(await decide(csv, 'id,b,c\n1,,""\n')).toEqual(['c string']);
  });

  test('csv: a row that the format refuses has no say', async () => {
    expect(await decide(csv, 'id,b\n1,2\n2,x,y\n3,4\n')).toEqual(['b bigint']);
  });

  test('ndjson of arrays: those of the first line', async () => {
    const arrays = jobOf(
      [id],
      {},
      { format: { kind: 'ndjson', header: 'first-line', required: false, encoding: 'utf-8' } },
    );
    expect(await decide(arrays, '["id","b"]\n[1,true]\n')).toEqual(['b boolean']);
  });

  test('json: members of the records at the path', async () => {
    const json = jobOf(
      [id],
      {},
      { format: { kind: 'json', path: '$.data', required: false, encoding: 'utf-8' } },
    );
    expect(await decide(json, '{"n":1,"data":[{"id":1,"d":"2026-01-01"},{"id":2,"d":null}]}')).toEqual([
      'd date',
    ]);
  });

  const xmlFormat: Job['format'] = {
    kind: 'xml',
    record: 'Obs',
    namespaces: 'strip',
    required: false,
    encoding: null,
  };

  test('xml: child elements; a value above the record is no new field', async () => {
    const xml = jobOf(
      [column('id', 'bigint', '@id'), column('freq', 'string', '../@FREQ')],
      {},
      { format: xmlFormat },
    );
    const file = '<S FREQ="A"><Obs id="1"><V>1.5</V></Obs><Obs id="2"><V>2</V><K/></Obs></S>';
    expect(await decide(xml, file)).toEqual(['V double', 'K string']);
  });

  test('xml: an attribute that the contract does not read is no name of a column', async () => {
    const xml = jobOf([column('V', 'bigint')], {}, { format: xmlFormat });
    await expect(decide(xml, '<S><Obs id="1"><V>1</V></Obs></S>')).rejects.toThrow(
      /^ColumnNameInvalid: field '@id' of .* cannot be the name of a column/,
    );
  });

  test('without case a field is one column, as it is first written, and none that the contract reads', async () => {
    const files = ['ID,Colour\n1,red\n', 'Id,COLOUR\n2,7\n'];
    const folding = jobOf([id], { names: 'ignore-case' }, { format: csv.format });
    expect(await decide(folding, ...files)).toEqual(['Colour string']);
    await expect(decide(csv, ...files)).rejects.toThrow(/^ColumnNameInvalid/);
  });

  test('without case a column of the contract gets wider by a field that is written otherwise', async () => {
    const folding = jobOf([column('qty', 'int')], { names: 'ignore-case' }, { format: csv.format });
    expect(await decide(folding, 'Qty\n1\n', 'QTY\n2147483648\n')).toEqual(['qty bigint']);
  });
});
