import { expect, test } from 'vitest';
import type { ExecutionState } from '../../../aws/interfaces.ts';
import { type FollowDeps, follow } from '../../../cli/follow.ts';
import type { RunRecord } from '../../../core/ledger.ts';

const arn = (runId: string) =>
  `arn:aws:states:eu-west-1:000000000000:execution:forebay-local-orders:${runId}`;
const run = (runId: string, status: RunRecord['status'], tasks: RunRecord['tasks'] = {}): RunRecord =>
  ({ job: 'orders', runId, slice: '2026-03-01', status, tasks, executionArn: arn(runId) }) as RunRecord;

const running: ExecutionState = { status: 'RUNNING', stoppedAt: null, error: null, output: null };
const ended = (output: unknown = null): ExecutionState => ({
  status: 'ENDED',
  stoppedAt: '2026-03-02T00:00:00.000Z',
  error: null,
  output: output === null ? null : JSON.stringify(output),
});

/** A ledger that shows each run's states one look after the other; the last one stays. */
function world(
  runs: Record<string, Array<RunRecord | null>>,
  executions: Record<string, ExecutionState>,
): FollowDeps & { told: string[] } {
  const told: string[] = [];
  return {
    told,
    getRun: async (_job, runId) => {
      const states = runs[runId] ?? [null];
      return (states.length > 1 ? states.shift() : states[0]) ?? null;
    },
    describe: async (executionArn) => executions[executionArn] ?? null,
    shardsDone: async () => 2,
    sleep: async () => undefined,
    progress: (text) => {
      told.push(text);
    },
  };
}

const started = { job: 'orders', runId: 'r1', executionArn: arn('r1') };
const trace = { startedAt: '', endedAt: '', attempt: 1, metrics: { shards: 5 } };

test('a run is followed through its states to its end', async () => {
  const deps = world(
    {
      r1: [
        null,
        run('r1', 'RUNNING'),
        run('r1', 'RUNNING', { Discover: trace }),
        run('r1', 'RUNNING', { Discover: trace, Plan: trace }),
        run('r1', 'COMMITTING', { Discover: trace, Plan: trace }),
        run('r1', 'COMPLETED'),
      ],
    },
    { [arn('r1')]: running },
  );
  expect((await follow(deps, started)).status).toBe('COMPLETED');
  expect(deps.told).toEqual([
    'orders: waiting for r1 to open',
    'orders 2026-03-01: discovering',
    'orders 2026-03-01: extracting',
    'orders 2026-03-01: 2 of 5 shards written',
    'orders 2026-03-01: committing',
  ]);
});

test('F32 a run that found its slice held is followed in the run that was marked instead', async () => {
  const busy = { outcome: 'busy', markedRunId: 'm-1', holder: { runId: 'r0' } };
  const deps = world(
    { 'm-1': [null, run('m-1', 'RUNNING'), run('m-1', 'PARTIAL')] },
    { [arn('r1')]: ended(busy), [arn('m-1')]: running },
  );
  expect(await follow(deps, started)).toMatchObject({ runId: 'm-1', status: 'PARTIAL' });
  expect(deps.told).toContain('orders: the slice is held by run r0; following m-1');
});

test('F32 where nothing was marked, since the source is not to be read, the run that holds the slice is followed', async () => {
  const busy = { outcome: 'busy', markedRunId: null, holder: { runId: 'r0' } };
  const deps = world(
    { r0: [null, run('r0', 'RUNNING'), run('r0', 'COMPLETED')] },
    { [arn('r1')]: ended(busy), [arn('r0')]: running },
  );
  expect(await follow(deps, started)).toMatchObject({ runId: 'r0', status: 'COMPLETED' });
});

test('F14 a run that its execution left unfinished is a problem that says who finishes it', async () => {
  const deps = world({ r1: [run('r1', 'RUNNING')] }, { [arn('r1')]: ended() });
  await expect(follow(deps, started)).rejects.toThrow(/run r1 has ended, but the run is RUNNING.*sweeper/);
});

test('a ledger that is a moment behind the execution is waited for', async () => {
  const deps = world({ r1: [null, null, run('r1', 'FAILED')] }, { [arn('r1')]: ended() });
  expect((await follow(deps, started)).status).toBe('FAILED');
});

test('a run is looked at each second at first, and a long one no more often than each ten', async () => {
  const states = [...Array.from({ length: 300 }, () => run('r1', 'RUNNING')), run('r1', 'COMPLETED')];
  const waits: number[] = [];
  const sleep = async (ms: number) => void waits.push(ms);
  await follow({ ...world({ r1: states }, { [arn('r1')]: running }), sleep }, started);
  expect(Math.max(...waits.slice(0, 20))).toBeLessThanOrEqual(1_000);
  expect(waits.slice(-100)).toEqual(Array(100).fill(10_000));
});
