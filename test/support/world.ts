/**
 * A small world around the protocol's tasks: the ledger in memory, executions, the bus and the DLQ as lists, a
 * clock that a test moves. Any verb can be made to crash before or after it took effect.
 */
import type { ExecutionState, Ledger } from '../../aws/interfaces.ts';
import { backfillSuffix } from '../../core/backfill/model.ts';
import type { Contract, Job } from '../../core/job/model.ts';
import { versionOf } from '../../core/job/version.ts';
import type { OutboxRecord } from '../../core/ledger.ts';
import type { Measures } from '../../core/metrics.ts';
import type { Counts, RunRef } from '../../core/run.ts';
import { manifestKey } from '../../core/storage.ts';
import type { CloseRunDeps } from '../../tasks/close-run/close-run.ts';
import { endedError, type FailRunDeps, failOpened } from '../../tasks/fail-run/fail-run.ts';
import type { OpenRunOutput, RunRequest } from '../../tasks/open-run/contract.ts';
import { type OpenRunDeps, openRun } from '../../tasks/open-run/open-run.ts';
import type { SweepDeps } from '../../tasks/sweep/sweep.ts';
import { memoryLedger } from './memory-ledger.ts';
import { untraced } from './nothing-before.ts';

/** What a contract that says nothing of them has. */
export const columnDefaults: Pick<Contract, 'onNewColumn' | 'onMissingColumn' | 'onRetypedColumn' | 'names'> =
  {
    ...{ onNewColumn: 'discard-column', onMissingColumn: 'fail', onRetypedColumn: 'discard-record' },
    names: 'exact',
  };

/** What a job that says nothing of triggers has. */
export const triggerDefaults: Pick<
  Job,
  'schedule' | 'scheduleWindowMinutes' | 'freshnessSeconds' | 'catchUp' | 'arrival' | 'after' | 'onRevision'
> = {
  ...{ schedule: null, scheduleWindowMinutes: 0, freshnessSeconds: null, catchUp: false },
  ...{ arrival: null, after: [], onRevision: 'rerun' },
};

export const job: Job = {
  name: 'orders',
  owner: 'sales',
  cadence: 'daily',
  timezone: 'Europe/Amsterdam',
  lagSeconds: 0,
  source: { kind: 'inbox' },
  format: {
    ...{ kind: 'csv', delimiter: ',', quote: '"', escape: '"', header: true },
    ...{ headerNames: 'reject', skipRows: 0, trim: false, ragged: 'reject' },
    ...{ nulls: [], comment: null, required: false, encoding: 'utf-8' },
  },
  contract: {
    columns: [{ name: 'order_id', type: { name: 'bigint' }, nullable: false, from: null }],
    ...{ filter: null, key: [], onRepeatedKey: 'allow', onBadRecord: 'quarantine', maxRejects: null },
    ...columnDefaults,
  },
  envelope: {
    ...{ eventType: 'OrderPlaced', resource: '/orders', version: null },
    ...{ jurisdiction: 'eu', dataSensitivity: null, tags: ['sales'] },
  },
  privacy: {},
  sinks: [{ kind: 'lake', major: 1 }],
  ...triggerDefaults,
};
export const jobVersion = versionOf(job).version;

const machine = 'arn:aws:states:eu-west-1:000000000000:execution:forebay-local-orders';
export const arnOf = (runId: string): string => `${machine}:${runId}`;
export const running: ExecutionState = { status: 'RUNNING', stoppedAt: null, error: null, output: null };

/** Verbs by name; what a test puts here is thrown once by the next call, before or after its effect. */
type Crashes = Map<string, 'before' | 'after'>;

export interface World {
  ledger: Ledger;
  executions: Map<string, ExecutionState>;
  /** Bodies that reached the bus and the DLQ, in order, repeats included. */
  sent: OutboxRecord[];
  /** Executions that were started by a mark. */
  started: Array<{ runId: string; request: RunRequest }>;
  /** The run that the slice's partition points to. */
  partitions: Map<string, string>;
  log: string[];
  /** What was measured of each run, in order, repeats included. */
  measured: Array<{ runId: string | undefined; measures: Measures }>;
  now: Date;
  /** Of the next run that {@link load} commits. */
  counts: Counts;
  crash(verb: string, when: 'before' | 'after'): void;
  deps: OpenRunDeps & FailRunDeps & CloseRunDeps & SweepDeps;
}

export class Crash extends Error {
  override readonly name = 'Crash';
}

export function newWorld(ledger: Ledger = memoryLedger()): World {
  const crashes: Crashes = new Map();
  const world: World = {
    ledger,
    executions: new Map(),
    sent: [],
    started: [],
    partitions: new Map(),
    log: [],
    measured: [],
    now: new Date('2026-03-02T12:00:00.000Z'),
    counts: { ...counts },
    crash: (verb, when) => crashes.set(verb, when),
    deps: {} as World['deps'],
  };
  world.deps = crashing(depsOf(world), crashes);
  return world;
}

