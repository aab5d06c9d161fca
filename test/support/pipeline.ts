/**
 * A whole run with the tasks' own code and ports in memory, driven as the state machine drives it. Each write of
 * a run (a put, a conditional write, a send, a call of the catalog) is counted, and one of them can be made the
 * last that its function does.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalog, Executions, Ledger, ObjectStore } from '../../aws/interfaces.ts';
import { readFooter } from '../../aws/parquet.ts';
import { type Bucket, bucketsOf } from '../../core/buckets.ts';
import { evolves } from '../../core/contract/slice.ts';
import type { Job } from '../../core/job/model.ts';
import { canonicalJson, versionOf } from '../../core/job/version.ts';
import type { OutboxRecord } from '../../core/ledger.ts';
import { type Manifest, manifestSchema } from '../../core/manifest.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import type { ByteRange, ScannedObject, Shard, SourceObject } from '../../core/shard.ts';
import {
  cellsKey,
  majorOf,
  objectsKey,
  scanKey,
  shardsKey,
  surveyKey,
  tableName,
} from '../../core/storage.ts';
import { applyToCatalog, commitRun, repairPartition } from '../../tasks/catalog/catalog.ts';
import { closeRun } from '../../tasks/close-run/close-run.ts';
import { columns } from '../../tasks/columns/columns.ts';
import { discover } from '../../tasks/discover/discover.ts';
import type { EnvelopeOutput } from '../../tasks/envelope/contract.ts';
import { envelope } from '../../tasks/envelope/envelope.ts';
import { extract } from '../../tasks/extract/extract.ts';
import { endedError, failOpened, failRun } from '../../tasks/fail-run/fail-run.ts';
import { linesOf } from '../../tasks/key-lists.ts';
import { settleKeys } from '../../tasks/keys/keys.ts';
import type { OpenedRun, RunRequest } from '../../tasks/open-run/contract.ts';
import { openRun } from '../../tasks/open-run/open-run.ts';
import { pinJobVersion } from '../../tasks/open-run/pin.ts';
import type { PlannedRun } from '../../tasks/plan/contract.ts';
import { plan } from '../../tasks/plan/plan.ts';
import { jobReader, keep, keepCopy, readJson, readJsonIfThere, sliceReader } from '../../tasks/ports.ts';
import { reconcileRun } from '../../tasks/reconcile/reconcile.ts';
import { recordFailure } from '../../tasks/record-failure/record-failure.ts';
import { readLosers } from '../../tasks/settle/deps.ts';
import { settle } from '../../tasks/settle/settle.ts';
import { survey } from '../../tasks/survey/survey.ts';
import { sweep } from '../../tasks/sweep/sweep.ts';
import type { WriteMessage } from '../../tasks/write-lake/contract.ts';
import { receiveBatch, writeLake } from '../../tasks/write-lake/write-lake.ts';
import { withoutEncryption } from './envelope.ts';
import { memoryCatalog } from './memory-catalog.ts';
import { emptyLedger, type LedgerState, memoryLedger } from './memory-ledger.ts';
import { memoryObjects, type Version } from './memory-objects.ts';
import { untraced } from './nothing-before.ts';
import { arnOf } from './world.ts';

export interface Interruption {
  /** From 1. */
  write: number;
  when: 'before' | 'after';
}

interface Ports extends Pick<Executions, 'succeedTask' | 'failTask'> {
  objects: ObjectStore;
  ledger: Ledger;
  catalog: Catalog;
  send(record: OutboxRecord): Promise<void>;
  dispatch(message: WriteMessage): Promise<void>;
}

