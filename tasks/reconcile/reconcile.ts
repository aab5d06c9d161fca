import { createHash } from 'node:crypto';
import type { Ledger } from '../../aws/interfaces.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import { catalogColumns } from '../../core/contract/output.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import { countRepeats, type NextLines } from '../../core/keys.ts';
import type { ShardRecord, SinkRecord } from '../../core/ledger.ts';
import { type Manifest, manifestSchema } from '../../core/manifest.ts';
import { type Evidence, holdLimits, type KeyEvidence, reconcile } from '../../core/reconcile.ts';
import type { Counts, RunRef } from '../../core/run.ts';
import type { ScannedObject, Shard } from '../../core/shard.ts';
import {
  majorOf,
  manifestKey,
  partitionPrefix,
  rejectsKey,
  repeatedRejectsKey,
  tableName,
} from '../../core/storage.ts';
import type { ShardLines } from '../key-lists.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { ReconcileInput, ReconcileOutput } from './contract.ts';
import { type FailuresDeps, keepFailures } from './failures.ts';
import { recordSilentWrites, type SilentDeps } from './silent.ts';

type Lists = 'listObjects' | 'listShards' | 'listSinks' | 'listBuckets' | 'listSettled';

export interface ReconcileDeps extends TraceDeps, SilentDeps, FailuresDeps, Pick<Ledger, Lists> {
  readJob(run: RunRef): Promise<Job>;
  readShards(run: RunRef): Promise<Shard[]>;
  readScan(run: RunRef, n: number): Promise<ScannedObject>;
  /** The sorted keys of the shards' records, block by block. */
  linesOf(run: RunRef, shards: ShardLines[]): NextLines[];
  /** Puts the manifest unless one is there, and gives the one that is there then. */
  keepManifest(key: string, body: Buffer): Promise<Buffer>;
}

/** Proves the slice complete, holds the job's limits, and writes the manifest. */
export function reconcileRun(deps: ReconcileDeps, input: ReconcileInput): Promise<ReconcileOutput> {
  return traced(deps, input.run, 'Reconcile', input.attempt, async () => {
    const { run } = input;
    const job = await deps.readJob(run);
    const evidence = await gather(deps, job, input);
    await recordSilentWrites(deps, run, evidence);
    await keepFailures(deps, run, evidence);
    const accounting = reconcile(evidence);
    if (accounting.read === 0 && job.format.required) {
      throw new ForebayError(
        'SourceEmpty',
        `slice ${run.slice} of ${run.job} has no record, and the job requires some`,
      );
    }
    holdLimits(accounting, job.contract, run.runId);
    const counts = { ...accounting, repeatedKeys: await repeatedKeys(deps, job, run, evidence) };
    const manifest = await manifestOf(deps, job, run, evidence, counts);
    const { status } = manifest;
    const { read: records, written: rows, rejected, filtered } = counts;
    const output = { ...input, status, counts, manifest: await putManifest(deps, run, manifest) };
    return { output, metrics: { records, rows, rejected, filtered, shards: evidence.planned.length } };
  });
}

async function gather(deps: ReconcileDeps, job: Job, { run, buckets }: ReconcileInput): Promise<Evidence> {
  const [keys, planned, objects, shards, ...sinks] = await Promise.all([
    buckets === undefined ? undefined : gatherKeys(deps, run, buckets.count),
    deps.readShards(run),
    deps.listObjects(run.runId),
    deps.listShards(run.runId),
    ...job.sinks.map(({ kind }) => deps.listSinks(run.runId, kind)),
  ]);
  const bySink = Object.fromEntries(job.sinks.map(({ kind }, i) => [kind, sinks[i] ?? []]));
  const evidence = { runId: run.runId, planned, objects, shards, sinks: bySink };
  return keys === undefined ? evidence : { ...evidence, keys };
}

async function gatherKeys(deps: ReconcileDeps, run: RunRef, planned: number): Promise<KeyEvidence> {
  const [buckets, settled] = await Promise.all([deps.listBuckets(run.runId), deps.listSettled(run.runId)]);
  return { planned, buckets, settled };
}