function depsOf(world: World): World['deps'] {
  const { ledger, executions, partitions } = world;
  const deps: World['deps'] = {
    ...ledger,
    pendingOutbox: (run) => ledger.pendingOutbox(run),
    allPendingOutbox: () => ledger.pendingOutbox(),
    pinJobVersion: async () => job,
    readJob: async () => job,
    describe: async (arn) => executions.get(arn) ?? null,
    failEnded: async (run, execution) => {
      await failOpened(world.deps, run, endedError(execution));
    },
    send: async (record) => {
      world.sent.push(record);
    },
    start: async (_job, runId, request) => {
      if (executions.has(arnOf(runId))) return;
      executions.set(arnOf(runId), running);
      world.started.push({ runId, request });
    },
    now: () => world.now,
    database: 'forebay_local',
    region: 'eu-west-1',
    opsBucket: 'ops',
    runOf: (arn) =>
      arn.startsWith(`${machine}:`) ? { job: job.name, runId: arn.slice(machine.length + 1) } : null,
    jobNames: async () => [job.name],
    runningBackfills: async () => [],
    startBackfill: async () => {
      throw new Error('a backfill was started, though the job does not catch up');
    },
    backfillOf: (arn) => {
      const prefix = `${machine}${backfillSuffix}:`;
      return arn.startsWith(prefix) ? { job: job.name, id: arn.slice(prefix.length) } : null;
    },
    applyToCatalog: async (run) => {
      partitions.set(run.slice, run.runId);
    },
    repairPartition: async (run) => {
      const committed = (await ledger.getSlice(run.job, run.slice))?.committed?.runId;
      if (committed === undefined || partitions.get(run.slice) === committed) return false;
      partitions.set(run.slice, committed);
      return true;
    },
    ...untraced,
    log: (message) => world.log.push(message),
    measure: (_job, measures, about) => world.measured.push({ runId: about?.runId, measures }),
    catalogTimeoutSeconds: 60,
  };
  return deps;
}

function crashing<T extends object>(deps: T, crashes: Crashes): T {
  const wrapped = Object.entries(deps).map(([name, verb]) => {
    if (typeof verb !== 'function' || name === 'now') return [name, verb];
    return [
      name,
      async (...args: unknown[]) => {
        const when = crashes.get(name);
        crashes.delete(name);
        if (when === 'before') throw new Crash(`before ${name}`);
        const answer = await verb(...args);
        if (when === 'after') throw new Crash(`after ${name}`);
        return answer;
      },
    ];
  });
  // What is asked for and answered at once stays so.
  return { ...Object.fromEntries(wrapped), ...synchronous(deps) };
}

const synchronous = (deps: object) =>
  Object.fromEntries(
    Object.entries(deps).filter(([name]) =>
      ['runOf', 'backfillOf', 'log', 'measure', 'traceId'].includes(name),
    ),
  );

export const counts: Counts = { read: 10, written: 10, rejected: 0, filtered: 0, repeatedKeys: 0 };

/** An execution begins: its OpenRun runs. */
export function begin(world: World, runId: string, request: RunRequest): Promise<OpenRunOutput> {
  world.executions.set(arnOf(runId), running);
  const execution = { id: arnOf(runId), name: runId, startTime: '2026-03-02T01:15:00.000Z' };
  return openRun(world.deps, { request, job: { name: job.name, version: jobVersion }, execution });
}

/** The same for a run that must get the lease. */
export async function held(world: World, runId: string, request: RunRequest): Promise<RunRef> {
  const output = await begin(world, runId, request);
  if (output.outcome !== 'held') throw new Error(`${runId} is ${output.outcome}`);
  return output.run;
}

/** Discover to Catalog: the run passes the commit point, and its partition is set. */
export async function load(
  world: World,
  run: RunRef,
  commitAs: 'COMPLETED' | 'PARTIAL' = 'COMPLETED',
  options: { partition: boolean } = { partition: true },
): Promise<void> {
  await world.ledger.setLoaded(run, { digest: run.runId, count: 1 });
  const manifest = { bucket: 'ops', key: manifestKey(run.job, run.runId) };
  const began = await world.ledger.beginCommit(run, { manifest, counts: world.counts, commitAs });
  if (!began) throw new Error(`${run.runId} lost the commit point`);
  if (options.partition) world.partitions.set(run.slice, run.runId);
}

export function end(world: World, runId: string, error: ExecutionState['error'] = null): void {
  const stoppedAt = world.now.toISOString();
  world.executions.set(arnOf(runId), { status: 'ENDED', stoppedAt, error, output: null });
}

export const events = (world: World, runId?: string) =>
  world.sent
    .filter((record) => record.target === 'bus' && (runId === undefined || record.runId === runId))
    .map((record) => {
      const { metadata, data } = JSON.parse(record.body);
      return {
        id: metadata.id as string,
        type: metadata.eventType as string,
        runId: data.runId as string,
        data,
      };
    });