export interface Pipeline {
  job: Job;
  /** All that its ledger and its buckets have. */
  stored: { ledger: LedgerState; objects: Map<string, Version[]> };
  ports: Ports;
  executions: Map<string, { status: 'RUNNING' | 'ENDED'; stoppedAt: string | null }>;
  sent: OutboxRecord[];
  queue: Array<{ message: WriteMessage; receives: number }>;
  /** Messages that were received too often. */
  dead: WriteMessage[];
  /** Task tokens whose success was told. */
  succeeded: Set<string>;
  partitions: ReturnType<typeof memoryCatalog>['partitions'];
  now: Date;
  /** Names of the writes so far. */
  writes: string[];
  interruption: (Interruption & { mode: 'tried again' | 'ends for good' }) | null;
  interrupted: boolean;
  /** Whether each child of a Map is done again behind every later one, as by functions whose answers were lost. */
  repeating: boolean;
  /** Bytes of a shard, and buckets of a job that settles repeated keys. */
  sizes: { shardBytes: number; buckets: number };
  /** Runs after each write. */
  watch(): Promise<void>;
  /** What a mark asks for. */
  start(runId: string, request: RunRequest): Promise<void>;
}

/** Of a function that ended in the middle. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The job as it is deployed from now on. */
export async function deploy(pipeline: Pipeline, job: Job): Promise<void> {
  pipeline.job = job;
  const asset = { bucket: 'assets', key: 'job.json' };
  await pipeline.ports.objects.put(asset, Buffer.from(canonicalJson(job)));
}

export async function newPipeline(job: Job, files: Record<string, Buffer>, slice: string): Promise<Pipeline> {
  const { catalog, partitions } = memoryCatalog();
  const stored = { ledger: emptyLedger(), objects: new Map<string, Version[]>() };
  const pipeline: Pipeline = {
    ...{ job, stored, dead: [] },
    ports: {} as Ports,
    executions: new Map(),
    ...{
      sent: [],
      queue: [],
      succeeded: new Set(),
      partitions,
      writes: [],
      interruption: null,
      interrupted: false,
      repeating: false,
      sizes: { shardBytes: 60, buckets: 3 },
    },
    now: new Date('2026-03-02T12:00:00.000Z'),
    watch: async () => undefined,
    start: async (runId) => {
      throw new Error(`${runId} was started, though nobody was in the way`);
    },
  };
  const { succeeded } = pipeline;
  pipeline.ports = {
    ...{ objects: memoryObjects(stored.objects), ledger: memoryLedger(stored.ledger), catalog },
    send: async (record) => void pipeline.sent.push(record),
    dispatch: async (message) => void pipeline.queue.push({ message, receives: 0 }),
    succeedTask: async (token) => {
      if (succeeded.has(token)) return 'gone';
      succeeded.add(token);
      return 'accepted';
    },
    failTask: async () => 'gone',
  };
  const { objects } = pipeline.ports;
  await deploy(pipeline, job);
  for (const [name, body] of Object.entries(files)) {
    await objects.put({ bucket: 'inbox', key: `${job.name}/${slice}/${name}` }, body);
  }
  return pipeline;
}

/** Another pipeline that goes on from where this one is, with nothing in its catalog and its queue. */
export async function fork(pipeline: Pipeline): Promise<Pipeline> {
  const forked = await newPipeline(pipeline.job, {}, '');
  for (const [place, versions] of pipeline.stored.objects) forked.stored.objects.set(place, [...versions]);
  for (const [name, records] of Object.entries(structuredClone(pipeline.stored.ledger))) {
    for (const [key, record] of records)
      (forked.stored.ledger[name as keyof LedgerState] as Map<string, unknown>).set(key, record);
  }
  forked.sent.push(...pipeline.sent);
  for (const [arn, state] of pipeline.executions) forked.executions.set(arn, { ...state });
  return forked;
}

const written: Record<string, readonly string[]> = {
  objects: ['put', 'copy', 'putStream'],
  ledger: [
    ...['acquire', 'mark', 'setLoaded', 'traceTask', 'putObject', 'putShard', 'putSink', 'beginCommit'],
    ...['putSurvey', 'putBucket', 'putSettled'],
    ...['closeCommitted', 'closeSkipped', 'closeFailed', 'putFailedRun', 'markSent', 'putFailure'],
    ...['closeFailure', 'lockFailure'],
  ],
  catalog: ['createTable', 'updateTable', 'setPartition'],
};

