import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allowedFunctions } from '../../../core/contract/functions.ts';
import { scalarNames } from '../../../core/contract/types.ts';
import { castAll } from '../../support/duck.ts';

/** By type: text, and what it is in canonical text; null: refused. From docs/types.md, IEEE 754 and ISO 8601. */
const edges: Record<string, Array<[string, string | null]>> = {
  boolean: [
    ['true', 'true'],
    ['false', 'false'],
    ['True', 'true'],
    ['FALSE', 'false'],
    ['1', null],
    ['0', null],
    ['t', null],
    ['yes', null],
    ['', null],
    [' true', null],
    ['true ', null],
    ['truefalse', null],
  ],
  tinyint: [
    ['127', '127'],
    ['-128', '-128'],
    ['+5', '5'],
    ['007', '7'],
    ['-0', '0'],
    ['128', null],
    ['-129', null],
    ['1.0', null],
    ['1e1', null],
    ['0x1F', null],
    ['', null],
    [' 1', null],
    ['1 ', null],
    ['--1', null],
    ['١', null],
    ['1_0', null],
  ],
  smallint: [
    ['32767', '32767'],
    ['-32768', '-32768'],
    ['32768', null],
    ['-32769', null],
    ['12.7', null],
  ],
  int: [
    ['2147483647', '2147483647'],
    ['-2147483648', '-2147483648'],
    ['2147483648', null],
    ['-2147483649', null],
    ['12.7', null],
    ['1,000', null],
    ['0b1', null],
    ['00000000000000000000000000000001', '1'],
  ],
  bigint: [
    ['9223372036854775807', '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['9223372036854775808', null],
    ['-9223372036854775809', null],
    ['901656910939770881', '901656910939770881'],
    ['12345678901234567890', null],
    ['1e18', null],
  ],
  float: [
    ['1', '1.0'],
    ['0.1', '0.1'],
    ['-.5', '-0.5'],
    ['5.', '5.0'],
    ['1e10', '1e+10'],
    ['16777217', '16777216.0'],
    ['3.4028235e38', '3.4028235e+38'],
    ['1e39', null],
    ['1e-60', '0.0'],
    ['NaN', null],
    ['Infinity', null],
    ['inf', null],
    ['1e', null],
    ['e1', null],
    ['.', null],
    ['', null],
    ['1 ', null],
  ],
  double: [
    ['0.1', '0.1'],
    ['1e308', '1e+308'],
    ['1e309', null],
    ['1e400', null],
    ['-1e400', null],
    ['1e-400', '0.0'],
    ['9007199254740993', '9007199254740992.0'],
    ['+1.5E-3', '0.0015'],
    ['nan', null],
    ['-Infinity', null],
    ['0x1p3', null],
    ['1,5', null],
  ],
  'decimal(10,2)': [
    ['12.50', '12.50'],
    ['12.5', '12.50'],
    ['12', '12.00'],
    ['.5', '0.50'],
    ['-0.01', '-0.01'],
    ['+3', '3.00'],
    ['99999999.99', '99999999.99'],
    ['100000000', null],
    ['1.005', null],
    ['1.500', null],
    ['5.', null],
    ['1e2', null],
    ['', null],
    ['.', null],
    ['1.2.3', null],
    ['0000000000000012.34', '12.34'],
  ],
  'decimal(38,10)': [
    ['1234567890123456789012345678.0123456789', '1234567890123456789012345678.0123456789'],
    ['9999999999999999999999999999.9999999999', '9999999999999999999999999999.9999999999'],
    ['10000000000000000000000000000', null],
    ['0.01234567891', null],
  ],
  'decimal(5,0)': [
    ['99999', '99999'],
    ['100000', null],
    ['1.0', null],
    ['-1', '-1'],
  ],
  'decimal(3,3)': [
    ['0.999', '0.999'],
    ['.999', '0.999'],
    ['1', null],
    ['0', '0.000'],
    ['0.9999', null],
  ],
  string: [
    ['', ''],
    [' a ', ' a '],
    ['é', 'é'],
    ['é', 'é'],
    ['NULL', 'NULL'],
    ['=cmd|x', '=cmd|x'],
    ['a\nb', 'a\nb'],
  ],
  date: [
    ['2026-03-01', '2026-03-01'],
    ['2024-02-29', '2024-02-29'],
    ['2026-02-29', null],
    ['1900-02-29', null],
    ['2000-02-29', '2000-02-29'],
    ['0001-01-01', '0001-01-01'],
    ['0000-12-31', null],
    ['9999-12-31', '9999-12-31'],
    ['10000-01-01', null],
    ['2026-13-01', null],
    ['2026-00-10', null],
    ['2026-01-32', null],
    ['2026-1-1', null],
    ['20260301', null],
    ['2026/03/01', null],
    ['2026-03-01T00:00', null],
    ['epoch', null],
    ['infinity', null],
    ['', null],
    ['-2026-01-01', null],
  ],
  timestamp: [
    ['2026-03-01T09:30:00Z', '2026-03-01 09:30:00'],
    ['2026-03-01 09:30:00', '2026-03-01 09:30:00'],
    ['2026-03-01T09:30', '2026-03-01 09:30:00'],
    ['2026-03-01T09:30Z', '2026-03-01 09:30:00'],
    ['2026-03-01T09:30+02', '2026-03-01 07:30:00'],
    ['2026-03-01T09:30:00+0230', '2026-03-01 07:00:00'],
    ['2026-03-01T09:30:00-05:30', '2026-03-01 15:00:00'],
    ['2026-03-01T09:30:00.5Z', '2026-03-01 09:30:00.5'],
    ['2026-03-01T09:30:00.123456', '2026-03-01 09:30:00.123456'],
    ['2026-03-01T09:30:00.1234567', null],
    ['2026-03-01T24:00:00', null],
    ['2026-03-01T23:59:59', '2026-03-01 23:59:59'],
    ['2026-03-01T23:59:60Z', null],
    ['2026-03-01T09:60', null],
    ['2026-03-01', null],
    ['2026-02-29T00:00:00', null],
    ['0001-01-01T00:00:00Z', '0001-01-01 00:00:00'],
    ['0001-01-01T00:00:00+01', null],
    ['9999-12-31T23:59:59.999999', '9999-12-31 23:59:59.999999'],
    ['9999-12-31T23:59:59-01', null],
    ['0000-06-01T00:00:00', null],
    ['2026-03-01T09:30:00z', null],
    ['2026-03-01t09:30:00', null],
    ['2026-03-01  09:30:00', null],
    ['2026-03-01T09:30:00 Z', null],
    ['2026-03-01T09:30:00+24:00', null],
    ['2026-03-01T09:30:00+02:60', null],
    ['2026-03-01T09:30:00 Europe/Paris', null],
    ['1772357400', null],
    ['', null],
    ['now', null],
    ['2026-03-01T09:30:00.', null],
    ['2026-03-01T09', null],
  ],
};

/** How a value is printed is not the point here: `1e+10` is `10000000000.0`, and `.5` is `0.5`. */
function canonical(word: string, value: string | null): string | number | null {
  if (value === null) return null;
  if (word === 'float' || word === 'double') return Number(value);
  return value.replace(/^(-?)\./, '$10.');
}

describe.each(Object.entries(edges))('%s', (word, rows) => {
  test('takes what its grammar says, exactly, and refuses all else', async () => {
    const cast = await castAll(
      word,
      rows.map(([text]) => text),
    );
    const same = (value: string | null | undefined) => canonical(word, value ?? null);
    expect(rows.map(([text], i) => [text, same(cast[i])])).toEqual(
      rows.map(([text, value]) => [text, same(value)]),
    );
  });
});

/** From the tz database: the hours around the changes of the clock. */
const walls: Array<[string, string, string | null]> = [
  ['Europe/Amsterdam', '2026-03-29 01:59:59', '2026-03-29 00:59:59'],
  ['Europe/Amsterdam', '2026-03-29 02:00:00', null],
  ['Europe/Amsterdam', '2026-03-29 02:59:59', null],
  ['Europe/Amsterdam', '2026-03-29 03:00:00', '2026-03-29 01:00:00'],
  ['Europe/Amsterdam', '2026-10-25 01:59:59', '2026-10-24 23:59:59'],
  ['Europe/Amsterdam', '2026-10-25 02:30:00', '2026-10-25 00:30:00'],
  ['Europe/Amsterdam', '2026-10-25 03:00:00', '2026-10-25 02:00:00'],
  ['Europe/Amsterdam', '2026-10-25T02:30:00+01:00', '2026-10-25 01:30:00'],
  ['America/New_York', '2026-11-01 01:30:00', '2026-11-01 05:30:00'],
  ['America/New_York', '2026-03-08 02:30:00', null],
  ['Australia/Lord_Howe', '2026-04-05 01:45:00', '2026-04-04 14:45:00'],
  ['Asia/Kolkata', '2026-03-01 00:00:00', '2026-02-28 18:30:00'],
];

test.each(walls)("in %s, '%s' is %s in UTC", async (timezone, text, utc) => {
  expect(await castAll('timestamp', [text], timezone)).toEqual([utc]);
});

test('docs/types.md has a section for every type, and every function that expressions may call', () => {
  const docs = readFileSync(new URL('../../../docs/types.md', import.meta.url), 'utf8');
  const sections = [...docs.matchAll(/^## (\S+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual([
    ...[...scalarNames.slice(0, 7), 'decimal', ...scalarNames.slice(7)],
    ...['struct', 'list', 'map', 'Expressions'],
  ]);
  const words = [...allowedFunctions].filter((name) => /^[a-z]/.test(name));
  const listed = [...(docs.split('these functions')[1] ?? '').matchAll(/`([a-z_0-9]+)`/g)].map(
    ([, name]) => name,
  );
  expect(listed.sort()).toEqual(words.sort());
});
