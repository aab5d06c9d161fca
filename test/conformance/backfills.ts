/** What every ledger does with backfills. Each test has a job of its own: ledgers may be shared. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Ledger } from '../../aws/interfaces.ts';
import type { BackfillRecord, BackfillSliceRecord } from '../../core/backfill/model.ts';
import type { OutboxRecord } from '../../core/ledger.ts';

const newId = (): string => `backfill-${randomUUID().slice(0, 8)}`;
const newJob = (): string => `job-${randomUUID().slice(0, 8)}`;

const record = (job: string, id: string, changes: Partial<BackfillRecord> = {}): BackfillRecord => ({
  ...{ job, id, jobVersion: 'a'.repeat(64), status: 'RUNNING', resumes: null },
  request: {
    ...{ from: '2026-03-01', to: '2026-03-03', reprocess: 'none', fromRaw: false },
    ...{ lanes: 2, order: 'oldest' },
  },
  planned: { load: 2, reload: 0, rebuild: 0, skip: 1 },
  executionArn: `arn:aws:states:eu-west-1:000000000000:execution:forebay-local-${job}_backfill:${id}`,
  startedAt: '2026-03-10T12:00:00.000Z',
  ...{ endedAt: null, cancelledAt: null, counts: null, error: null },
  ...changes,
});

const slice = (n: number, changes: Partial<BackfillSliceRecord> = {}): BackfillSliceRecord => ({
  ...{ n, slice: `2026-03-0${n + 1}`, state: 'running', attempt: 1, runId: `b-${n}-1` },
  ...{ startedAt: '2026-03-10T12:00:01.000Z', endedAt: null, error: null, why: null },
  ...changes,
});

const ending = {
  status: 'COMPLETED' as const,
  counts: { running: 0, done: 2, failed: 0, skipped: 1, busy: 0, left: 0 },
  error: null,
  endedAt: '2026-03-10T12:10:00.000Z',
};

const outboxOf = (job: string, id: string): OutboxRecord => ({
  ...{ id: `event-${id}`, job, runId: id, target: 'bus', body: '{}', createdAt: ending.endedAt },
});

export function backfills(use: () => Ledger): void {
  test('a backfill is opened once: a repeat gives the record that is there', async () => {
    const [job, id] = [newJob(), newId()];
    const opened = record(job, id);
    expect(await use().getBackfill(job, id)).toBeNull();
    expect(await use().openBackfill(opened)).toEqual(opened);
    expect(await use().openBackfill(record(job, id, { jobVersion: 'b'.repeat(64) }))).toEqual(opened);
    expect(await use().getBackfill(job, id)).toEqual(opened);
  });

  test('a backfill is closed once, with its events in the same write', async () => {
    const [job, id] = [newJob(), newId()];
    await use().openBackfill(record(job, id));
    const event = outboxOf(job, id);
    expect(await use().closeBackfill({ job, id }, { ...ending, outbox: [event] })).toBe(true);
    const late = { ...ending, status: 'FAILED' as const, outbox: [{ ...event, id: 'another' }] };
    expect(await use().closeBackfill({ job, id }, late)).toBe(false);
    const { endedAt, status, counts } = ending;
    expect(await use().getBackfill(job, id)).toEqual(record(job, id, { endedAt, status, counts }));
    expect(await use().pendingOutbox({ job, runId: id })).toEqual([event]);
  });

  test('a cancel is kept as it first was, and refused behind the end', async () => {
    const [job, id] = [newJob(), newId()];
    expect(await use().cancelBackfill(job, id, '2026-03-10T12:01:00.000Z')).toBe(false);
    await use().openBackfill(record(job, id));
    expect(await use().cancelBackfill(job, id, '2026-03-10T12:01:00.000Z')).toBe(true);
    expect(await use().cancelBackfill(job, id, '2026-03-10T12:02:00.000Z')).toBe(true);
    expect((await use().getBackfill(job, id))?.cancelledAt).toBe('2026-03-10T12:01:00.000Z');
    await use().closeBackfill({ job, id }, { ...ending, outbox: [] });
    expect(await use().cancelBackfill(job, id, '2026-03-10T12:03:00.000Z')).toBe(false);
  });

  test('backfills are listed newest first, of one job and of all, by status', async () => {
    const [job, other] = [newJob(), newJob()];
    const ids = ['a', 'b', 'c'].map((each) => `${newId()}-${each}`);
    for (const [i, id] of ids.entries())
      await use().openBackfill(record(job, id, { startedAt: `2026-03-10T12:0${i}:00.000Z` }));
    await use().openBackfill(record(other, newId()));
    await use().closeBackfill({ job, id: ids[1] ?? '' }, { ...ending, outbox: [] });
    const names = async (filter: Parameters<Ledger['listBackfills']>[0]) =>
      (await use().listBackfills(filter)).map(({ id }) => id);
    expect(await names({ job })).toEqual(ids.toReversed());
    expect(await names({ job, limit: 2 })).toEqual(ids.toReversed().slice(0, 2));
    expect(await names({ job, status: 'RUNNING' })).toEqual([ids[2], ids[0]]);
    const running = await names({ status: 'RUNNING' });
    expect(running).toEqual(expect.arrayContaining([ids[0], ids[2]]));
    expect(running).not.toContain(ids[1]);
    expect(await names({})).toEqual(expect.arrayContaining(ids));
  });

  test('what became of slices is listed by number, and of one backfill alone', async () => {
    const [id, other] = [newId(), newId()];
    for (const n of [17, 2, 0]) await use().putBackfillSlice(id, slice(n));
    await use().putBackfillSlice(other, slice(1));
    expect(await use().listBackfillSlices(id)).toEqual([slice(0), slice(2), slice(17)]);
  });

  test('a beginning that comes late changes nothing of a try that is over, and a next try replaces it', async () => {
    const id = newId();
    const only = async () => (await use().listBackfillSlices(id))[0];
    const busy = slice(0, { state: 'busy', endedAt: ending.endedAt, why: 'run r1 held it' });
    await use().putBackfillSlice(id, slice(0));
    await use().putBackfillSlice(id, busy);
    await use().putBackfillSlice(id, slice(0));
    expect(await only()).toEqual(busy);
    const second = slice(0, { attempt: 2, runId: 'b-0-2' });
    await use().putBackfillSlice(id, second);
    expect(await only()).toEqual(second);
    // The end of the first try, told again.
    await use().putBackfillSlice(id, busy);
    expect(await only()).toEqual(second);
    const done = { ...second, state: 'done' as const, endedAt: ending.endedAt };
    await use().putBackfillSlice(id, done);
    await use().putBackfillSlice(id, done);
    expect(await only()).toEqual(done);
  });
}