/** The ports of one function. Once it is interrupted, nothing that it still asks for is done. */
function portsOf(pipeline: Pipeline): Ports {
  let ended = false;
  type Verb = (...args: unknown[]) => Promise<unknown>;
  const alive = (name: string, verb: Verb, writes: boolean): Verb => {
    return async (...args) => {
      if (ended) throw new Interrupted(`${name} of a function that has ended`);
      if (!writes) return verb(...args);
      const { write, when } = pipeline.interruption ?? {};
      const mine = pipeline.writes.push(name) === write;
      ended = mine;
      pipeline.interrupted ||= mine;
      if (mine && when === 'before') throw new Interrupted(`before ${name}`);
      const answer = await verb(...args);
      await pipeline.watch();
      if (mine) throw new Interrupted(`after ${name}`);
      return answer;
    };
  };
  const wrap = <T extends object>(port: T, writes: readonly string[]): T =>
    Object.fromEntries(
      Object.entries(port).map(([name, verb]) => [name, alive(name, verb as Verb, writes.includes(name))]),
    ) as T;
  const { objects, ledger, catalog, ...others } = pipeline.ports;
  return {
    objects: wrap(objects, written.objects ?? []),
    ledger: wrap(ledger, written.ledger ?? []),
    catalog: wrap(catalog, written.catalog ?? []),
    ...wrap(others, Object.keys(others)),
  };
}

const ops = (key: string): ObjectRef => ({ bucket: 'ops', key });

function depsOf(pipeline: Pipeline, ports: Ports) {
  const { objects, ledger, catalog } = ports;
  const readManifest = async (ref: ObjectRef): Promise<Manifest> =>
    manifestSchema.parse(await readJson(objects, ref));
  return {
    ...ledger,
    ...catalog,
    now: () => pipeline.now,
    ...untraced,
    readJob: jobReader(objects, 'ops'),
    describe: async (arn: string) => {
      const found = pipeline.executions.get(arn);
      return found === undefined ? null : { ...found, error: null, output: null };
    },
    send: ports.send,
    measure: () => undefined,
    start: (_job: string, runId: string, request: RunRequest) => pipeline.start(runId, request),
    ...{ database: 'forebay_local', region: 'eu-west-1', readManifest },
    ...{ lakeBucket: 'lake', opsBucket: 'ops', sourceBucket: 'inbox', rawBucket: 'raw' },
    ...{ shardBytes: pipeline.sizes.shardBytes, maxObjectBytes: 1_000_000, maxReceives: 5 },
  };
}

type Deps = ReturnType<typeof depsOf>;

/**
 * One execution, from OpenRun to its end. A task that is interrupted is run again from its start, as the state
 * machine's `Retry` does; or the execution ends with it, and `Interrupted` is thrown.
 */
export async function execute(
  pipeline: Pipeline,
  runId: string,
  slice: string,
  request: Partial<RunRequest> = {},
): Promise<void> {
  const arn = arnOf(runId);
  pipeline.executions.set(arn, { status: 'RUNNING', stoppedAt: null });
  const attempt: Step = (work) => {
    const ports = portsOf(pipeline);
    return work(depsOf(pipeline, ports), ports);
  };
  const step: Step = async (work) => {
    try {
      return await attempt(work);
    } catch (error) {
      if (!(error instanceof Interrupted) || pipeline.interruption?.mode !== 'tried again') throw error;
      return attempt(work);
    }
  };
  try {
    await throughStates(pipeline, step, runId, { trigger: 'manual', slice, ...request });
  } finally {
    pipeline.executions.set(arn, { status: 'ENDED', stoppedAt: pipeline.now.toISOString() });
  }
}

type Step = <T>(work: (deps: Deps, ports: Ports) => Promise<T>) => Promise<T>;

