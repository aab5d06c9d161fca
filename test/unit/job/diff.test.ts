import { expect, test } from 'vitest';
import { jobChanges } from '../../../core/job/diff.ts';
import { job as plainJob } from '../../support/world.ts';

test('a job does not differ from itself, whatever the order of its columns', () => {
  const { contract } = plainJob;
  const turned = { ...plainJob, contract: { ...contract, columns: contract.columns.toReversed() } };
  expect(jobChanges(plainJob, structuredClone(plainJob))).toEqual([]);
  expect(jobChanges(plainJob, turned)).toEqual([]);
});

test('each field that differs is named, with what it was and what it is', () => {
  const [first, ...others] = plainJob.contract.columns;
  if (first === undefined) throw new Error('a job has columns');
  const columns = [{ ...first, nullable: !first.nullable }, ...others];
  const after = {
    ...plainJob,
    schedule: 'rate(1 day)',
    contract: { ...plainJob.contract, columns, key: ['a', 'b'] },
  };
  expect(jobChanges(plainJob, after)).toEqual([
    { field: `contract.columns.${first.name}.nullable`, before: first.nullable, after: !first.nullable },
    { field: 'contract.key', before: plainJob.contract.key, after: ['a', 'b'] },
    { field: 'schedule', before: undefined, after: 'rate(1 day)' },
  ]);
});

test('of a new job every field is new', () => {
  const changes = jobChanges(null, plainJob);
  expect(changes).toContainEqual({ field: 'name', before: undefined, after: plainJob.name });
  expect(changes.every(({ before }) => before === undefined)).toBe(true);
});
