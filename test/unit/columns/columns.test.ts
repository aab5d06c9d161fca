/** Columns: what it makes of the surveys' records, and that its first decision stands. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../../aws/interfaces.ts';
import { type FieldSurvey, noTexts, type Survey } from '../../../core/contract/survey.ts';
import type { Job } from '../../../core/job/model.ts';
import { columnsKey } from '../../../core/storage.ts';
import { type ColumnsDeps, columns } from '../../../tasks/columns/columns.ts';
import type { ColumnsInput } from '../../../tasks/columns/contract.ts';
import { recordFailure } from '../../../tasks/record-failure/record-failure.ts';
import { runOf } from '../../support/envelope.ts';
import { memoryLedger } from '../../support/memory-ledger.ts';
import { nothingDecided } from '../../support/nothing-before.ts';
import { job as plainJob } from '../../support/world.ts';

const job: Job = { ...plainJob, contract: { ...plainJob.contract, onNewColumn: 'evolve' } };
const run = runOf(job);
const field = (name: string, ...forms: FieldSurvey['forms']): FieldSurvey => ({
  ...noTexts(name),
  ...{ any: true, forms },
});
const input = {
  ...{ outcome: 'held', run, discovered: 'new' },
  objects: { bucket: 'ops', key: 'objects.json', digest: 'd', count: 1 },
  shards: { bucket: 'ops', key: 'shards.json', count: 2 },
} as ColumnsInput;

let ledger: Ledger;
let surveys: Survey[];
let table: Array<{ name: string; type: string }> | null;
let kept: Map<string, Buffer>;
let deps: ColumnsDeps;

beforeEach(() => {
  ledger = memoryLedger();
  surveys = [
    { unread: [field('a', 'bigint', 'double'), field('b', 'date')], read: [] },
    { unread: [field('c', 'boolean'), field('a', 'double')], read: [] },
  ];
  table = null;
  kept = new Map();
  deps = {
    ...{ ...ledger, ...nothingDecided },
    traceTask: async () => undefined,
    now: () => new Date('2026-03-02T12:00:00.000Z'),
    readJob: async () => job,
    readShards: async () => [{ n: 0 }, { n: 1 }] as never,
    readSurvey: async (_run, n) => surveys[n] as Survey,
    getTable: async (name) =>
      table && { ...{ name, columns: table, location: '', parameters: {} }, versionId: '1' },
    keepOps: async (key, body) => {
      const there = kept.get(key) ?? body;
      kept.set(key, there);
      return there;
    },
  };
});

const surveyed = (n: number) =>
  ledger.putSurvey(run.runId, { n, ...{ status: 'done', error: null, trace: null } });
const decision = () => JSON.parse(String(kept.get(columnsKey(run.job, run.runId))));

test('it decides from all shards, and hands on what it got', async () => {
  await Promise.all([surveyed(0), surveyed(1)]);
  expect(await columns(deps, { ...input, attempt: 0 })).toEqual(input);
  expect(decision()).toEqual({
    added: [
      { name: 'a', type: { name: 'double' } },
      { name: 'b', type: { name: 'date' } },
      { name: 'c', type: { name: 'boolean' } },
    ],
    widened: [],
  });
});

test('a repeat keeps the first decision, though another slice changed the table meanwhile', async () => {
  await Promise.all([surveyed(0), surveyed(1)]);
  await columns(deps, input);
  const first = decision();
  table = [{ name: 'a', type: 'string' }];
  await columns(deps, { ...input, attempt: 1 });
  expect(decision()).toEqual(first);
});

describe('no shard goes missing', () => {
  const fails = (n: number, name: string) =>
    recordFailure(ledger, {
      ...{ run, failed: { survey: n } },
      error: { Error: name, Cause: JSON.stringify({ errorMessage: `${name}: it broke` }) },
    });

  test('one that failed raises its cause, by the first number', async () => {
    await fails(1, 'MemoryExceeded');
    await fails(0, 'DiskFull');
    await expect(columns(deps, input)).rejects.toThrow(
      /^DiskFull: it broke \(2 of 2 surveys failed, first number 0\)$/,
    );
    expect(kept.size).toBe(0);
  });

  test('one that says nothing is ShardIncomplete', async () => {
    await surveyed(0);
    await expect(columns(deps, input)).rejects.toThrow(/^ShardIncomplete: shard 1 of r1 .* Survey/);
    expect(kept.size).toBe(0);
  });

  test('a failure that is told behind the work leaves it done', async () => {
    await Promise.all([surveyed(0), surveyed(1)]);
    await fails(1, 'ServiceUnavailable');
    await columns(deps, input);
    expect(decision().added).toHaveLength(3);
  });
});
