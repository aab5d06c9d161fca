/** Against plain arithmetic on bigints and calendars: the beginning of the interval that holds the value. */
import { expect, test } from 'vitest';
import { withDuckDB } from '../../../core/contract/duckdb.ts';
import { type ColumnType, duckdbType, parseType } from '../../../core/contract/types.ts';
import { generalised, type Interval, intervalProblem } from '../../../core/privacy/generalise.ts';

const typeOf = (word: string): ColumnType => parseType(word)?.type ?? expect.fail(`no type ${word}`);

/** The values behind the rule, in text, with the type that DuckDB gives them. */
const behind = (word: string, to: Interval, values: readonly string[]) =>
  withDuckDB(async (duck) => {
    const type = typeOf(word);
    await duck.run(`CREATE TEMP TABLE t (i INTEGER, v ${duckdbType(type)})`);
    for (const [i, value] of values.entries()) await duck.run(`INSERT INTO t VALUES (${i}, ${value})`);
    const sql = generalised('v', type, to);
    const reader = await duck.runAndReadAll(
      `SELECT CAST(${sql} AS VARCHAR), typeof(${sql}) = typeof(v) FROM t ORDER BY i`,
    );
    const rows = reader.getRows();
    expect(rows.every(([, same]) => same)).toBe(true);
    // DuckDB writes no 0 in front of the point where the type has no digit there.
    return rows.map(([text]) => (text === null ? null : String(text).replace(/^(-?)\./, '$10.')));
  });

/** Largest multiple of the width that is no greater, but never below the lowest. */
function floor(value: bigint, width: bigint, lowest: bigint): bigint {
  const rest = ((value % width) + width) % width;
  const begin = value - rest;
  return begin < lowest ? lowest : begin;
}

/** All values of the small types, and the edges and the middle of the large ones. */
function samples(lowest: bigint, highest: bigint): bigint[] {
  if (highest - lowest < 300n) {
    return Array.from({ length: Number(highest - lowest) + 1 }, (_, i) => lowest + BigInt(i));
  }
  const around = (middle: bigint) => Array.from({ length: 25 }, (_, i) => middle + BigInt(i - 12));
  return [lowest + 12n, 0n, highest - 12n, highest / 3n, lowest / 3n].flatMap(around);
}

test.each([
  ['tinyint', 2, 8],
  ['tinyint', 10, 8],
  ['tinyint', 127, 8],
  ['smallint', 7, 16],
  ['smallint', 32_767, 16],
  ['int', 1_000, 32],
  ['int', 2_147_483_647, 32],
  ['bigint', 3, 64],
  ['bigint', 9_007_199_254_740_991, 64],
])('a %s in intervals of %d begins where arithmetic says', async (word, width, bits) => {
  const lowest = -(2n ** BigInt(bits - 1));
  const values = samples(lowest, -lowest - 1n);
  const expected = values.map((value) => String(floor(value, BigInt(width), lowest)));
  expect(
    await behind(
      word,
      width,
      values.map((value) => `'${value}'`),
    ),
  ).toEqual(expected);
});

const decimalText = (units: bigint, scale: number): string => {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const cut = digits.length - scale;
  return `${units < 0n ? '-' : ''}${digits.slice(0, cut)}${scale === 0 ? '' : `.${digits.slice(cut)}`}`;
};

test.each([
  ['decimal(4,2)', 10, 1_000n],
  ['decimal(4,2)', 0.02, 2n],
  ['decimal(4,2)', 99.99, 9_999n],
  ['decimal(2,2)', 0.3, 30n],
  ['decimal(10,3)', 2.5, 2_500n],
  ['decimal(18,0)', 7, 7n],
  ['decimal(38,0)', 7, 7n],
  ['decimal(38,2)', 0.05, 5n],
  ['decimal(38,2)', 9_007_199_254_740_991, 900_719_925_474_099_100n],
  ['decimal(38,38)', 0.000_5, 5n * 10n ** 34n],
])('a %s in intervals of %d begins where arithmetic says', async (word, width, units) => {
  const type = typeOf(word);
  if (type.name !== 'decimal') throw new Error('no decimal');
  const highest = 10n ** BigInt(type.precision) - 1n;
  const values = samples(-highest, highest);
  const expected = values.map((value) => decimalText(floor(value, units, -highest), type.scale));
  expect(
    await behind(
      word,
      width,
      values.map((value) => `'${decimalText(value, type.scale)}'`),
    ),
  ).toEqual(expected);
});

