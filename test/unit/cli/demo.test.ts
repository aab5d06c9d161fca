import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { makeDay } from '../../../scripts/demo/orders.ts';

const spec = { slice: '2026-03-02', seed: 2, records: 2_000, bad: 14, tests: 5 };

test("the demo's files are the same bytes at each call, and others for another seed", () => {
  expect(makeDay(spec).csv).toBe(makeDay(spec).csv);
  expect(makeDay({ ...spec, seed: 3 }).csv).not.toBe(makeDay(spec).csv);
});

test('what the generator says of its records is what they are', () => {
  const { csv, expected } = makeDay(spec);
  const [head, ...rows] = parse(csv, { relax_column_count: true }) as string[][];
  expect(head).toEqual(['order_id', 'placed_at', 'qty', 'price', 'email', 'note', 'status']);
  const isBad = (row: string[]) =>
    row.length !== 7 ||
    !/^\d{1,19}$/.test(row[0] ?? '') ||
    (row[1] ?? '').startsWith('2026-02-30') ||
    !/^\d+$/.test(row[2] ?? '') ||
    !/^\d+\.\d\d$/.test(row[3] ?? '') ||
    row[4] === '';
  const bad = rows.filter(isBad).length;
  const tests = rows.filter((row) => !isBad(row) && row[6] === 'test').length;
  expect(expected).toEqual({ read: 2_000, written: 2_000 - bad - tests, rejected: bad, filtered: tests });
  expect([bad, tests]).toEqual([14, 5]);
});

test('no order has the id of another', () => {
  const rows = parse(makeDay(spec).csv, { relax_column_count: true }) as string[][];
  const ids = rows.slice(1).map(([id]) => id);
  const doubles = ids.filter((id, i) => ids.indexOf(id) !== i && id !== '12345678901234567890');
  expect(doubles).toEqual([]);
});
