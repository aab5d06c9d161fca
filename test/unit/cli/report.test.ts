import { expect, test } from 'vitest';
import { nextCommand, runReport, succeeded } from '../../../cli/report.ts';
import type {
  ObjectRecord,
  RunRecord,
  ShardRecord,
  SinkRecord,
  SurveyRecord,
  TaskMetrics,
} from '../../../core/ledger.ts';

const at = (second: number) => `2026-03-02T00:00:${String(second).padStart(2, '0')}.000Z`;
const trace = (from: number, to: number, metrics: TaskMetrics = {}, attempt = 1) => ({
  startedAt: at(from),
  endedAt: at(to),
  attempt,
  metrics,
});

const base: RunRecord = {
  job: 'orders',
  runId: 'r1',
  jobVersion: 'f'.repeat(64),
  slice: '2026-03-01',
  status: 'PARTIAL',
  fence: 1,
  revision: 1,
  trigger: 'manual',
  force: false,
  time: at(0),
  executionArn: 'arn',
  startedAt: at(0),
  endedAt: at(30),
  counts: { read: 10, written: 7, rejected: 2, filtered: 1, repeatedKeys: 0 },
  commitAs: 'PARTIAL',
  manifest: null,
  loaded: null,
  error: null,
  tasks: {
    OpenRun: trace(0, 1),
    Discover: trace(1, 2),
    Plan: trace(6, 7, { shards: 2 }),
    CloseRun: trace(20, 21),
  },
};

const object: ObjectRecord = {
  n: 0,
  name: 'a.csv',
  status: 'done',
  records: 10,
  bytes: 100,
  sha256: 'a'.repeat(64),
  error: null,
  trace: trace(2, 5, { records: 10, bytes: 100 }),
};
const shard = (n: number, rejected: number, codes: Record<string, number>): ShardRecord => ({
  ...{ n, status: 'done', rejected, filtered: n, batch: null, rejectsByCode: codes, error: null },
  trace: trace(7 + n, 10 + n, { records: 5 }, n + 1),
});
const sink = (n: number, rows: number): SinkRecord => ({
  ...{
    n,
    sink: 'lake',
    status: 'done',
    rows,
    bytes: 50,
    sha256: 'b'.repeat(64),
    key: `part-${n}`,
    error: null,
  },
  trace: trace(12, 13, { rows }),
});
const parts = {
  objects: [object],
  shards: [shard(0, 1, { CastFailed: 1 }), shard(1, 1, { CastFailed: 1, RaggedRow: 0 })],
  ...{ surveys: [], buckets: [], settled: [] },
  sinks: [sink(0, 4), sink(1, 3)],
};

test('states come in the order of the run; those of many pieces are one line, from first start to last end', () => {
  const { states } = runReport(base, parts);
  expect(states.map(({ state, ms, attempts }) => [state, ms, attempts])).toEqual([
    ['OpenRun', 1_000, 1],
    ['Discover', 1_000, 1],
    ['Extract', 3_000, 1],
    ['Plan', 1_000, 1],
    ['Envelope', 4_000, 2],
    ['write-lake', 1_000, 1],
    ['CloseRun', 1_000, 1],
  ]);
  expect(states[4]?.metrics).toEqual({ records: 10 });
});

test('a slice that decides its columns has the states of that between Plan and Envelope', () => {
  const surveyed = (n: number): SurveyRecord => ({
    ...{ n, status: 'done', error: null, trace: trace(7, 8 + n, { records: 5 }, n + 1) },
  });
  const run = { ...base, tasks: { ...base.tasks, Columns: trace(9, 10) } };
  const { states } = runReport(run, { ...parts, surveys: [surveyed(0), surveyed(1)] });
  expect(states.map(({ state }) => state)).toEqual([
    ...['OpenRun', 'Discover', 'Extract', 'Plan', 'Survey', 'Columns', 'Envelope', 'write-lake', 'CloseRun'],
  ]);
  expect(states[4]).toMatchObject({
    startedAt: at(7),
    endedAt: at(9),
    attempts: 2,
    metrics: { records: 10 },
  });
});

test("a committed run's accounting is the one that was proved", () => {
  const report = runReport(base, parts);
  expect(report.accounting).toEqual({ read: 10, written: 7, rejected: 2, filtered: 1, balanced: true });
  expect(report.rejectsByCode).toEqual({ CastFailed: 2, RaggedRow: 0 });
  expect(report.discarded).toEqual({});
  const none = { planned: 0, enveloped: 0, failed: 0, takenOver: 0 };
  expect(report.shards).toEqual({ total: 2, written: 2, ...none });
  expect(report.ms).toBe(30_000);
});

test('F40 values that became null are told by column, over all shards', () => {
  const shards: ShardRecord[] = [
    { ...shard(0, 0, {}), discarded: { qty: 2 } },
    { ...shard(1, 0, {}), discarded: { qty: 1, day: 4 } },
  ];
  expect(runReport(base, { ...parts, shards }).discarded).toEqual({ qty: 3, day: 4 });
});

test('F38 of a run that failed, the pieces tell what is accounted for and what is not', () => {
  const failed = { ...base, status: 'FAILED' as const, counts: null };
  const lost = {
    ...parts,
    sinks: [sink(0, 4), { ...sink(1, 0), status: 'failed' as const, rows: null, key: null }],
  };
  const report = runReport(failed, lost);
  expect(report.accounting).toEqual({ read: 10, written: 4, rejected: 2, filtered: 1, balanced: false });
  const none = { planned: 0, enveloped: 0, takenOver: 0 };
  expect(report.shards).toEqual({ total: 2, written: 1, failed: 1, ...none });
  expect(report.files).toEqual([{ key: 'part-0', rows: 4, bytes: 50 }]);
});