test.each(['float', 'double'])('a %s in whole intervals loses its fraction and no more', async (word) => {
  const values = ['0', '-0.0', '0.99', '1', '9.999', '10', '-0.01', '-10', '-10.5', '123456.7'];
  const expected = ['0.0', '0.0', '0.0', '0.0', '0.0', '10.0', '-10.0', '-10.0', '-20.0', '123450.0'];
  expect(await behind(word, 10, values)).toEqual(expected);
});

test('the values of one interval of a double become one value, also where the width is not exact in it', async () => {
  const values = Array.from({ length: 40 }, (_, i) => `2::DOUBLE ** 60 + ${i * 256}`);
  const found = (await behind('double', 1_000, values)).map(Number);
  // Doubles near 2^60 are 256 apart: each begins less than a width, and that step, below its value.
  for (const [i, begin] of found.entries()) {
    const below = 2 ** 60 + i * 256 - begin;
    expect(below).toBeGreaterThanOrEqual(-256);
    expect(below).toBeLessThan(1_256);
  }
  expect(new Set(found).size).toBeLessThanOrEqual(12);
  expect(await behind('double', 3, ['1.7976931348623157e308', '-1.7976931348623157e308'])).toEqual([
    '1.7976931348623157e+308',
    '-1.7976931348623157e+308',
  ]);
});

test.each<[string, Interval, string, string]>([
  ['date', 'month', "'2024-02-29'", '2024-02-01'],
  ['date', 'month', "'0001-01-31'", '0001-01-01'],
  ['date', 'year', "'2024-02-29'", '2024-01-01'],
  ['date', 'year', "'9999-12-31'", '9999-01-01'],
  ['date', 'month', "'1969-12-31'", '1969-12-01'],
  ['timestamp', 'day', "'2026-03-29 23:59:59.999999'", '2026-03-29 00:00:00'],
  ['timestamp', 'day', "'1969-12-31 00:00:00.000001'", '1969-12-31 00:00:00'],
  ['timestamp', 'month', "'2026-03-29 12:00:00'", '2026-03-01 00:00:00'],
  ['timestamp', 'year', "'0001-06-01 12:00:00'", '0001-01-01 00:00:00'],
  ['timestamp', 'year', "'9999-12-31 23:59:59.999999'", '9999-01-01 00:00:00'],
])('a %s by the %s: %s becomes %s', async (word, to, value, expected) => {
  expect(await behind(word, to, [value])).toEqual([expected]);
});

test.each<[string, Interval]>([
  ['int', 10],
  ['decimal(10,2)', 0.5],
  ['double', 10],
  ['date', 'year'],
  ['timestamp', 'day'],
])('a null %s stays null', async (word, to) => {
  expect(await behind(word, to, ['NULL'])).toEqual([null]);
});

test.each<[string, Interval, string | null]>([
  ['tinyint', 2, null],
  ['tinyint', 127, null],
  ['tinyint', 128, 'a whole number, above 1 and within tinyint'],
  ['int', 1, 'a whole number, above 1 and within int'],
  ['int', 2.5, 'a whole number, above 1 and within int'],
  ['int', 'year', 'a whole number, above 1 and within int'],
  ['bigint', 2 ** 53, 'a whole number, above 1 and within bigint'],
  ['decimal(10,2)', 0.02, null],
  [
    'decimal(10,2)',
    0.01,
    'a number of at most 2 digits behind the point, above 0.01 and within decimal(10,2)',
  ],
  [
    'decimal(10,2)',
    0.125,
    'a number of at most 2 digits behind the point, above 0.01 and within decimal(10,2)',
  ],
  ['decimal(4,2)', 100, 'a number of at most 2 digits behind the point, above 0.01 and within decimal(4,2)'],
  [
    'decimal(38,38)',
    1e-7,
    'a number of at most 38 digits behind the point, above 0.00000000000000000000000000000000000001 and within decimal(38,38)',
  ],
  ['float', 1, null],
  ['float', 2 ** 24 + 2, 'a whole number from 1 to 16777216'],
  ['double', 0.5, 'a whole number from 1 to 9007199254740992'],
  ['double', 'day', 'a whole number from 1 to 9007199254740992'],
  ['date', 'month', null],
  ['date', 'day', "'month' or 'year'"],
  ['date', 7, "'month' or 'year'"],
  ['timestamp', 'day', null],
  ['timestamp', 3_600, "'day', 'month' or 'year'"],
  ['string', 3, 'a column of numbers, dates or timestamps'],
])('for %s, %s: %s', (word, to, problem) => {
  expect(intervalProblem(typeOf(word), to)).toBe(problem);
});
