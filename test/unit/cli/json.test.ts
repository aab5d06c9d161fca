import { expect, test } from 'vitest';
import { jsonSql, objectSql } from '../../../cli/read/json.ts';
import { withDuckDB } from '../../../core/contract/duckdb.ts';

/** The JSON text of a value in SQL. */
const jsonOf = (sql: string): Promise<string> =>
  withDuckDB(async (duck) => {
    const type = (await duck.run(`SELECT ${sql} AS value`)).columnType(0);
    const reader = await duck.runAndReadAll(`SELECT ${jsonSql(type, 'value')} FROM (SELECT ${sql} AS value)`);
    return String(reader.getRows()[0]?.[0]);
  });

test.each([
  ['9223372036854775807', '9223372036854775807'],
  ['(-128)::TINYINT', '-128'],
  ['12345678901234567890.12345678901234567::DECIMAL(38,17)', '12345678901234567890.12345678901234567'],
  ['1.50::DECIMAL(10,2)', '1.50'],
  ['(-0.05)::DECIMAL(10,2)', '-0.05'],
  ['0::DECIMAL(1,1)', '0.0'],
  ['(-0.5)::DECIMAL(3,3)', '-0.500'],
  ['0.1::DOUBLE', '0.1'],
  ['0.1::FLOAT', '0.1'],
  ['true', 'true'],
  ['NULL::INTEGER', 'null'],
  ['NULL::VARCHAR', 'null'],
  ["DATE '2026-03-01'", '"2026-03-01"'],
  ["TIMESTAMP '2026-03-01 09:30:00'", '"2026-03-01T09:30:00Z"'],
  ["TIMESTAMP '0001-01-01 00:00:00.000001'", '"0001-01-01T00:00:00.000001Z"'],
  [`'a"b\\c' || chr(10) || chr(1) || 'é😀'`, '"a\\"b\\\\c\\n\\u0001é😀"'],
  ["''", '""'],
])('%s is %s', async (sql, json) => {
  expect(await jsonOf(sql)).toBe(json);
});

test.each([
  ['[1.10::DECIMAL(5,2), NULL]', '[1.10,null]'],
  ['[]::INTEGER[]', '[]'],
  ['NULL::INTEGER[]', 'null'],
  ["{'a b': 1, 'c': NULL::VARCHAR}", '{"a b":1,"c":null}'],
  ['NULL::STRUCT(a INTEGER)', 'null'],
  [
    "[{'a': [[1.10::DECIMAL(5,2)], []], 'b': DATE '2026-03-01'}, NULL]",
    '[{"a":[[1.10],[]],"b":"2026-03-01"},null]',
  ],
  ["MAP {'a\"b': [1.10::DECIMAL(5,2)], 'c': NULL}", '{"a\\"b":[1.10],"c":null}'],
  ["MAP {'a': MAP {'b': {'c': 1.50::DECIMAL(5,2)}}}", '{"a":{"b":{"c":1.50}}}'],
  ['MAP {}::MAP(VARCHAR, INTEGER)', '{}'],
])('%s, nested, is %s', async (sql, json) => {
  expect(await jsonOf(sql)).toBe(json);
});

test('a double of any size is read back as itself', async () => {
  for (const value of [1e20, 1e-7, 5e-324, 1.7976931348623157e308, -0, 1 / 3, 123456789.125]) {
    const text = await jsonOf(`CAST('${Object.is(value, -0) ? '-0.0' : value}' AS DOUBLE)`);
    expect(JSON.parse(text)).toBe(value);
  }
});

test('a member whose text is null is left out, and an object without members is {}', () =>
  withDuckDB(async (duck) => {
    const sql = objectSql([
      { name: 'a"', json: "'1'" },
      { name: 'b', json: 'NULL' },
    ]);
    const reader = await duck.runAndReadAll(`SELECT ${sql}, ${objectSql([])}`);
    expect(reader.getRows()).toEqual([['{"a\\"":1}', '{}']]);
  }));
