import { createHash } from 'node:crypto';
import type { Ledger } from '../../aws/interfaces.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import { catalogColumns } from '../../core/contract/output.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import { countRepeats, type NextIds } from '../../core/keys.ts';
import type { ShardRecord, SinkRecord } from '../../core/ledger.ts';
import { type Manifest, manifestSchema } from '../../core/manifest.ts';
import { type Evidence, holdLimits, reconcile } from '../../core/reconcile.ts';
import type { Counts, RunRef } from '../../core/run.ts';
import type { ScannedObject, Shard } from '../../core/shard.ts';
import { manifestKey, partitionPrefix, rejectsKey, tableName } from '../../core/storage.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { ReconcileInput, ReconcileOutput } from './contract.ts';
import type { ShardIds } from './objects.ts';

export interface ReconcileDeps extends TraceDeps, Pick<Ledger, 'listObjects' | 'listShards' | 'listSinks'> {
  readJob(run: RunRef): Promise<Job>;
  readShards(run: RunRef): Promise<Shard[]>;
  readScan(run: RunRef, n: number): Promise<ScannedObject>;
  /** The sorted ids of the shards' records, block by block. */
  idsOf(run: RunRef, shards: ShardIds[]): NextIds[];
  /** Puts the manifest unless one is there, and gives the one that is there then. */
  keepManifest(key: string, body: Buffer): Promise<Buffer>;
  opsBucket: string;
}

/** Proves the slice complete, holds the job's limits, and writes the manifest. */
export function reconcileRun(deps: ReconcileDeps, input: ReconcileInput): Promise<ReconcileOutput> {
  return traced(deps, input.run, 'Reconcile', input.attempt, async () => {
    const { run } = input;
    const job = await deps.readJob(run);
    const evidence = await gather(deps, job, run);
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

async function gather(deps: ReconcileDeps, job: Job, run: RunRef): Promise<Evidence> {
  const [planned, objects, shards, ...sinks] = await Promise.all([
    deps.readShards(run),
    deps.listObjects(run.runId),
    deps.listShards(run.runId),
    ...job.sinks.map(({ kind }) => deps.listSinks(run.runId, kind)),
  ]);
  const bySink = Object.fromEntries(job.sinks.map(({ kind }, i) => [kind, sinks[i] ?? []]));
  return { runId: run.runId, planned, objects, shards, sinks: bySink };
}

async function repeatedKeys(
  deps: ReconcileDeps,
  job: Job,
  run: RunRef,
  { shards }: Evidence,
): Promise<number> {
  if (job.contract.key.length === 0) return 0;
  return countRepeats(
    deps.idsOf(
      run,
      shards.map(({ n, batch }) => ({ n, ids: batch?.rows ?? 0 })),
    ),
  );
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
      name: tableName(run.job),
      prefix: partitionPrefix(run.job, run.slice, run.runId),
      columns: catalogColumns(job),
    },
    files: (evidence.sinks.lake ?? []).map(fileOf),
    rejects: {
      byCode: sum(evidence.shards.map(({ rejectsByCode }) => rejectsByCode)),
      keys: evidence.shards.filter(rejectedSome).map(({ n }) => rejectsKey(run.job, run.runId, n)),
    },
    raw,
  } satisfies Manifest);
}

const rejectedSome = ({ rejected }: ShardRecord): boolean => (rejected ?? 0) > 0;

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
