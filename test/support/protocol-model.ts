/**
 * The protocol as a model: executions, the sweeper and an arriving file as actors, whose code is the tasks' own.
 * Each verb that touches what others see is one step. Of a function whose execution goes on without it (because
 * it was stopped, or because its answer was lost) nobody knows when it stops: it goes on as an actor of its own,
 * as far as a schedule says.
 */
import type { Ledger } from '../../aws/interfaces.ts';
import type { Listed } from '../../core/listing.ts';
import type { Manifest } from '../../core/manifest.ts';
import { inboxPrefix, manifestKey, objectsKey, partitionPrefix, tableName } from '../../core/storage.ts';
import { applyToCatalog, commitRun, repairPartition } from '../../tasks/catalog/catalog.ts';
import { closeRun } from '../../tasks/close-run/close-run.ts';
import type { DiscoveredRun } from '../../tasks/discover/contract.ts';
import { discover } from '../../tasks/discover/discover.ts';
import { endedError, failOpened, failRun } from '../../tasks/fail-run/fail-run.ts';
import type { OpenedRun, OpenRunOutput, RunRequest } from '../../tasks/open-run/contract.ts';
import { openRun } from '../../tasks/open-run/open-run.ts';
import type { ReconciledRun } from '../../tasks/reconcile/contract.ts';
import { sweep } from '../../tasks/sweep/sweep.ts';
import { memoryCatalog } from './memory-catalog.ts';
import { nothingBefore } from './nothing-before.ts';
import { type Gates, newGates, type Thread } from './schedules.ts';
import { arnOf, counts, job, jobVersion, newWorld, running, type World } from './world.ts';

export const slice = '2026-03-01';

/**
 * `stop`: the execution ends where it stands. `retry`: the task's answer is lost and it is tried again. `catch`:
 * the same after the last attempt, so that the state's Catch runs.
 */
export type Fault = 'stop' | 'retry' | 'catch';

export interface Scenario {
  runs: Array<{ id: string; force: boolean }>;
  /** `of`: the run that they strike, `task`: the one task of it that they strike; without it: any. */
  faults?: { kinds: Fault[]; budget: number; of: string; task?: string };
  /** Sweeps beside the runs; each is two minutes after what was before it. */
  sweeps?: number;
  /** A second file, and the run that it starts. */
  arrival?: string;
  /** How often another actor may go on although the one that went last could. Without it: any number of times. */
  switches?: number;
}

export interface Execution {
  id: string;
  history: number;
  state: 'running' | 'ended' | 'stopped';
  /** The function that it waits for. */
  function: (Thread & { interrupt(fault: Fault): void; task: string }) | null;
}

export interface Busy {
  runId: string;
  /** The run that was in the way. */
  holder: string;
  markedRunId: string;
  force: boolean;
}

export interface Protocol {
  world: World;
  gates: Gates;
  catalog: ReturnType<typeof memoryCatalog>;
  executions: Execution[];
  /** Functions that go on without their execution. */
  strays: Thread[];
  sweeper: Thread | null;
  sweepsLeft: number;
  arrival: { thread: Thread; runId: string } | null;
  files: Listed[];
  /** Objects of the ops bucket, by key. */
  ops: Map<string, string>;
  /** Names of the files that a run loaded, as its manifest has them. */
  manifests: Map<string, string[]>;
  busy: Busy[];
  faultsAtFirst: number;
  /** The run that faults strike. */
  struck: string | null;
  faultsLeft: number;
  switchesLeft: number;
  /** Of the actor that went last. */
  last: string;
  /** Each as a step that nothing holds up. */
  verbs: Verbs;
}

const file = (name: string): Listed => ({
  key: `${inboxPrefix(job.name, slice)}${name}`,
  ...{ versionId: null, etag: name, bytes: 1 },
});

export function newProtocol(scenario: Scenario, ledger?: Ledger): Protocol {
  const protocol: Protocol = {
    world: newWorld(ledger),
    gates: newGates(),
    catalog: memoryCatalog(),
    executions: [],
    strays: [],
    sweeper: null,
    sweepsLeft: scenario.sweeps ?? 0,
    arrival: null,
    files: [file('a.csv')],
    ops: new Map(),
    manifests: new Map(),
    busy: [],
    struck: scenario.faults?.of ?? null,
    faultsAtFirst: scenario.faults?.budget ?? 0,
    faultsLeft: scenario.faults?.budget ?? 0,
    switchesLeft: scenario.switches ?? Number.POSITIVE_INFINITY,
    last: '',
    verbs: {} as Verbs,
  };
  protocol.world.deps.start = async (_job, runId, request) => begin(protocol, runId, request);
  protocol.verbs = verbsOf(protocol);
  for (const { id, force } of scenario.runs) begin(protocol, id, { trigger: 'manual', slice, force });
  if (protocol.sweepsLeft > 0) beginSweep(protocol);
  if (scenario.arrival !== undefined) deliver(protocol, scenario.arrival);
  return protocol;
}

