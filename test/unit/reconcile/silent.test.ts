import { expect, test } from 'vitest';
import type { FailureRecord } from '../../../core/failure.ts';
import type { ShardRecord, SinkRecord } from '../../../core/ledger.ts';
import type { Evidence } from '../../../core/reconcile.ts';
import type { Shard } from '../../../core/shard.ts';
import { recordSilentWrites } from '../../../tasks/reconcile/silent.ts';
import { held, newWorld } from '../../support/world.ts';

const planned: Shard[] = [];
const denied = { name: 'AccessDenied', message: 'not allowed' } as const;

/** A batch waits to be written; `null`: all of its records were rejected, and there is none. */
const shard = (n: number, rows: number | null): ShardRecord => ({
  ...{ n, status: 'done', rejected: 0, filtered: 0, rejectsByCode: {}, error: null, trace: null },
  batch:
    rows === null ? null : { bucket: 'ops', key: `batches/${n}`, rows, bytes: 1, sha256: 'a'.repeat(64) },
});
const written = (n: number): SinkRecord => ({
  ...{ n, sink: 'lake', status: 'done', rows: 1, bytes: 1, sha256: 'a'.repeat(64), key: `part-${n}` },
  ...{ error: null, trace: null },
});
const failed = (n: number): SinkRecord => ({
  ...{ n, sink: 'lake', status: 'failed', rows: null, bytes: null, sha256: null, key: null },
  ...{ error: denied, trace: null },
});

async function setup() {
  const world = newWorld();
  const run = await held(world, 'r1', { trigger: 'manual', slice: '2026-03-01' });
  const evidence: Evidence = {
    ...{ runId: run.runId, planned, objects: [] },
    shards: [shard(0, 1), shard(1, 1), shard(2, null), shard(3, 1)],
    sinks: { lake: [written(0), failed(3)] },
  };
  const deps = { ...world.ledger, now: () => new Date('2026-03-02T01:02:03Z'), traceId: () => 'trace-1' };
  return { world, run, evidence, deps };
}

test('a writer that ended without a word has a failure that is found by its shard and points to its batch', async () => {
  const { world, run, evidence, deps } = await setup();
  await recordSilentWrites(deps, run, evidence);
  const failures = await world.ledger.listFailures({ job: run.job });
  const at = '2026-03-02T01:02:03.000Z';
  const common = {
    ...{ kind: 'write', job: run.job, slice: run.slice, runId: run.runId, sink: 'lake', attempts: 1 },
    ...{ firstFailedAt: at, lastFailedAt: at, trace: 'trace-1' },
  };
  expect(failures.sort((a, b) => (a.shard ?? 0) - (b.shard ?? 0))).toEqual([
    expect.objectContaining({
      ...common,
      shard: 1,
      pointer: 'batches/1',
      error: expect.objectContaining({ name: 'ShardIncomplete' }),
    }),
    expect.objectContaining({ ...common, shard: 3, pointer: 'batches/3', error: denied }),
  ]);
});

test('what a writer said itself is kept, with its attempts', async () => {
  const { world, run, evidence, deps } = await setup();
  const said: FailureRecord = {
    ...{
      id: `${run.job}/${run.runId}/lake/3`,
      kind: 'write',
      job: run.job,
      slice: run.slice,
      runId: run.runId,
    },
    ...{ shard: 3, sink: 'lake', error: denied, attempts: 5 },
    ...{ firstFailedAt: '2026-03-02T00:00:00Z', lastFailedAt: '2026-03-02T01:00:00Z' },
    ...{ trace: null, pointer: 'batches/3' },
  };
  await world.ledger.putFailure(said);
  await recordSilentWrites(deps, run, evidence);
  expect(await world.ledger.getFailure(said.id)).toEqual(said);
});

test('where all that was to be written is written there is no failure', async () => {
  const { world, run, evidence, deps } = await setup();
  await recordSilentWrites(deps, run, { ...evidence, sinks: { lake: [0, 1, 3].map(written) } });
  expect(await world.ledger.listFailures({ job: run.job })).toEqual([]);
});
