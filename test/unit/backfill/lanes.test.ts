import { expect, test } from 'vitest';
import { lanesOf, maxSlicesOfChild, runName, runNames } from '../../../core/backfill/lanes.ts';

const items = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ n, slice: `s${n}`, action: 'load' as const }));
const numbers = (children: ReturnType<typeof lanesOf>) => children.map((child) => child.map(({ n }) => n));

test('each lane takes every so-manieth slice, so that all lanes together keep the order', () => {
  expect(numbers(lanesOf(items(5), 2))).toEqual([
    [0, 2, 4],
    [1, 3],
  ]);
  expect(numbers(lanesOf(items(2), 4))).toEqual([[0], [1]]);
  expect(lanesOf([], 3)).toEqual([]);
});

test('as many children as lanes take what their histories hold, and further ones what follows', () => {
  const lanes = 4;
  const count = lanes * maxSlicesOfChild;
  expect(lanesOf(items(count), lanes)).toHaveLength(lanes);
  const children = numbers(lanesOf(items(count + 2), lanes));
  expect(children.map((child) => child.length)).toEqual([...Array(lanes).fill(maxSlicesOfChild), 1, 1]);
  expect(children.slice(-2)).toEqual([[count], [count + 1]]);
  expect(children.flat().sort((a, b) => a - b)).toEqual(items(count + 2).map(({ n }) => n));
});

test('a run has a name that is the same for each repeat, another for each try, slice and backfill, and one that AWS takes', () => {
  const names = [
    runName('b1', '2026-03-01', 1),
    runName('b1', '2026-03-01', 2),
    runName('b1', '2026-03-02', 1),
    runName('b2', '2026-03-01', 1),
  ];
  expect(new Set(names).size).toBe(4);
  expect(runName('b1', '2026-03-01', 1)).toBe(names[0]);
  for (const name of names) expect(name).toMatch(/^b-[0-9a-f]{32}-\d$/);
  expect(names.filter((name) => name.startsWith(runNames('b1', '2026-03-01')))).toHaveLength(2);
});