/** Steps of the protocol; all else that the tasks ask for is the same at any time. */
const steps = [
  ...['getSlice', 'acquire', 'mark', 'getRun', 'setLoaded', 'beginCommit', 'closeCommitted', 'closeSkipped'],
  ...['closeFailed', 'putFailedRun', 'pendingOutbox', 'markSent', 'listRuns', 'listMarkedFree'],
  ...['allPendingOutbox', 'describe', 'send', 'start', 'list', 'keepOps', 'readOps'],
  ...['getPartition', 'setPartition', 'endExecution', 'tick', 'deliver'],
];

export type Verbs = ReturnType<typeof verbsOf>;

function verbsOf(protocol: Protocol) {
  const { world, catalog, ops, manifests } = protocol;
  return {
    ...world.ledger,
    ...world.deps,
    ...catalog.catalog,
    // Amsterdam's days are reckoned in OpenRun's tests.
    pinJobVersion: async () => ({ ...job, timezone: 'UTC' }),
    // No step of the protocol reads a trace.
    traceTask: async () => undefined,
    list: async () => [...protocol.files],
    keepOps: async (key: string, body: Buffer) => {
      const kept = ops.get(key) ?? String(body);
      ops.set(key, kept);
      return Buffer.from(kept);
    },
    readOps: async (key: string) => ops.get(key) ?? '',
    readManifest: async ({ key }: { key: string }) => manifestOf(key),
    endExecution: async (runId: string, failed: string | null) => {
      const error = failed === null ? null : { Error: failed, Cause: '' };
      const stoppedAt = world.now.toISOString();
      world.executions.set(arnOf(runId), { status: 'ENDED', stoppedAt, error, output: null });
    },
    tick: async (seconds: number) => {
      world.now = new Date(world.now.getTime() + seconds * 1000);
    },
    deliver: async (name: string) => void protocol.files.push(file(name)),
    putManifest: async (runId: string, names: string[]) => void manifests.set(runId, names),
    ...{ lakeBucket: 'lake', sourceBucket: 'inbox', opsBucket: 'ops' },
  };
}

function manifestOf(key: string): Manifest {
  const runId = key.slice(manifestKey(job.name, '').length - '.json'.length, -'.json'.length);
  return {
    ...{ schemaVersion: 1, job: job.name, jobVersion, runId, slice, revision: 1, status: 'COMPLETED' },
    ...{ time: '2026-03-02T01:15:00.000Z', counts },
    table: {
      name: tableName(job.name),
      prefix: partitionPrefix(job.name, slice, runId),
      columns: [{ name: 'order_id', type: 'bigint' }],
    },
    ...{ files: [], rejects: { byCode: {}, keys: [] }, raw: [] },
  };
}

/** The verbs of one function, each step of which waits at its gate. */
export function gated(protocol: Protocol, thread: Thread) {
  const verbs = { ...protocol.verbs } as Record<string, unknown>;
  for (const name of steps) {
    const verb = verbs[name] as ((...args: unknown[]) => Promise<unknown>) | undefined;
    if (verb !== undefined) verbs[name] = protocol.gates.gate(thread, name, verb);
  }
  const deps = verbs as Verbs;
  deps.failEnded = async (run, execution) => {
    await failOpened(deps, run, endedError(execution));
  };
  deps.applyToCatalog = (run, manifest) => applyToCatalog(deps, run, manifest);
  deps.repairPartition = (run) => repairPartition(deps, run);
  return deps;
}

/** Named, so that a repeat starts nothing. */
export function begin(protocol: Protocol, runId: string, request: RunRequest): void {
  const { world } = protocol;
  if (world.executions.has(arnOf(runId))) return;
  world.executions.set(arnOf(runId), running);
  const execution: Execution = { id: runId, history: 0, state: 'running', function: null };
  protocol.executions.push(execution);
  void machine(protocol, execution, request);
}

