import { expect, test } from 'vitest';
import { tableChanges } from '../../../cli/commands/jobs-diff.ts';
import { catalogColumns } from '../../../core/contract/output.ts';
import type { Column, ColumnPolicy, Job } from '../../../core/job/model.ts';
import { job as plainJob } from '../../support/world.ts';

const column = (name: string): Column => ({ name, type: { name: 'bigint' }, nullable: true, from: null });
const jobOf = (onNewColumn: ColumnPolicy, ...names: string[]): Job => ({
  ...plainJob,
  contract: { ...plainJob.contract, columns: names.map(column), onNewColumn },
});
/** Of a job that has had `id` and `qty`, with two columns that slices brought. */
const table = [
  ...catalogColumns(jobOf('evolve', 'id', 'qty')),
  { name: 'colour', type: 'string' },
  { name: 'size', type: 'double' },
];
const told = (deployed: Job | null, job: Job) =>
  tableChanges(deployed, job, table).map(({ name, change }) => `${name} ${change}`);

test('columns that slices brought are no change of a deploy, and do not go with it', () => {
  expect(told(jobOf('evolve', 'id', 'qty'), jobOf('evolve', 'id', 'qty'))).toEqual([]);
  expect(told(jobOf('evolve', 'id', 'qty'), jobOf('evolve', 'id', 'qty', 'price'))).toEqual(['price added']);
});

test('a column that leaves a contract which takes new ones is kept for slices that have its field', () => {
  expect(told(jobOf('evolve', 'id', 'Qty'), jobOf('evolve', 'id'))).toEqual(['qty kept']);
});

test('where a contract takes new columns no more, those that slices brought stay behind', () => {
  expect(told(jobOf('evolve', 'id', 'qty'), jobOf('discard-column', 'id', 'qty'))).toEqual([
    'colour left',
    'size left',
  ]);
});

test('a column that a slice brought can be named, in its type or a wider one', () => {
  const named = (word: 'double' | 'string' | 'bigint') => ({ ...column('size'), type: { name: word } });
  const job = jobOf('evolve', 'id', 'qty');
  const withSize = (word: 'double' | 'bigint') => ({
    ...job,
    contract: { ...job.contract, columns: [...job.contract.columns, named(word)] },
  });
  expect(told(job, withSize('double'))).toEqual([]);
  expect(told(job, withSize('bigint'))).toEqual(['size refused']);
});