test('where keys are settled a shard counts as it was settled, and Keys and Settle are states', () => {
  const bucket = { n: 0, status: 'done' as const, ids: 8, repeats: 1, losers: 2, error: null };
  const report = runReport(
    { ...base, counts: null },
    {
      ...parts,
      buckets: [{ ...bucket, trace: trace(11, 12, { shards: 2, records: 8 }) }],
      // Shard 0 has not been settled yet.
      settled: [{ ...shard(1, 3, { CastFailed: 1, RepeatedKey: 2 }), trace: trace(13, 14, { rows: 1 }) }],
      sinks: [sink(0, 4), sink(1, 1)],
    },
  );
  expect(report.states.map(({ state }) => state)).toEqual([
    'OpenRun',
    'Discover',
    'Extract',
    'Plan',
    'Envelope',
    'Keys',
    'Settle',
    'write-lake',
    'CloseRun',
  ]);
  expect(report.accounting).toEqual({ read: 10, written: 5, rejected: 4, filtered: 1, balanced: true });
  expect(report.rejectsByCode).toEqual({ CastFailed: 2, RepeatedKey: 2 });
});

test('a run that read nothing has no accounting', () => {
  const nothing = { objects: [], surveys: [], shards: [], buckets: [], settled: [], sinks: [] };
  expect(runReport({ ...base, counts: null }, nothing).accounting).toBeNull();
});

test.each([
  ['PARTIAL', null, 'forebay rejects r1'],
  ['COMPLETED', null, null],
  ['FAILED', 'RejectThresholdExceeded', 'forebay rejects r1'],
  ['FAILED', 'SecretMissing', 'forebay secrets init orders'],
  ['FAILED', 'Throttled', 'forebay dlq redrive orders/r1'],
] as const)('behind %s %s comes: %s', (status, name, next) => {
  expect(nextCommand({ ...base, status, error: name === null ? null : { name, message: '' } })).toBe(next);
});

test('a run is good where the slice is as it should be', () => {
  const all = ['RUNNING', 'COMMITTING', 'COMPLETED', 'PARTIAL', 'FAILED', 'SKIPPED'] as const;
  expect(all.filter(succeeded)).toEqual(['COMPLETED', 'PARTIAL', 'SKIPPED']);
});

test('each shard is told by how far it came, and how many were taken over', () => {
  const run = { ...base, status: 'FAILED' as const, tasks: { Plan: trace(6, 7, { shards: 6 }) } };
  const from = { runId: 'r0', n: 0 };
  const shards = [
    { ...shard(0, 0, {}), from },
    shard(1, 0, {}),
    shard(2, 0, {}),
    { ...shard(3, 0, {}), status: 'failed' as const },
  ];
  const sinks = [sink(0, 5), { ...sink(1, 5), status: 'failed' as const }];
  expect(runReport(run, { ...parts, shards, sinks }).shards).toEqual({
    ...{ total: 6, written: 1, failed: 2, enveloped: 1, planned: 2, takenOver: 1 },
  });
});

test('a run says in whose place it is, why nothing was taken over where nothing was, and who came in its own place', () => {
  const { follows, followedBy } = runReport({ ...base, follows: 'r0', whole: 'other-version' }, parts, {
    ...{ followers: [{ runId: 'r2', status: 'COMPLETED' }], closed: true },
  });
  expect(follows).toEqual({ runId: 'r0', whole: expect.stringMatching(/another version/) });
  expect(followedBy).toEqual(['r2']);
  expect(runReport({ ...base, follows: 'r0', resumes: 'r0' }, parts).follows).toEqual({
    runId: 'r0',
    whole: null,
  });
  expect(runReport(base, parts).follows).toBeNull();
});

const failedRun: RunRecord = { ...base, status: 'FAILED', error: { name: 'Throttled', message: '' } };
const follower = (runId: string, status: RunRecord['status']) => ({ runId, status });

test.each([
  ['nobody did it again', [], false, 'forebay dlq redrive orders/r1'],
  ['a run did it again', [follower('r2', 'PARTIAL')], false, null],
  ['a run found it done', [follower('r2', 'SKIPPED')], true, null],
  ['a run is at it', [follower('r2', 'RUNNING')], false, 'forebay runs show r2'],
  ['a run failed at it again', [follower('r2', 'FAILED')], true, 'forebay runs show r2'],
  // The newest first, as runs are listed.
  [
    'it failed again twice',
    [follower('r3', 'FAILED'), follower('r2', 'FAILED')],
    true,
    'forebay runs show r3',
  ],
  ['it went well once', [follower('r3', 'FAILED'), follower('r2', 'COMPLETED')], true, null],
  ['somebody closed its failure', [], true, null],
] as const)(
  'behind a failed run, where %s, the next command is as it should be',
  (_, followers, closed, next) => {
    expect(runReport(failedRun, parts, { followers: [...followers], closed }).next).toBe(next);
  },
);

test('what the error asks for is not asked for where it was done', () => {
  const rejected = { ...failedRun, error: { name: 'RejectThresholdExceeded', message: '' } };
  expect(
    runReport(rejected, parts, { followers: [follower('r2', 'PARTIAL')], closed: true }).next,
  ).toBeNull();
  expect(runReport(rejected, parts).next).toBe('forebay rejects r1');
  // Rejects of a run that was published are there to be looked at whatever came of it.
  expect(runReport(base, parts).next).toBe('forebay rejects r1');
});

test('what a run that failed before its slice was known asks for is its slice', () => {
  const error = { name: 'SliceInvalid', message: '' };
  expect(nextCommand({ ...base, slice: '', status: 'FAILED', error })).toBe(
    'forebay run orders --slice <slice>',
  );
});
