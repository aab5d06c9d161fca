import { expect, test } from 'vitest';
import { isPath, pathsOf } from '../../../core/contract/paths.ts';
import type { Column } from '../../../core/job/model.ts';
import { job } from '../../support/world.ts';

const column = (from: string | null): Column => ({
  name: 'c',
  type: { name: 'string' },
  nullable: true,
  from,
});

test('a path is told from SQL by how it begins', () => {
  expect(['/a', '@a', './a', '../a'].map(isPath)).toEqual([true, true, true, true]);
  expect(['a', '"../a"', '.5 + a', '(a)', "'/a'"].map(isPath)).toEqual([false, false, false, false, false]);
});

test('the paths of a contract are those of its columns, and those named in its expressions and its filter', () => {
  const columns = [
    column(null),
    column('qty * 2'),
    column("../Key/Value[@id='FREQ']/@value"),
    column(`upper("../H""x") || "../@a" || "plain"`),
  ];
  const contract = { ...job.contract, columns, filter: `"../../T" <> 'x' AND "../@a" IS NOT NULL` };
  expect(pathsOf(contract)).toEqual(["../Key/Value[@id='FREQ']/@value", '../H"x', '../@a', '../../T']);
});