async function throughStates(
  pipeline: Pipeline,
  step: Step,
  runId: string,
  request: RunRequest,
): Promise<void> {
  const { name, version } = { name: pipeline.job.name, ...versionOf(pipeline.job) };
  const env = { OPS_BUCKET: 'ops', JOB_ASSET: 'assets/job.json' };
  const execution = { id: arnOf(runId), name: runId, startTime: '2026-03-02T01:15:00.000Z' };
  const opened = await step((deps, { objects }) => {
    const failEnded: Parameters<typeof openRun>[0]['failEnded'] = async (run, ended) => {
      await failOpened(deps, run, endedError(ended));
    };
    return openRun(
      { ...deps, pinJobVersion: pinJobVersion(objects, env), failEnded },
      { request, job: { name, version }, execution },
    );
  });
  if (opened.outcome !== 'held') throw new Error(`${runId} is ${opened.outcome}`);
  const job = { name, version };
  try {
    await load(pipeline, step, opened);
  } catch (caught) {
    if (caught instanceof Interrupted) throw caught;
    await step((deps) => failRun(deps, { job, execution, error: asCaught(caught) }));
    return;
  }
  await step((deps) => closeRun(deps, { job: name, runId }));
}

/** As Lambda and Step Functions hand an error to a `Catch`. */
const asCaught = (caught: unknown): { Error: string; Cause: string } => {
  const { name, message } = caught as Error;
  return { Error: name, Cause: JSON.stringify({ errorMessage: message }) };
};

async function load(pipeline: Pipeline, step: Step, opened: OpenedRun): Promise<void> {
  const { run } = opened;
  const discovered = await step((deps, { objects }) =>
    discover(
      {
        ...deps,
        list: (prefix) => objects.list('inbox', prefix),
        keepOps: (key, body) => keep(objects, ops(key), body),
        readListing: (key) => readJsonIfThere(objects, ops(key)),
      },
      opened,
    ),
  );
  if (discovered.discovered === 'nothing-new') return;
  const { objects: stored } = pipeline.ports;
  for (const object of await readJson<SourceObject[]>(stored, ops(objectsKey(run.job, run.runId)))) {
    const failed = { object: object.n, name: object.name };
    await orRecorded(step, run, failed, () => step((deps, ports) => extractOne(deps, ports, run, object)));
  }
  const planned = await step((deps, { objects }) =>
    plan(
      {
        ...deps,
        readObjects: () => readJson(objects, ops(objectsKey(run.job, run.runId))),
        readScan: (key) => readJsonIfThere(objects, ops(key)),
        readShards: (key) => readJsonIfThere(objects, ops(key)),
        keepCopy: keepCopy(objects, 'ops'),
        putOps: (key, body) => objects.put(ops(key), body),
      },
      discovered,
    ),
  );
  if (planned.buckets !== undefined) await inBuckets(stored, planned.buckets, pipeline.sizes.buckets);
  const shards = await readJson<Shard[]>(stored, ops(shardsKey(run.job, run.runId)));
  if (evolves(pipeline.job.contract)) await decideColumns(step, planned, shards);
  const { buckets } = planned;
  if (buckets === undefined) for (const shard of shards) await writeShard(pipeline, step, run, shard);
  else await settleShards(pipeline, step, run, buckets, shards);
  const reconciled = await step((deps, { objects }) =>
    reconcileRun(
      {
        ...deps,
        readJob: sliceReader(objects, 'ops'),
        readShards: () => readJson(objects, ops(shardsKey(run.job, run.runId))),
        readScan: (_run, n) => readJson<ScannedObject>(objects, ops(scanKey(run.job, run.runId, n))),
        linesOf: linesOf(objects, 'ops'),
        keepManifest: (key, body) => keep(objects, ops(key), body),
        putOps: (key, body) => objects.put(ops(key), body),
      },
      planned,
    ),
  );
  await step((deps) => commitRun(deps, reconciled));
}

