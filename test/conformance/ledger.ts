/** What every ledger does, run against each adapter. Each test has a job of its own: ledgers may be shared. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Ledger, NewRun } from '../../aws/interfaces.ts';
import { type FailureRecord, runFailureId, writeFailureId } from '../../core/failure.ts';
import type { ForgottenRecord, OutboxRecord, RunRecord, ShardRecord } from '../../core/ledger.ts';
import { backfills } from './backfills.ts';

export const newJob = (): string => `job-${randomUUID().slice(0, 8)}`;

export const newRun = (job: string, runId: string, more: Partial<NewRun> = {}): NewRun => ({
  job,
  jobVersion: 'a'.repeat(64),
  runId,
  slice: '2026-03-01',
  trigger: 'manual',
  force: false,
  time: '2026-03-02T02:15:00.000Z',
  executionArn: `arn:aws:states:eu-west-1:000000000000:execution:forebay-local-${job}:${runId}`,
  startedAt: '2026-03-02T02:15:00.000Z',
  ...more,
});

const endedAt = '2026-03-02T02:16:00.000Z';
const later = '2026-03-02T02:17:00.000Z';
const counts = { read: 10, written: 8, rejected: 1, filtered: 1, repeatedKeys: 0 };
const loaded = { digest: 'd'.repeat(64), count: 2 };
const error = { name: 'CountMismatch', message: 'shard 0: 3 is not 4' };

const commitOf = (run: { job: string; runId: string }) => ({
  manifest: { bucket: 'ops', key: `manifests/${run.job}/${run.runId}.json` },
  counts,
  commitAs: 'COMPLETED' as const,
});
const outboxOf = (run: RunRecord, target: OutboxRecord['target'] = 'bus'): OutboxRecord => ({
  id: `${target}-${run.runId}`,
  job: run.job,
  runId: run.runId,
  target,
  body: '{"a":"é"}',
  createdAt: endedAt,
});
const failureOf = (run: RunRecord): FailureRecord => ({
  id: runFailureId(run.job, run.runId),
  kind: 'run',
  job: run.job,
  slice: run.slice,
  runId: run.runId,
  error,
  attempts: 1,
  firstFailedAt: endedAt,
  lastFailedAt: endedAt,
  trace: '1-5759e988-bd862e3fe1be46a994272793',
  pointer: null,
});

export function ledgerConformance(name: string, make: () => Promise<Ledger>): void {
  describe(name, () => {
    let ledger: Ledger;
    const use = () => ledger;
    // The first local cloud on a machine is installed first.
    beforeAll(async () => {
      ledger = await make();
    }, 180_000);
    describe('lease and mark', () => leases(use));
    describe('runs and their children', () => runs(use));
    describe('commit and close', () => closes(use));
    describe('failures and the outbox', () => failures(use));
    describe('triggers and pauses', () => triggers(use));
    describe('backfills', () => backfills(use));
    describe('lists of failures', () => failureLists(use));
    describe('what is erased on purpose', () => forgets(use));
  });
}

async function open(
  ledger: Ledger,
  job: string,
  runId: string,
  more: Partial<NewRun> = {},
): Promise<RunRecord> {
  const slice = more.slice ?? '2026-03-01';
  const run = await ledger.acquire(await ledger.getSlice(job, slice), newRun(job, runId, more));
  if (run === null) throw new Error(`${runId} did not get the lease`);
  return run;
}

async function commit(
  ledger: Ledger,
  job: string,
  runId: string,
  more: Partial<NewRun> = {},
): Promise<RunRecord> {
  const run = await open(ledger, job, runId, more);
  await ledger.setLoaded(run, loaded);
  expect(await ledger.beginCommit(run, commitOf(run))).toBe(true);
  return stored(ledger, run);
}

async function stored(ledger: Ledger, run: { job: string; runId: string }): Promise<RunRecord> {
  const found = await ledger.getRun(run.job, run.runId);
  if (found === null) throw new Error(`${run.runId} is not there`);
  return found;
}

async function committed(ledger: Ledger, job: string, runId: string, more: Partial<NewRun> = {}) {
  const run = await commit(ledger, job, runId, more);
  expect(await ledger.closeCommitted(run, { endedAt, outbox: [outboxOf(run)] })).toBe(true);
  return run;
}

const m = (runId: string, force = false) => ({ runId, trigger: 'mark' as const, force });

function leases(use: () => Ledger): void {
  test('a slice that nobody ever held is not there', async () => {
    expect(await use().getSlice(newJob(), '2026-03-01')).toBeNull();
  });

  test('a run that takes the lease is RUNNING, with fence and revision 1, and holds the slice', async () => {
    const job = newJob();
    const run = await use().acquire(null, newRun(job, 'r1'));
    expect(run).toEqual({
      ...newRun(job, 'r1'),
      status: 'RUNNING',
      fence: 1,
      revision: 1,
      endedAt: null,
      counts: null,
      commitAs: null,
      manifest: null,
      loaded: null,
      error: null,
      tasks: {},
    });
    expect(await use().getRun(job, 'r1')).toEqual(run);
    expect(await use().getSlice(job, '2026-03-01')).toEqual({
      job,
      slice: '2026-03-01',
      holder: { runId: 'r1', executionArn: newRun(job, 'r1').executionArn },
      fence: 1,
      mark: null,
      committed: null,
    });
  });

  test('F32 of twenty runs that saw the slice free at the same moment one gets it', async () => {
    const job = newJob();
    const ids = Array.from({ length: 20 }, (_, i) => `r${i}`);
    const answers = await Promise.all(ids.map((id) => use().acquire(null, newRun(job, id))));
    const winners = answers.filter((run) => run !== null);
    expect(winners).toHaveLength(1);
    expect((await use().getSlice(job, '2026-03-01'))?.holder?.runId).toBe(winners[0]?.runId);
    expect((await use().listRuns({ job })).map((run) => run.runId)).toEqual([winners[0]?.runId]);
  });

  test('a held slice is not given to another run, and that run leaves no record', async () => {
    const job = newJob();
    await open(use(), job, 'r1');
    expect(await use().acquire(await use().getSlice(job, '2026-03-01'), newRun(job, 'r2'))).toBeNull();
    expect(await use().getRun(job, 'r2')).toBeNull();
  });

  test('F10 the same run acquiring again gets the run that it put, with its fence', async () => {
    const job = newJob();
    const first = await open(use(), job, 'r1');
    expect(await use().acquire(null, newRun(job, 'r1', { force: true }))).toEqual(first);
    expect((await use().getSlice(job, '2026-03-01'))?.fence).toBe(1);
  });

  test('F19 who saw the slice free before another run came and went does not get it by that reading', async () => {
    const job = newJob();
    await committed(use(), job, 'r1');
    const seen = await use().getSlice(job, '2026-03-01');
    await committed(use(), job, 'r2');
    expect(await use().acquire(seen, newRun(job, 'r3'))).toBeNull();
    expect((await open(use(), job, 'r3')).fence).toBe(3);
  });

  test('slices of one job, and jobs of one slice, are held apart', async () => {
    const job = newJob();
    const other = newJob();
    const all = await Promise.all([
      open(use(), job, 'r1'),
      open(use(), job, 'r2', { slice: '2026-03-02' }),
      open(use(), other, 'r1'),
    ]);
    expect(all.map((run) => run.fence)).toEqual([1, 1, 1]);
    expect((await use().listSlices(job)).map((slice) => slice.slice)).toEqual(['2026-03-01', '2026-03-02']);
    expect((await use().latestSlices(job, 10)).map(({ slice }) => slice)).toEqual([
      '2026-03-01',
      '2026-03-02',
    ]);
    expect((await use().latestSlices(job, 1)).map(({ slice }) => slice)).toEqual(['2026-03-02']);
    expect(await use().latestSlices(newJob(), 1)).toEqual([]);
    expect(await use().getPause(job)).toBeNull();
  });

  test('a mark is set on whom it names only: not on a free slice, nor on another holder', async () => {
    const job = newJob();
    expect(await use().mark(job, '2026-03-01', 'r1', m('m1'))).toBeNull();
    const run = await open(use(), job, 'r1');
    expect(await use().mark(job, '2026-03-01', 'r0', m('m1'))).toBeNull();
    await use().closeSkipped(run, { endedAt });
    expect(await use().mark(job, '2026-03-01', 'r1', m('m1'))).toBeNull();
    expect((await use().getSlice(job, '2026-03-01'))?.mark).toBeNull();
  });

  test('the first mark stays in force, and inherits force from any later one', async () => {
    const job = newJob();
    await open(use(), job, 'r1');
    const set = (mark: ReturnType<typeof m>) => use().mark(job, '2026-03-01', 'r1', mark);
    expect(await set(m('m1'))).toEqual(m('m1'));
    expect(await set(m('m2', true))).toEqual(m('m1', true));
    expect(await set(m('m3'))).toEqual(m('m1', true));
    expect((await use().getSlice(job, '2026-03-01'))?.mark).toEqual(m('m1', true));
  });

  test('a mark outlives the release and is cleared by the next lease', async () => {
    const job = newJob();
    const run = await open(use(), job, 'r1');
    await use().mark(job, '2026-03-01', 'r1', m('m1'));
    const free = async () => (await use().listMarkedFree()).filter((slice) => slice.job === job);
    expect(await free()).toEqual([]);
    await use().closeSkipped(run, { endedAt });
    expect((await free()).map(({ slice, mark }) => ({ slice, mark }))).toEqual([
      { slice: '2026-03-01', mark: m('m1') },
    ]);
    await open(use(), job, 'm1');
    expect(await free()).toEqual([]);
    expect((await use().getSlice(job, '2026-03-01'))?.mark).toBeNull();
  });
}

const shard = (n: number, status: 'done' | 'failed' = 'done'): ShardRecord => ({
  n,
  status,
  rejected: status === 'done' ? 1 : null,
  filtered: status === 'done' ? 0 : null,
  batch:
    status === 'done' ? { bucket: 'ops', key: `b/${n}`, rows: 9, bytes: 90, sha256: 'e'.repeat(64) } : null,
  rejectsByCode: status === 'done' ? { RaggedRow: 1 } : {},
  error: status === 'done' ? null : error,
  trace: null,
});

function runs(use: () => Ledger): void {
  test('what Discover listed and the traces of tasks are kept with the run', async () => {
    const job = newJob();
    const run = await open(use(), job, 'r1');
    const trace = { startedAt: endedAt, endedAt: later, attempt: 2, metrics: { objects: 2 } };
    await use().setLoaded(run, loaded);
    await use().traceTask(run, 'Discover', trace);
    await use().traceTask(run, 'Plan', { ...trace, attempt: 1, metrics: { shards: 3 } });
    await use().traceTask(run, 'Discover', { ...trace, attempt: 3 });
    expect(await use().getRun(job, 'r1')).toEqual({
      ...run,
      loaded,
      tasks: { Discover: { ...trace, attempt: 3 }, Plan: { ...trace, attempt: 1, metrics: { shards: 3 } } },
    });
  });

  test('a trace of a run that was never opened makes no run', async () => {
    const job = newJob();
    await use().traceTask({ job, runId: 'r1' }, 'FailRun', {
      startedAt: endedAt,
      endedAt,
      attempt: 1,
      metrics: {},
    });
    expect(await use().getRun(job, 'r1')).toBeNull();
  });

  test('objects, shards and sinks are listed whole, in the order of their numbers, each kind and run apart', async () => {
    const runId = randomUUID();
    const other = randomUUID();
    const numbers = Array.from({ length: 40 }, (_, i) => (i * 7) % 40);
    await Promise.all(numbers.map((n) => use().putShard(runId, shard(n))));
    const none = { records: 5, bytes: 50, sha256: 'f'.repeat(64), error: null, trace: null };
    await use().putObject(runId, { n: 3, name: 'a b.csv', status: 'done', ...none });
    const { records: _, ...sink } = none;
    await use().putSink(runId, { n: 3, sink: 'lake', status: 'done', rows: 4, key: 'k', ...sink });
    await use().putSink(runId, { n: 3, sink: 'lake-2', status: 'done', rows: 5, key: 'k', ...sink });
    await use().putShard(other, shard(1));
    expect(await use().listShards(runId)).toEqual(Array.from({ length: 40 }, (_, n) => shard(n)));
    expect(await use().listObjects(runId)).toEqual([{ n: 3, name: 'a b.csv', status: 'done', ...none }]);
    expect((await use().listSinks(runId, 'lake')).map((record) => record.rows)).toEqual([4]);
    for (const of of [4, 40])
      expect((await use().listSinks(runId, 'lake', of)).map((record) => record.rows)).toEqual([4]);
    expect(await use().listSinks(runId, 'events')).toEqual([]);
    expect(await use().listShards(other)).toEqual([shard(1)]);
  });

  test('a shard as it was settled lies beside the one that was enveloped, and neither replaces the other', async () => {
    const runId = randomUUID();
    expect(await use().getShard(runId, 7)).toBeNull();
    await use().putShard(runId, shard(7));
    const settled = { ...shard(7), rejected: 5, rejectsByCode: { RepeatedKey: 5 } };
    await use().putSettled(runId, settled);
    await use().putShard(runId, shard(7));
    expect(await use().getShard(runId, 7)).toEqual(shard(7));
    expect(await use().listSettled(runId)).toEqual([settled]);
    expect(await use().listShards(runId)).toEqual([shard(7)]);
  });

  test('buckets are listed by number, and done replaces failed, not the other way round', async () => {
    const runId = randomUUID();
    const bucket = (n: number, status: 'done' | 'failed' = 'done') => ({
      ...{ n, status, ids: 10, repeats: 2, losers: 4, error: null, trace: null },
    });
    for (const n of [17, 0, 1]) await use().putBucket(runId, bucket(n));
    await use().putBucket(runId, bucket(2, 'failed'));
    await use().putBucket(runId, bucket(2));
    await use().putBucket(runId, bucket(0, 'failed'));
    expect(await use().listBuckets(runId)).toEqual([0, 1, 2, 17].map((n) => bucket(n)));
    expect(await use().listBuckets(randomUUID())).toEqual([]);
  });

  test('surveys are listed apart from the shards that they are of, and a failed one never replaces one that is done', async () => {
    const runId = randomUUID();
    const survey = (n: number, status: 'done' | 'failed' = 'done') => ({
      ...{ n, status, error: null, trace: null },
    });
    await use().putShard(runId, shard(1));
    await use().putSurvey(runId, survey(17));
    await use().putSurvey(runId, survey(2, 'failed'));
    await use().putSurvey(runId, survey(17, 'failed'));
    expect(await use().listSurveys(runId)).toEqual([survey(2, 'failed'), survey(17)]);
    expect(await use().listShards(runId)).toEqual([shard(1)]);
  });

  test('done replaces failed, failed never replaces done', async () => {
    const runId = randomUUID();
    await use().putShard(runId, shard(0, 'failed'));
    expect(await use().listShards(runId)).toEqual([shard(0, 'failed')]);
    await use().putShard(runId, shard(0));
    await use().putShard(runId, shard(0, 'failed'));
    expect(await use().listShards(runId)).toEqual([shard(0)]);
  });

  test('shards whose records fill more than one page are all listed', async () => {
    const runId = randomUUID();
    const wide = (n: number) => ({ ...shard(n), rejectsByCode: { ['x'.repeat(60_000)]: n } });
    // One partition of the sixteen holds 20 × 60 kB: more than the 1 MB of a page.
    const numbers = Array.from({ length: 20 }, (_, i) => i * 16);
    for (const n of numbers) await use().putShard(runId, wide(n));
    expect((await use().listShards(runId)).map((record) => record.n)).toEqual(numbers);
  });

  test('runs are listed newest first, by job, by status, since a time, and to a limit', async () => {
    const job = newJob();
    const at = (hour: number) => `2026-03-02T0${hour}:00:00.000Z`;
    for (const hour of [1, 3, 2]) {
      await open(use(), job, `r${hour}`, { slice: `2026-03-0${hour}`, startedAt: at(hour) });
    }
    await use().closeSkipped(await stored(use(), { job, runId: 'r2' }), { endedAt });
    const ids = async (filter: Parameters<Ledger['listRuns']>[0]) =>
      (await use().listRuns(filter)).filter((run) => run.job === job).map((run) => run.runId);
    expect(await ids({ job })).toEqual(['r3', 'r2', 'r1']);
    expect(await ids({ job, limit: 2 })).toEqual(['r3', 'r2']);
    expect(await ids({ job, since: at(2) })).toEqual(['r3', 'r2']);
    expect(await ids({ job, status: 'RUNNING' })).toEqual(['r3', 'r1']);
    expect(await ids({ job, status: 'RUNNING', limit: 1, since: at(1) })).toEqual(['r3']);
    expect(await ids({ status: 'RUNNING' })).toEqual(['r3', 'r1']);
    expect(await ids({ status: 'SKIPPED' })).toEqual(['r2']);
    expect(await ids({})).toEqual(['r3', 'r2', 'r1']);
    expect((await use().listRuns({ job, status: 'SKIPPED' }))[0]).toEqual(
      await stored(use(), { job, runId: 'r2' }),
    );
  });

  test('page by page runs are listed whole, each once, also those that started at the same moment', async () => {
    const job = newJob();
    const names = Array.from({ length: 9 }, (_, i) => `r${i}`);
    for (const [i, runId] of names.entries()) {
      const startedAt = `2026-03-02T0${Math.floor(i / 4)}:00:00.000Z`;
      const run = await open(use(), job, runId, { slice: `2026-03-0${i + 1}`, startedAt });
      if (i % 2 === 0) await use().closeSkipped(run, { endedAt });
    }
    const paged = async (filter: Parameters<Ledger['listRuns']>[0]) => {
      const pages: string[][] = [];
      let before: RunRecord | undefined;
      do {
        const page = await use().listRuns({ ...filter, ...(before === undefined ? {} : { before }) });
        before = page.at(-1);
        if (before !== undefined) pages.push(page.map(({ runId }) => runId));
      } while (before !== undefined);
      return pages;
    };
    const sizes = [4, 4, 1];
    const pages = await paged({ job, limit: 4 });
    expect(pages.flat()).toEqual(names.toReversed());
    expect(pages.map(({ length }) => length)).toEqual(sizes);
    const even = names.filter((_, i) => i % 2 === 0).toReversed();
    expect((await paged({ job, status: 'SKIPPED', limit: 2 })).flat()).toEqual(even);
    const since = '2026-03-02T01:00:00.000Z';
    expect((await paged({ job, since, limit: 2 })).flat()).toEqual(['r8', 'r7', 'r6', 'r5', 'r4']);
    const before = await stored(use(), { job, runId: 'r3' });
    expect(await use().listRuns({ job, since, before })).toEqual([]);
  });
}

function closes(use: () => Ledger): void {
  test('the commit point keeps manifest, counts and what the run will be', async () => {
    const job = newJob();
    const run = await commit(use(), job, 'r1');
    expect(run).toMatchObject({ status: 'COMMITTING', endedAt: null, loaded, ...commitOf(run) });
  });

  test('of Catalog and FailRun exactly one wins', async () => {
    const job = newJob();
    const run = await open(use(), job, 'r1');
    const [began, failed] = await Promise.all([
      use().beginCommit(run, commitOf(run)),
      use().closeFailed(run, { endedAt, error, failure: failureOf(run), outbox: [outboxOf(run)] }),
    ]);
    expect([began, failed].filter(Boolean)).toHaveLength(1);
    const { status } = await stored(use(), run);
    expect(status).toBe(began ? 'COMMITTING' : 'FAILED');
    expect(await use().pendingOutbox(run)).toHaveLength(began ? 0 : 1);
    expect((await use().getSlice(job, run.slice))?.holder === null).toBe(!began);
  });

  test('F19 a run with another fence does not commit', async () => {
    const job = newJob();
    const run = await open(use(), job, 'r1');
    expect(await use().beginCommit({ ...run, fence: run.fence + 1 }, commitOf(run))).toBe(false);
    expect((await stored(use(), run)).status).toBe('RUNNING');
  });

  test('a close writes status, committed run and event, and releases the lease, all at once', async () => {
    const job = newJob();
    const run = await committed(use(), job, 'r1');
    expect(await stored(use(), run)).toEqual({ ...run, status: 'COMPLETED', endedAt });
    expect(await use().getSlice(job, run.slice)).toEqual({
      job,
      slice: run.slice,
      holder: null,
      fence: 1,
      mark: null,
      last: { runId: 'r1', status: 'COMPLETED' },
      committed: { runId: 'r1', revision: 1, loaded, committedAt: endedAt },
    });
    expect(await use().pendingOutbox(run)).toEqual([outboxOf(run)]);
  });

  test('a second close changes nothing and says so', async () => {
    const job = newJob();
    const run = await committed(use(), job, 'r1');
    const sent = outboxOf(run);
    await use().markSent(sent);
    expect(await use().closeCommitted(run, { endedAt: later, outbox: [sent] })).toBe(false);
    expect(await use().closeSkipped(run, { endedAt: later })).toBe(false);
    const failure = failureOf(run);
    expect(await use().closeFailed(run, { endedAt: later, error, failure, outbox: [sent] })).toBe(false);
    expect((await stored(use(), run)).endedAt).toBe(endedAt);
    expect(await use().pendingOutbox(run)).toEqual([]);
    expect(await use().getFailure(failure.id)).toBeNull();
  });

  test('ten closes at the same moment close once', async () => {
    const job = newJob();
    const run = await commit(use(), job, 'r1', { trigger: 'schedule' });
    const close = { endedAt, outbox: [outboxOf(run)] };
    const answers = await Promise.all(Array.from({ length: 10 }, () => use().closeCommitted(run, close)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect((await use().getSlice(job, run.slice))?.committed?.runId).toBe('r1');
  });

  test('a run that is not committed is not closed as committed', async () => {
    const run = await open(use(), newJob(), 'r1');
    await expect(use().closeCommitted(run, { endedAt, outbox: [] })).rejects.toMatchObject({
      name: 'RunFenced',
    });
    expect((await stored(use(), run)).status).toBe('RUNNING');
  });

  test('a committed slice that is loaded again becomes the next revision', async () => {
    const job = newJob();
    await committed(use(), job, 'r1');
    const second = await committed(use(), job, 'r2');
    expect(second).toMatchObject({ fence: 2, revision: 2 });
    expect((await use().getSlice(job, second.slice))?.committed).toMatchObject({ runId: 'r2', revision: 2 });
  });

  test('a skipped run and a failed one leave what is committed as it is, and free the slice', async () => {
    const job = newJob();
    await committed(use(), job, 'r1');
    const before = (await use().getSlice(job, '2026-03-01'))?.committed;
    const skipped = await open(use(), job, 'r2');
    expect(await use().closeSkipped(skipped, { endedAt: later })).toBe(true);
    expect(await stored(use(), skipped)).toMatchObject({ status: 'SKIPPED', endedAt: later });
    const lastOf = async () => (await use().getSlice(job, '2026-03-01'))?.last;
    expect(await lastOf()).toEqual({ runId: 'r2', status: 'SKIPPED' });
    const failed = await open(use(), job, 'r3');
    const failure = failureOf(failed);
    expect(await use().closeFailed(failed, { endedAt: later, error, failure, outbox: [] })).toBe(true);
    expect(await stored(use(), failed)).toMatchObject({ status: 'FAILED', endedAt: later, error });
    expect(await use().getSlice(job, '2026-03-01')).toMatchObject({
      holder: null,
      fence: 3,
      committed: before,
    });
    expect(await lastOf()).toEqual({ runId: 'r3', status: 'FAILED' });
    expect(skipped.revision).toBe(2);
    expect(failed.revision).toBe(2);
  });

  test('F33 the cursor moves with scheduled runs only, and only forward', async () => {
    const job = newJob();
    const cursor = async () => (await use().getCursor(job))?.slice ?? null;
    const load = (runId: string, slice: string, trigger: 'schedule' | 'manual' | 'mark') =>
      committed(use(), job, runId, { slice, trigger });
    await load('r1', '2026-03-05', 'manual');
    await load('r2', '2026-03-06', 'mark');
    expect(await cursor()).toBeNull();
    await load('r3', '2026-03-03', 'schedule');
    expect(await cursor()).toBe('2026-03-03');
    const late = await load('r4', '2026-03-02', 'schedule');
    expect(await cursor()).toBe('2026-03-03');
    expect(await stored(use(), late)).toMatchObject({ status: 'COMPLETED' });
    expect((await use().getSlice(job, '2026-03-02'))?.committed?.runId).toBe('r4');
    await load('r5', '2026-03-04', 'schedule');
    expect(await use().getCursor(job)).toEqual({ slice: '2026-03-04', runId: 'r5' });
  });

  test('scheduled runs of several slices that close at the same moment leave the latest as the cursor', async () => {
    const job = newJob();
    const slices = ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05'];
    const opened = await Promise.all(
      slices.map((slice, i) => commit(use(), job, `r${i}`, { slice, trigger: 'schedule' })),
    );
    const answers = await Promise.all(
      opened.map((run) => use().closeCommitted(run, { endedAt, outbox: [] })),
    );
    expect(answers).toEqual([true, true, true, true, true]);
    expect((await use().getCursor(job))?.slice).toBe('2026-03-05');
  });
}

function failures(use: () => Ledger): void {
  test('a failed run has its error, its failure record and its outbox, each record until it is sent', async () => {
    const run = await open(use(), newJob(), 'r1');
    const failure = failureOf(run);
    const outbox = [outboxOf(run, 'bus'), outboxOf(run, 'job-dlq')];
    await use().closeFailed(run, { endedAt, error, failure, outbox });
    expect(await use().getFailure(failure.id)).toEqual(failure);
    expect(await use().pendingOutbox(run)).toEqual(outbox);
    expect((await use().pendingOutbox()).filter((record) => record.job === run.job)).toHaveLength(2);
    await use().markSent(outboxOf(run, 'bus'));
    expect(await use().pendingOutbox(run)).toEqual([outboxOf(run, 'job-dlq')]);
    await use().markSent(outboxOf(run, 'job-dlq'));
    await use().markSent(outboxOf(run, 'job-dlq'));
    expect(await use().pendingOutbox(run)).toEqual([]);
    expect((await use().pendingOutbox()).filter((record) => record.job === run.job)).toEqual([]);
  });

  test('a slice that is loaded again tells so with what it loads, and a repeat tells it again', async () => {
    const run = await open(use(), newJob(), 'r1');
    const told = outboxOf(run);
    await use().setLoaded(run, loaded, [told]);
    expect((await stored(use(), run)).loaded).toEqual(loaded);
    expect(await use().pendingOutbox(run)).toEqual([told]);
    await use().markSent(told);
    expect(await use().pendingOutbox(run)).toEqual([]);
    await use().setLoaded(run, loaded, [told]);
    expect(await use().pendingOutbox(run)).toEqual([told]);
  });

  test('what was sent to the bus is found by its time, oldest first, and nothing else is', async () => {
    const job = newJob();
    const run = await open(use(), job, 'r1');
    const at = (createdAt: string, target: OutboxRecord['target'] = 'bus') => ({
      ...outboxOf(run, target),
      ...{ id: `${target}-${createdAt}`, createdAt },
    });
    const day = ['2026-03-02T00:00:00.000Z', '2026-03-02T12:00:00.000Z', '2026-03-03T00:00:00.000Z'];
    const [first, second, next] = day.map((time) => at(time));
    if (!first || !second || !next) throw new Error('there are three');
    const waiting = { ...at('2026-03-02T13:00:00.000Z'), id: 'waiting' };
    const letter = at('2026-03-02T11:00:00.000Z', 'job-dlq');
    await use().setLoaded(run, loaded, [next, second, first, waiting, letter]);
    for (const record of [second, next, first, letter]) await use().markSent(record);
    const sent = await use().listSent({ from: day[0] ?? '', to: day[2] ?? '' });
    expect(sent.filter((record) => record.job === job)).toEqual([first, second]);
  });

  test('the outbox of a run does not show that of a run whose name begins alike', async () => {
    const job = newJob();
    const run = await committed(use(), job, 'r1');
    await committed(use(), job, 'r1-2');
    expect((await use().pendingOutbox(run)).map((record) => record.runId)).toEqual(['r1']);
  });

  test('a run that was never opened is put FAILED once, and holds no slice', async () => {
    const job = newJob();
    const none = { counts: null, commitAs: null, manifest: null, loaded: null, tasks: {} };
    const run: RunRecord = {
      ...newRun(job, 'r1', { slice: '' }),
      ...{ status: 'FAILED', fence: 0, revision: 0, endedAt, error, ...none },
    };
    const failure = failureOf(run);
    expect(await use().putFailedRun(run, failure, [outboxOf(run)])).toBe(true);
    await use().markSent(outboxOf(run));
    expect(await use().putFailedRun({ ...run, endedAt: later }, failure, [outboxOf(run)])).toBe(false);
    expect(await use().getRun(job, 'r1')).toEqual(run);
    expect(await use().pendingOutbox(run)).toEqual([]);
    expect(await use().listSlices(job)).toEqual([]);
    expect((await use().listRuns({ job, status: 'FAILED' })).map(({ runId }) => runId)).toEqual(['r1']);
  });

  test('a failure that comes again keeps when it was first seen, and renews the rest', async () => {
    const job = newJob();
    const first: FailureRecord = {
      ...failureOf({ ...newRun(job, 'r1') } as RunRecord),
      id: writeFailureId(job, 'r1', 'lake', 7),
      kind: 'write',
      shard: 7,
      sink: 'lake',
      pointer: 'staging/x',
    };
    await use().putFailure(first);
    expect(await use().getFailure(first.id)).toEqual(first);
    const again = { ...first, attempts: 2, firstFailedAt: later, lastFailedAt: later };
    await use().putFailure(again);
    const kept = { ...again, firstFailedAt: first.firstFailedAt };
    expect(await use().getFailure(first.id)).toEqual(kept);
    expect(await use().listFailures({ job })).toEqual([kept]);
    expect((await use().listFailures()).filter((record) => record.job === job)).toEqual([kept]);
    expect(await use().listFailures({ job: newJob() })).toEqual([]);
    expect(await use().getFailure(runFailureId(job, 'r1'))).toBeNull();
  });

  test('a failure is closed once, is listed no more but where all are wanted, and is open again if it comes again', async () => {
    const job = newJob();
    const failure = failureOf({ ...newRun(job, 'r1') } as RunRecord);
    const close = { how: 'discarded' as const, at: later, by: 'ann', reason: 'it came by another way' };
    expect(await use().closeFailure(failure.id, close)).toBe(false);
    expect(await use().getFailure(failure.id)).toBeNull();
    await use().putFailure(failure);
    expect(await use().closeFailure(failure.id, close)).toBe(true);
    expect(await use().closeFailure(failure.id, { ...close, by: 'bob' })).toBe(false);
    const closed = { ...failure, closed: close };
    expect(await use().getFailure(failure.id)).toEqual(closed);
    expect(await use().listFailures({ job })).toEqual([]);
    expect(await use().listFailures({ job, all: true })).toEqual([closed]);
    const ofAll = async (all: boolean) =>
      (await use().listFailures({ all })).filter((record) => record.job === job);
    expect([await ofAll(false), await ofAll(true)]).toEqual([[], [closed]]);
    await use().putFailure(failure);
    expect(await use().listFailures({ job })).toEqual([failure]);
  });

  test("a delivery's failure is kept by its message's id", async () => {
    const id = randomUUID();
    const failure = { ...failureOf({ ...newRun('', '') } as RunRecord), id, kind: 'delivery' as const };
    await use().putFailure(failure);
    expect(await use().getFailure(id)).toEqual(failure);
    expect((await use().listFailures()).filter((record) => record.id === id)).toEqual([failure]);
  });

  test('F36 of ten redrives that saw a failure at the same moment one takes it, and the next must have seen that one', async () => {
    const job = newJob();
    const failure = failureOf({ ...newRun(job, 'r1') } as RunRecord);
    await use().putFailure(failure);
    const lock = (runId: string) => ({ runId, executionArn: `arn:${runId}`, by: 'ann', at: later });
    const ids = Array.from({ length: 10 }, (_, i) => `d${i}`);
    const answers = await Promise.all(ids.map((id) => use().lockFailure(failure, lock(id))));
    const taken = answers.filter((answer) => answer !== null);
    expect(taken).toHaveLength(1);
    const [first] = taken;
    if (first === undefined) return;
    expect(first).toEqual({ ...failure, redrives: 1, redrive: first.redrive });
    expect(await use().getFailure(failure.id)).toEqual(first);
    expect(await use().lockFailure(failure, lock('late'))).toBeNull();
    expect(await use().lockFailure(first, lock('next'))).toMatchObject({
      redrives: 2,
      redrive: lock('next'),
    });
  });

  test('a failure that is closed is not taken for a redrive, and one that is renewed stays taken', async () => {
    const job = newJob();
    const failure = failureOf({ ...newRun(job, 'r1') } as RunRecord);
    const lock = { runId: 'd1', executionArn: 'arn:d1', by: 'ann', at: later };
    await use().putFailure(failure);
    const taken = await use().lockFailure(failure, lock);
    await use().putFailure({ ...failure, lastFailedAt: later });
    expect(await use().getFailure(failure.id)).toEqual({ ...taken, lastFailedAt: later });
    const close = { how: 'redriven' as const, at: later, by: 'ann', reason: 'run d1' };
    await use().closeFailure(failure.id, close);
    expect(taken === null || (await use().lockFailure(taken, lock))).toBeNull();
  });

  test('a run that fails in the place of another closes the failure that it follows, in the same write', async () => {
    const job = newJob();
    const fail = async (runId: string, follows?: string) => {
      const run = await open(use(), job, runId);
      const failure = { ...failureOf(run), ...(follows === undefined ? {} : { follows }) };
      expect(await use().closeFailed(run, { endedAt, error, failure, outbox: [outboxOf(run)] })).toBe(true);
      return failure;
    };
    const first = await fail('r1');
    const second = await fail('r2', first.id);
    expect(await use().listFailures({ job })).toEqual([second]);
    expect((await use().getFailure(first.id))?.closed).toMatchObject({
      how: 'failed-again',
      reason: expect.stringContaining(second.id),
    });
    // Somebody discarded it meanwhile: their word stays, and hinders nothing.
    const close = { how: 'discarded' as const, at: later, by: 'ann', reason: 'not needed' };
    await use().closeFailure(second.id, close);
    const third = await fail('r3', second.id);
    expect((await use().getFailure(second.id))?.closed).toEqual(close);
    expect((await use().listFailures({ job })).map(({ id }) => id)).toEqual([third.id]);
    expect((await use().pendingOutbox({ job, runId: 'r3' })).length).toBe(1);
    // Of one that is not there nothing is made.
    await fail('r4', runFailureId(job, 'gone'));
    expect(await use().getFailure(runFailureId(job, 'gone'))).toBeNull();
  });
}

function triggers(use: () => Ledger): void {
  const slice = '2026-03-01';
  const none = { slice, count: 0, due: 0, started: 0, after: null, afterStarted: null };

  test('F15 notices are counted each for itself, also those of one moment', async () => {
    const job = newJob();
    const counts = await Promise.all(Array.from({ length: 10 }, () => use().countArrival(job, slice)));
    expect(counts.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await use().countArrival(job, '2026-03-02')).toBe(1);
    expect(await use().listTriggers(job)).toEqual([
      { ...none, job, count: 10 },
      { ...none, job, slice: '2026-03-02', count: 1 },
    ]);
  });

  test('quiet is over behind the last count alone', async () => {
    const job = newJob();
    expect(await use().setDue(job, slice, 1)).toBeNull();
    await use().countArrival(job, slice);
    await use().countArrival(job, slice);
    expect(await use().setDue(job, slice, 1)).toBeNull();
    expect(await use().setDue(job, slice, 2)).toEqual({ ...none, job, count: 2, due: 2 });
    expect(await use().setDue(job, slice, 3)).toBeNull();
    expect(await use().listTriggers(job)).toEqual([{ ...none, job, count: 2, due: 2 }]);
  });

  test('what was started is never taken back', async () => {
    const job = newJob();
    await use().setStarted(job, slice, 2);
    await use().setStarted(job, slice, 1);
    expect(await use().listTriggers(job)).toEqual([{ ...none, job, started: 2 }]);
  });

  test('the run that the commits of other jobs ask for is kept beside the one that they started', async () => {
    const job = newJob();
    expect(await use().setAfter(job, slice, null)).toEqual({ ...none, job });
    expect(await use().setAfter(job, slice, 'after-1')).toEqual({ ...none, job, after: 'after-1' });
    await use().setAfterStarted(job, slice, 'after-1');
    const known = { ...none, job, after: 'after-1', afterStarted: 'after-1' };
    expect(await use().setAfter(job, slice, null)).toEqual(known);
    expect(await use().setAfter(job, slice, 'after-2')).toEqual({ ...known, after: 'after-2' });
    expect(await use().countArrival(job, slice)).toBe(1);
    expect(await use().listTriggers(job)).toEqual([{ ...known, after: 'after-2', count: 1 }]);
  });

  test('F15 of two notices of one key the later event stays, whichever is written last', async () => {
    const job = newJob();
    const [key, other] = ['orders/2026-03-01/a.csv', 'orders/2026-03-01/b.csv'];
    const put = (sequence: string) => use().setArrived(job, slice, key, sequence, 1_900_000_000);
    expect(await use().getArrived(job, slice, key)).toBeNull();
    await put('0062e99a88dc407460');
    await put('0062e99a88dc407459');
    expect(await use().getArrived(job, slice, key)).toBe('0062e99a88dc407460');
    await put('0062e99a88dc4074600');
    expect(await use().getArrived(job, slice, key)).toBe('0062e99a88dc4074600');
    expect(await use().getArrived(job, slice, other)).toBeNull();
    expect(await use().getArrived(job, '2026-03-02', key)).toBeNull();
  });

  test('a pause is there until it is removed, once', async () => {
    const job = newJob();
    const pause = { at: endedAt, by: 'ann', reason: null };
    expect(await use().getPause(job)).toBeNull();
    expect(await use().removePause(job)).toBeNull();
    await use().putPause(job, { ...pause, reason: 'the source is late' });
    await use().putPause(job, pause);
    expect(await use().getPause(job)).toEqual(pause);
    expect(await use().removePause(job)).toEqual(pause);
    expect(await use().getPause(job)).toBeNull();
    expect(await use().listSlices(job)).toEqual([]);
  });

  test('slices of a range are those from its first to its last, in their order', async () => {
    const job = newJob();
    for (const name of ['2026-03-03', '2026-03-01', '2026-03-02', '2026-03-04'])
      await open(use(), job, `r${name}`, { slice: name });
    const named = async (range?: { from: string; to: string }) =>
      (await use().listSlices(job, range)).map((record) => record.slice);
    expect(await named({ from: '2026-03-02', to: '2026-03-03' })).toEqual(['2026-03-02', '2026-03-03']);
    expect(await named({ from: '2026-03-03', to: '2026-03-31' })).toEqual(['2026-03-03', '2026-03-04']);
    expect(await named()).toEqual(['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04']);
  });
}

const forgotten = (job: string, fence: number, more: Partial<ForgottenRecord> = {}): ForgottenRecord => ({
  ...{ job, slice: '2026-03-01', at: later, by: 'arn:aws:iam::000000000000:user/ada', reason: 'asked for' },
  ...{ fence, revision: 1, runs: { count: 1, ids: ['r1'] }, found: { objects: 3, versions: 4, bytes: 50 } },
  doneAt: null,
  ...more,
});

async function sliceOf(ledger: Ledger, job: string) {
  const slice = await ledger.getSlice(job, '2026-03-01');
  if (slice === null) throw new Error(`${job} has no such slice`);
  return slice;
}

function failureLists(use: () => Ledger): void {
  test('F30 a run says where the list of its failures lies, also once it is closed', async () => {
    const job = newJob();
    const run = await open(use(), job, 'r1');
    const failures = { bucket: 'ops', key: `staging/${job}/r1/failures.json`, count: 10_000 };
    await use().setFailures(run, failures);
    expect(await stored(use(), run)).toEqual({ ...run, failures });
    await use().closeFailed(run, { endedAt, error, failure: failureOf(run), outbox: [] });
    expect(await stored(use(), run)).toMatchObject({ status: 'FAILED', failures });
    // Of a run that is not there is nothing to say.
    await use().setFailures({ ...run, runId: 'r2' }, failures);
    expect(await use().getRun(job, 'r2')).toBeNull();
  });
}

function forgets(use: () => Ledger): void {
  test('a slice that is forgotten has no committed run, a higher fence, and a record; the event is pending', async () => {
    const job = newJob();
    const run = await committed(use(), job, 'r1');
    const told = { ...outboxOf(run), id: 'forgotten-r1' };
    const record = forgotten(job, 2);
    expect(await use().forget(await sliceOf(use(), job), record, [told])).toBe(true);
    expect(await use().getSlice(job, '2026-03-01')).toMatchObject({
      ...{ holder: null, fence: 2, committed: null, forgotten: { at: later, revision: 1 } },
    });
    expect(await use().listForgotten(job, '2026-03-01')).toEqual([record]);
    expect(await use().pendingOutbox(run)).toContainEqual(told);
    await use().completeForgotten(record, endedAt);
    expect(await use().listForgotten(job, '2026-03-01')).toEqual([{ ...record, doneAt: endedAt }]);
    expect(await use().listForgotten(job, '2026-03-0')).toEqual([]);
  });

  test('F32 of a forgetting and a run that saw the slice free at the same moment one goes on', async () => {
    const job = newJob();
    await committed(use(), job, 'r1');
    const seen = await sliceOf(use(), job);
    expect(await use().forget(seen, forgotten(job, 2), [])).toBe(true);
    expect(await use().acquire(seen, newRun(job, 'r2'))).toBeNull();
    expect(await use().forget(seen, forgotten(job, 2, { at: endedAt, by: 'another' }), [])).toBe(false);
    const again = await sliceOf(use(), job);
    // Of the same moment as the first one.
    expect(await use().forget(again, forgotten(job, 3), [])).toBe(false);
    await open(use(), job, 'r3');
    expect(await use().forget(again, forgotten(job, 3, { at: endedAt }), [])).toBe(false);
    const held = await sliceOf(use(), job);
    expect(await use().forget(held, forgotten(job, 4, { at: endedAt }), [])).toBe(false);
    expect((await use().listForgotten(job, '2026-03-01')).length).toBe(1);
  });

  test('F19 a run that was closed before its slice was forgotten changes nothing of it any more', async () => {
    const job = newJob();
    const run = await committed(use(), job, 'r1');
    await use().forget(await sliceOf(use(), job), forgotten(job, 2), []);
    const before = await use().getSlice(job, '2026-03-01');
    expect(await use().beginCommit(run, commitOf(run))).toBe(false);
    expect(await use().closeCommitted(run, { endedAt, outbox: [] })).toBe(false);
    expect(await use().closeFailed(run, { endedAt, error, failure: failureOf(run), outbox: [] })).toBe(false);
    expect(await use().mark(job, '2026-03-01', 'r1', m('m1'))).toBeNull();
    expect(await use().getSlice(job, '2026-03-01')).toEqual(before);
  });

  test('a later commit counts its revision on from the forgotten one, and a failed run between them changes nothing', async () => {
    const job = newJob();
    await committed(use(), job, 'r1');
    await committed(use(), job, 'r2');
    await use().forget(await sliceOf(use(), job), forgotten(job, 3, { revision: 2 }), []);
    const failed = await open(use(), job, 'r3');
    expect(failed).toMatchObject({ fence: 4, revision: 3 });
    await use().closeFailed(failed, { endedAt, error, failure: failureOf(failed), outbox: [] });
    expect(await use().getSlice(job, '2026-03-01')).toMatchObject({
      ...{ committed: null, forgotten: { at: later, revision: 2 } },
    });
    const next = await committed(use(), job, 'r4');
    expect(next.revision).toBe(3);
    expect(await open(use(), job, 'r5')).toMatchObject({ revision: 4 });
  });

  test('the runs of a slice are all there at once, by their fence, and no others', async () => {
    const job = newJob();
    await committed(use(), job, 'z-first');
    await committed(use(), job, 'other', { slice: '2026-03-02' });
    await open(use(), job, 'a-second');
    const runs = await use().runsOfSlice(job, '2026-03-01');
    expect(runs.map(({ runId, fence }) => [runId, fence])).toEqual([
      ['z-first', 1],
      ['a-second', 2],
    ]);
    expect(runs[1]).toEqual(await use().getRun(job, 'a-second'));
  });
}