/** The job's state machine. A terminal error of a task goes to its Catch at once, as a lost one's last attempt does. */
async function machine(protocol: Protocol, execution: Execution, request: RunRequest): Promise<void> {
  const id = { id: arnOf(execution.id), name: execution.id, startTime: '2026-03-02T01:15:00.000Z' };
  const pinned = { name: job.name, version: jobVersion };
  const call = <T>(task: string, work: (deps: Verbs) => Promise<T>) =>
    invoke(protocol, execution, task, work);
  const fail = (error: unknown) =>
    call('FailRun', (deps) =>
      failRun(deps, {
        job: pinned,
        execution: { ...id, input: request },
        error: { Error: 'States.Timeout', Cause: String((error as Error).message) },
      }),
    );
  const end = async (failed: string | null) => {
    await call('end', (deps) => deps.endExecution(execution.id, failed));
    execution.state = 'ended';
  };
  let opened: OpenRunOutput;
  try {
    opened = await call('OpenRun', (deps) => openRun(deps, { request, job: pinned, execution: id }));
  } catch (error) {
    await fail(error);
    return end('Failed');
  }
  if (opened.outcome === 'paused') return end(null);
  if (opened.outcome === 'busy') {
    const { run, holder, markedRunId } = opened;
    protocol.busy.push({
      runId: run.runId,
      holder: holder.runId,
      markedRunId: markedRunId ?? '',
      force: request.force ?? false,
    });
    return end(null);
  }
  try {
    await load(call, opened);
  } catch (error) {
    const answer = await fail(error);
    if (answer.outcome === 'failed') return end('Failed');
    await call('RollForward', (deps) => commitRun(deps, answer));
  }
  await call('CloseRun', (deps) => closeRun(deps, { job: job.name, runId: execution.id }));
  return end(null);
}

type Call = <T>(task: string, work: (deps: Verbs) => Promise<T>) => Promise<T>;

async function load(call: Call, opened: OpenedRun): Promise<void> {
  const discovered = await call('Discover', (deps) => discover({ ...deps, ...nothingBefore }, opened));
  if (discovered.discovered === 'nothing-new') return;
  const reconciled = await call('Load', (deps) => extractToReconcile(deps, discovered));
  await call('Catalog', (deps) => commitRun(deps, reconciled));
}

/** What lies between Discover and Catalog, as far as the protocol sees it: the listing is read and loaded. */
async function extractToReconcile(deps: Verbs, discovered: DiscoveredRun): Promise<ReconciledRun> {
  const { job: name, runId } = discovered.run;
  const listing = JSON.parse(await deps.readOps(objectsKey(name, runId))) as Listed[];
  await deps.putManifest(
    runId,
    listing.map(({ key }) => key),
  );
  const manifest = { bucket: 'ops', key: manifestKey(name, runId), sha256: 'a'.repeat(64) };
  const shards = { bucket: 'ops', key: 'shards.json', count: listing.length };
  return { ...discovered, shards, status: 'COMPLETED', counts, manifest };
}

/** Invokes a function until it answers; a fault may take its place, and it goes on alone. */
function invoke<T>(
  protocol: Protocol,
  execution: Execution,
  task: string,
  work: (deps: Verbs) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const attempt = (n: number): void => {
      const thread = {
        ...protocol.gates.thread(`${execution.id}/${task}#${n}`),
        task,
        interrupt: (fault: Fault) => {
          protocol.strays.push(thread);
          execution.function = null;
          execution.history = protocol.gates.remember(execution.history, [fault, n]);
          if (fault === 'retry') attempt(n + 1);
          if (fault === 'catch') reject(new Error('its answer was lost'));
          if (fault === 'stop') execution.state = 'stopped';
        },
      };
      execution.function = thread;
      const settle = (then: () => void, answer: unknown) => {
        protocol.strays = protocol.strays.filter((stray) => stray !== thread);
        if (execution.function !== thread) return;
        execution.function = null;
        execution.history = protocol.gates.remember(execution.history, [task, answer]);
        then();
      };
      work(gated(protocol, thread)).then(
        (output) => settle(() => resolve(output), output),
        (error) => settle(() => reject(error), String(error)),
      );
    };
    attempt(0);
  });
}

function beginSweep(protocol: Protocol): void {
  const { gates } = protocol;
  const thread = gates.thread(`sweeper#${protocol.sweepsLeft}`);
  protocol.sweeper = thread;
  protocol.sweepsLeft -= 1;
  const deps = gated(protocol, thread);
  const sweeping = deps.tick(120).then(() => sweep(deps, { sweep: 'all' }));
  // What a sweep could not finish is the next one's.
  void sweeping
    .catch(() => undefined)
    .then(() => {
      protocol.sweeper = null;
      if (protocol.sweepsLeft > 0 && !gates.open) beginSweep(protocol);
    });
}

function deliver(protocol: Protocol, runId: string): void {
  const thread = protocol.gates.thread('arrival');
  protocol.arrival = { thread, runId };
  void gated(protocol, thread)
    .deliver('b.csv')
    .then(() => {
      protocol.arrival = null;
      begin(protocol, runId, { trigger: 'manual', slice });
    });
}
