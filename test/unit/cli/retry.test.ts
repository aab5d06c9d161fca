import { expect, test } from 'vitest';
import { type RetryDeps, retryRun } from '../../../cli/failures/retry.ts';
import type { RunRecord, SliceRecord } from '../../../core/ledger.ts';

const run = (runId: string, status: RunRecord['status'], more: Partial<RunRecord> = {}): RunRecord =>
  ({
    job: 'orders',
    runId,
    slice: '2026-03-01',
    status,
    fence: 1,
    revision: 2,
    force: false,
    ...more,
  }) as RunRecord;
const failed = run('r1', 'FAILED', { force: true });

/** Of each run that is started: the one that comes. `committed`: the run and the revision that the slice has then. */
function world(comes: RunRecord[], committed: { runId: string; revision: number } | null) {
  const asked: unknown[] = [];
  const deps: RetryDeps = {
    start: async (job, request) => {
      asked.push(request);
      return { job, runId: `s${asked.length}`, executionArn: 'arn' };
    },
    follow: async () => comes[asked.length - 1] ?? expect.fail('nothing more was to be started'),
    getSlice: async () => ({ committed }) as SliceRecord,
    getRun: async (_job, runId) => run(runId, 'COMPLETED'),
  };
  return { deps, asked };
}
const request = { trigger: 'redrive', slice: '2026-03-01', resumes: 'r1' };
const before = { runId: 'r0', revision: 1 };

test.each(['SKIPPED', 'FAILED'] as const)(
  'F32 behind a run that was marked in its place and ended %s, a retry is started anew',
  async (status) => {
    const { deps, asked } = world([run('m1', status), run('s2', 'COMPLETED')], before);
    expect(await retryRun(deps, failed)).toMatchObject({ runId: 's2' });
    expect(asked).toEqual([request, request]);
  },
);

test('F32 where the run that was marked committed the slice, that is the answer', async () => {
  const { deps, asked } = world([run('m1', 'COMPLETED')], { runId: 'm1', revision: 2 });
  expect(await retryRun(deps, failed)).toMatchObject({ runId: 'm1', status: 'COMPLETED' });
  expect(asked).toHaveLength(1);
});

test('a retry that finds nothing new is the answer, unless the failed run was to load what is loaded, or to read raw', async () => {
  const plain = world([run('s1', 'SKIPPED')], before);
  expect(await retryRun(plain.deps, { ...failed, force: false })).toMatchObject({ runId: 's1' });
  for (const asked of [failed, { ...failed, force: false, from: 'raw' as const }]) {
    const { deps } = world([run('s1', 'SKIPPED'), run('s2', 'COMPLETED')], before);
    expect(await retryRun(deps, asked)).toMatchObject({ runId: 's2' });
    // Its slice was committed in the moment before: older never replaces newer.
    const passed = world([run('s1', 'SKIPPED', { whole: 'committed' })], before);
    expect(await retryRun(passed.deps, asked)).toMatchObject({ runId: 's1' });
  }
});

test('a retry that fails again is the answer', async () => {
  const { deps } = world([run('s1', 'FAILED')], before);
  expect(await retryRun(deps, failed)).toMatchObject({ runId: 's1', status: 'FAILED' });
});