/** A run as small as a test's has one bucket by its plan; a test wants to say how many. */
async function inBuckets(
  objects: ObjectStore,
  listing: ObjectRef & { count: number },
  count: number,
): Promise<void> {
  listing.count = count;
  await objects.put(listing, Buffer.from(JSON.stringify(bucketsOf(count))));
}

const extractOne = (deps: Deps, { objects }: Ports, run: RunRef, object: SourceObject) =>
  extract(
    {
      ...deps,
      head: objects.head,
      putStream: objects.putStream,
      readScan: (key) => readJsonIfThere(objects, ops(key)),
      read: ({ bucket, key, versionId, etag, raw }) =>
        raw === undefined
          ? objects.stream({ bucket, key }, { versionId, ifMatch: etag })
          : objects.stream({ bucket: 'raw', key: raw.key }, { versionId: raw.versionId }),
      putOps: (key, body) => objects.put(ops(key), body),
    },
    { run, object },
  );

/** The two steps of a job whose slices decide their columns. */
async function decideColumns(step: Step, planned: PlannedRun, shards: readonly Shard[]): Promise<void> {
  const { run } = planned;
  for (const shard of shards) {
    await step((deps, { objects }) =>
      survey(
        {
          ...{ ...deps, withDirectory },
          readRaw: (raw, range) => objects.getRange(raw, range),
          putOps: (key, body) => objects.put(ops(key), body),
        },
        { run, shard },
      ),
    );
  }
  await step((deps, { objects }) =>
    columns(
      {
        ...deps,
        readShards: () => readJson(objects, ops(shardsKey(run.job, run.runId))),
        readDecision: (key) => readJsonIfThere(objects, ops(key)),
        readSurvey: (_run, n) => readJson(objects, ops(surveyKey(run.job, run.runId, n))),
        keepOps: (key, body) => keep(objects, ops(key), body),
      },
      planned,
    ),
  );
}

/** A child of the Map over the shards: Envelope, Dispatch, and the writer's word that it waits for. */
async function writeShard(pipeline: Pipeline, step: Step, run: RunRef, shard: Shard): Promise<void> {
  const enveloped = await orRecorded(step, run, { shard: shard.n }, () => step(envelopeOne(run, shard)));
  if (enveloped !== null) await dispatchBatch(pipeline, step, enveloped);
}

/** A child of a Map never fails: what it failed of is recorded. */
async function orRecorded<T>(
  step: Step,
  run: RunRef,
  failed: Parameters<typeof recordFailure>[1]['failed'],
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work();
  } catch (caught) {
    if (caught instanceof Interrupted) throw caught;
    await step((deps) => recordFailure(deps, { run, failed, error: asCaught(caught) }));
    return null;
  }
}

/** The three Maps of a job that settles repeated keys. */
async function settleShards(
  pipeline: Pipeline,
  step: Step,
  run: RunRef,
  buckets: ObjectRef & { count: number },
  shards: readonly Shard[],
): Promise<void> {
  const again: Array<() => Promise<unknown>> = [];
  const child: Step = async (work) => {
    const answer = await step(work);
    for (const earlier of again) await earlier();
    if (pipeline.repeating) again.push(() => step(work));
    return answer;
  };
  for (const shard of shards) await child(envelopeOne(run, shard));
  for (const bucket of await readJson<Bucket[]>(pipeline.ports.objects, buckets)) {
    await child((deps, { objects }) =>
      settleKeys(
        {
          ...deps,
          readCells: (_run, n) => readJson(objects, ops(cellsKey(run.job, run.runId, n))),
          linesOf: linesOf(objects, 'ops'),
          putOps: (key, body) => objects.put(ops(key), body),
        },
        { run, bucket, shards: shards.length },
      ),
    );
  }
  for (const shard of shards) {
    const settled = await child((deps, { objects }) =>
      settle(
        { ...deps, ...shardDeps(objects), readLosers: readLosers(objects, 'ops') },
        { run, shard, shards: shards.length, buckets: buckets.count },
      ),
    );
    await dispatchBatch(pipeline, step, settled);
    for (const earlier of again) await earlier();
  }
}

