/**
 * A whole backfill with its tasks' own code, driven as its state machine drives it, over the small world: a run of
 * the job's machine is its OpenRun, its commit and its CloseRun, or its FailRun where its slice is at fault. Each
 * write is counted, and one of them can be made the last that its function does.
 */

import type { Item } from '../../core/backfill/lanes.ts';
import { runName } from '../../core/backfill/lanes.ts';
import { beginSlice } from '../../tasks/begin-slice/begin-slice.ts';
import type { BeginSliceOutput } from '../../tasks/begin-slice/contract.ts';
import { closeBackfill } from '../../tasks/close-backfill/close-backfill.ts';
import type { CloseBackfillOutput } from '../../tasks/close-backfill/contract.ts';
import { closeRun } from '../../tasks/close-run/close-run.ts';
import { endSlice } from '../../tasks/end-slice/end-slice.ts';
import { endedError, failOpened, failRun } from '../../tasks/fail-run/fail-run.ts';
import type { OpenRunOutput, RunRequest } from '../../tasks/open-run/contract.ts';
import { openRun } from '../../tasks/open-run/open-run.ts';
import type { PlanBackfillOutput } from '../../tasks/plan-backfill/contract.ts';
import { planRound } from '../../tasks/plan-backfill/plan-backfill.ts';
import { arnOf, end, job, jobVersion, load, newWorld, running, type World } from './world.ts';

/** `whole`: the backfill's execution ends with it; `run`: that of the slice's run, and the backfill goes on. */
export interface Interruption {
  /** From 1. */
  write: number;
  when: 'before' | 'after';
  mode: 'tried again' | 'whole' | 'run';
}

export interface BackfillRuns {
  world: World;
  /** The ops bucket. */
  ops: Map<string, Buffer>;
  /** Slices whose runs fail. */
  failing: Set<string>;
  /** What happens while the machine waits before a round. */
  pause(round: number): Promise<void>;
  /** Names of the writes so far, with whose they are: the backfill's or a run's. */
  writes: Array<{ name: string; of: 'backfill' | 'run' }>;
  interruption: Interruption | null;
  interrupted: boolean;
  /** Runs that were started, in order. */
  started: string[];
}

export const newBackfillRuns = (): BackfillRuns => ({
  world: newWorld(),
  ops: new Map(),
  failing: new Set(),
  pause: async () => undefined,
  ...{ writes: [], interruption: null, interrupted: false, started: [] },
});

/** Of a function that ended in the middle. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export const backfillArn = (id: string): string =>
  arnOf(id).replace(':forebay-local-orders:', ':forebay-local-orders_backfill:');

const written = new Set([
  ...['acquire', 'mark', 'setLoaded', 'beginCommit', 'closeCommitted', 'closeSkipped', 'closeFailed'],
  ...['send', 'markSent', 'openBackfill', 'putBackfillSlice', 'closeBackfill', 'keepOps', 'putOps'],
]);

type Deps = ReturnType<typeof verbsOf>;

function verbsOf({ world, ops }: BackfillRuns) {
  const read = async (key: string) => ops.get(key) ?? Promise.reject(new Error(`nobody wrote ${key}`));
  return {
    ...{ ...world.ledger, ...world.deps },
    // No step of the protocol reads a trace.
    traceTask: async () => undefined,
    keepOps: async (key: string, body: Buffer) => {
      if (!ops.has(key)) ops.set(key, body);
      return read(key);
    },
    readOps: read,
    putOps: async (key: string, body: Buffer) => void ops.set(key, body),
    opsBucket: 'ops',
  };
}

/** The deps of one function. Once it is interrupted, nothing that it still asks for is done. */
function depsOf(runs: BackfillRuns, of: 'backfill' | 'run'): Deps {
  let ended = false;
  const wrap =
    (name: string, verb: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]) => {
      if (ended) throw new Interrupted(`${name} of a function that has ended`);
      if (!written.has(name)) return verb(...args);
      const mine = runs.writes.push({ name, of }) === runs.interruption?.write;
      runs.interrupted ||= mine;
      ended = mine;
      if (mine && runs.interruption?.when === 'before') throw new Interrupted(`before ${name}`);
      const answer = await verb(...args);
      if (mine) throw new Interrupted(`after ${name}`);
      return answer;
    };
  const plain = ['now', 'runOf', 'backfillOf', 'log'];
  const deps = Object.fromEntries(
    Object.entries(verbsOf(runs)).map(([name, verb]) => [
      name,
      typeof verb === 'function' && !plain.includes(name)
        ? wrap(name, verb as (...args: unknown[]) => Promise<unknown>)
        : verb,
    ]),
  ) as Deps;
  deps.failEnded = async (run, execution) => {
    await failOpened(deps, run, endedError(execution));
  };
  return deps;
}