async function repeatedKeys(
  deps: ReconcileDeps,
  job: Job,
  run: RunRef,
  { shards, keys }: Evidence,
): Promise<number> {
  if (job.contract.key.length === 0) return 0;
  if (keys !== undefined) return keys.buckets.reduce((sum, { repeats }) => sum + (repeats ?? 0), 0);
  const whole = shards.map(({ n, batch }) => ({ n, first: 0, count: batch?.rows ?? 0 }));
  return countRepeats(deps.linesOf(run, whole));
}

async function manifestOf(
  deps: ReconcileDeps,
  job: Job,
  run: RunRef,
  evidence: Evidence,
  counts: Counts,
): Promise<Manifest> {
  const raw = await mapAtOnce(evidence.objects, readsAtOnce, async ({ n }) =>
    lineage(await deps.readScan(run, n)),
  );
  const shards = evidence.keys?.settled ?? evidence.shards;
  const major = majorOf(job);
  const prefix = partitionPrefix(run.job, run.slice, run.runId, major);
  return manifestSchema.parse({
    schemaVersion: 1,
    job: run.job,
    jobVersion: run.jobVersion,
    runId: run.runId,
    slice: run.slice,
    revision: run.revision,
    status: counts.rejected > 0 ? 'PARTIAL' : 'COMPLETED',
    time: run.time,
    counts,
    table: {
      name: tableName(run.job, major),
      prefix,
      columns: catalogColumns(job),
    },
    files: filesIn(prefix, evidence.sinks.lake ?? []),
    ...(job.contract.onRetypedColumn === 'discard-column'
      ? { discarded: sum(shards.map(({ discarded = {} }) => discarded)) }
      : {}),
    rejects: {
      byCode: sum(shards.map(({ rejectsByCode }) => rejectsByCode)),
      keys: shards.flatMap((shard) => rejectsKeys(run, shard)),
    },
    raw,
  } satisfies Manifest);
}

/** Those that Envelope found and those of repeated keys are two objects. */
function rejectsKeys({ job, runId }: RunRef, { n, rejected, rejectsByCode }: ShardRecord): string[] {
  const repeated = rejectsByCode.RepeatedKey ?? 0;
  const found = (rejected ?? 0) - repeated;
  return [
    ...(found > 0 ? [rejectsKey(job, runId, n)] : []),
    ...(repeated > 0 ? [repeatedRejectsKey(job, runId, n)] : []),
  ];
}

/** Readers see what is below the partition's prefix: a file elsewhere would be lost to them. */
function filesIn(prefix: string, sinks: readonly SinkRecord[]): Manifest['files'] {
  const astray = sinks.find(({ key }) => key?.startsWith(prefix) !== true);
  if (astray !== undefined) {
    const what = `shard ${astray.n} was written to ${astray.key}, and the slice is to be read from ${prefix}`;
    throw new ForebayError('CountMismatch', `${what}; nothing is published, please report it`);
  }
  return sinks.map(fileOf);
}

const fileOf = ({ n, key, rows, bytes, sha256 }: SinkRecord): Manifest['files'][number] => ({
  key: key ?? '',
  shard: n,
  rows: rows ?? 0,
  bytes: bytes ?? 0,
  sha256: sha256 ?? '',
});

const lineage = ({ object, raw, scan }: ScannedObject): Manifest['raw'][number] => ({
  key: raw.key,
  versionId: raw.versionId,
  bytes: raw.bytes,
  sha256: raw.sha256,
  records: scan.records,
  source: { bucket: object.bucket, key: object.key, versionId: object.versionId, etag: object.etag },
});

function sum(counts: Array<Record<string, number>>): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [code, n] of counts.flatMap(Object.entries<number>)) total[code] = (total[code] ?? 0) + n;
  return Object.fromEntries(Object.entries(total).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A repeat of this task makes the same bytes; other bytes under this run's key mean that its input changed. */
async function putManifest(
  deps: ReconcileDeps,
  run: RunRef,
  manifest: Manifest,
): Promise<ReconcileOutput['manifest']> {
  const key = manifestKey(run.job, run.runId);
  const body = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  if (!body.equals(await deps.keepManifest(key, body))) {
    throw new ForebayError('ChecksumMismatch', `${key} is there with other bytes; run the slice again`);
  }
  return { bucket: deps.opsBucket, key, sha256: createHash('sha256').update(body).digest('hex') };
}