const shardDeps = (objects: ObjectStore) => ({
  readJob: sliceReader(objects, 'ops'),
  readRaw: (raw: ObjectRef, range: ByteRange) => objects.getRange(raw, range),
  putOps: (key: string, body: Uint8Array) => objects.put(ops(key), body),
  ...{ copy: objects.copy, head: objects.head },
  secretKey: async () => Buffer.from('the key of this test'),
  ...withoutEncryption,
  withDirectory,
  readFile: (path: string) => readFile(path),
});

const envelopeOne =
  (run: RunRef, shard: Shard) =>
  (deps: Deps, { objects }: Ports) =>
    envelope({ ...deps, ...shardDeps(objects) }, { run, shard });

async function dispatchBatch(pipeline: Pipeline, step: Step, enveloped: EnvelopeOutput): Promise<void> {
  let taskToken = '';
  await step((_deps, { dispatch }) => {
    taskToken = `token ${pipeline.writes.length}`;
    return dispatch({
      schemaVersion: 1,
      taskToken,
      ...enveloped,
      sink: 'lake',
      major: majorOf(pipeline.job),
    });
  });
  await deliver(pipeline);
  // The writer is no part of the execution; where that is to end for good, it ends while the writer is at work.
  if (pipeline.interrupted && pipeline.interruption?.mode === 'ends for good')
    throw new Interrupted('a writer');
  if (pipeline.succeeded.has(taskToken)) return;
  const died = pipeline.dead.find((message) => message.taskToken === taskToken);
  if (died === undefined) throw new Error(`nobody wrote shard ${enveloped.shard.n}`);
  const failed = { shard: enveloped.shard.n, sink: 'lake' };
  const error = { Error: 'WriteFailed', Cause: 'WriteFailed: the lake did not take it' };
  await step((deps) => recordFailure(deps, { run: enveloped.run, failed, error }));
}

/** The queue's messages come to the writer, each again until a receive goes well. */
export async function deliver(pipeline: Pipeline): Promise<void> {
  for (let next = pipeline.queue.shift(); next !== undefined; next = pipeline.queue.shift()) {
    next.receives += 1;
    const ports = portsOf(pipeline);
    const deps = {
      ...depsOf(pipeline, ports),
      ...{ copy: ports.objects.copy, succeedTask: ports.succeedTask, failTask: ports.failTask },
      readFooter: (ref: ObjectRef) => readFooter(ports.objects, ref),
    };
    const received = { id: 'm', body: JSON.stringify(next.message), receive: next.receives };
    const { batchItemFailures } = await receiveBatch(
      () => deps,
      [received],
      ({ message, receive }) => writeLake(deps, message, receive),
    );
    if (batchItemFailures.length === 0) continue;
    if (next.receives < 5) pipeline.queue.push(next);
    else pipeline.dead.push(next.message);
  }
}

async function withDirectory<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = await mkdtemp(join(tmpdir(), 'forebay-shard-'));
  try {
    return await use(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

export async function sweepAll(pipeline: Pipeline): Promise<void> {
  const deps = depsOf(pipeline, pipeline.ports);
  await sweep(
    {
      ...deps,
      allPendingOutbox: () => deps.pendingOutbox(),
      runOf: () => null,
      jobNames: async () => [],
      runningBackfills: async () => [],
      startBackfill: async () => false,
      backfillOf: () => null,
      applyToCatalog: (run, manifest) => applyToCatalog(deps, run, manifest),
      repairPartition: (run) => repairPartition(deps, run),
      log: () => undefined,
      catalogTimeoutSeconds: 60,
    },
    { sweep: 'all' },
  );
}

export const partitionOf = ({ partitions, job }: Pipeline, slice: string) =>
  partitions.get(`${tableName(job.name)}/${slice}`);