/** A function that is interrupted is run again from its start where the interruption says so. */
async function call<T>(
  runs: BackfillRuns,
  of: 'backfill' | 'run',
  work: (deps: Deps) => Promise<T>,
): Promise<T> {
  try {
    return await work(depsOf(runs, of));
  } catch (error) {
    if (!(error instanceof Interrupted) || runs.interruption?.mode !== 'tried again') throw error;
    return work(depsOf(runs, of));
  }
}

/** One execution of the machine; `Interrupted` is thrown where it ends for good. */
export async function runBackfill(
  runs: BackfillRuns,
  id: string,
  request: unknown,
): Promise<CloseBackfillOutput> {
  const { executions } = runs.world;
  executions.set(backfillArn(id), running);
  try {
    return await throughRounds(runs, id, request);
  } finally {
    const stoppedAt = runs.world.now.toISOString();
    executions.set(backfillArn(id), { status: 'ENDED', stoppedAt, error: null, output: null });
  }
}

async function throughRounds(runs: BackfillRuns, id: string, request: unknown): Promise<CloseBackfillOutput> {
  const execution = { id: backfillArn(id), name: id, startTime: '2026-03-10T12:00:00.000Z' };
  const pinned = { name: job.name, version: jobVersion };
  const plan = (round: number): Promise<PlanBackfillOutput> =>
    call(runs, 'backfill', (deps) => planRound(deps, { request, job: pinned, execution, round }));
  for (let planned = await plan(1); planned.next !== 'close'; planned = await plan(planned.round + 1)) {
    if (planned.next === 'again') await runs.pause(planned.round);
    const children = JSON.parse(String(runs.ops.get(planned.lanes.key))) as Item[][];
    for (const item of children.flat()) await doSlice(runs, planned.backfill, item, planned.round);
  }
  return call(runs, 'backfill', (deps) => closeBackfill(deps, { job: job.name, id }));
}

async function doSlice(
  runs: BackfillRuns,
  backfill: { job: string; id: string },
  item: Item,
  round: number,
): Promise<void> {
  const input = { backfill, item, round };
  const begun: BeginSliceOutput = await call(runs, 'backfill', (deps) => beginSlice(deps, input));
  if (begun.begun === 'not') return;
  const told = await runOf(runs, begun.name, begun.request);
  await call(runs, 'backfill', (deps) => endSlice(deps, { ...input, ...told }));
}

/** RunSlice: the run's answer, or its error as a `Catch` has it. */
async function runOf(runs: BackfillRuns, name: string, request: RunRequest) {
  runs.started.push(name);
  runs.world.executions.set(arnOf(name), running);
  try {
    const output = await jobMachine(runs, name, request);
    end(runs.world, name);
    return { output };
  } catch (error) {
    end(runs.world, name);
    if (error instanceof Interrupted && runs.interruption?.mode !== 'run') throw error;
    return { error: { Error: 'States.TaskFailed', Cause: '{}' } };
  }
}

async function jobMachine(runs: BackfillRuns, name: string, request: RunRequest): Promise<unknown> {
  const execution = { id: arnOf(name), name, startTime: '2026-03-10T12:00:00.000Z' };
  const pinned = { name: job.name, version: jobVersion };
  const opened: OpenRunOutput = await call(runs, 'run', (deps) =>
    openRun(deps, { request, job: pinned, execution }),
  );
  if (opened.outcome !== 'held') return opened;
  const { run } = opened;
  if (runs.failing.has(run.slice)) {
    const error = { Error: 'HeaderInvalid', Cause: 'HeaderInvalid: the header has no column id' };
    await call(runs, 'run', (deps) => failRun(deps, { job: pinned, execution, error }));
    throw new Error('Failed');
  }
  // Reconcile and Catalog: a repeat finds the commit done.
  await call(runs, 'run', async (deps) => {
    const now = await deps.getRun(run.job, run.runId);
    if (now?.status === 'RUNNING') await load({ ...runs.world, ledger: deps }, run);
    runs.world.partitions.set(run.slice, run.runId);
  });
  return call(runs, 'run', (deps) => closeRun(deps, run));
}

export const attemptsOf = (id: string, slice: string, attempts: number): string[] =>
  Array.from({ length: attempts }, (_, i) => runName(id, slice, i + 1));
