import type { Ledger } from '../../aws/interfaces.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import { planBuckets } from '../../core/buckets.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import { planShards } from '../../core/plan.ts';
import type { RunRef } from '../../core/run.ts';
import type { ScannedObject, SourceObject } from '../../core/shard.ts';
import { bucketsKey, scanKey, shardsKey } from '../../core/storage.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { PlanInput, PlanOutput } from './contract.ts';
import { type FinishedDeps, withFinishedShards } from './finished.ts';

export interface PlanDeps extends TraceDeps, FinishedDeps, Pick<Ledger, 'listObjects'> {
  readJob(run: RunRef): Promise<Job>;
  readObjects(run: RunRef): Promise<SourceObject[]>;
  /** `null`: there is none. */
  readScan(key: string): Promise<ScannedObject | null>;
  /** Puts an object into the ops bucket. */
  putOps(key: string, body: Buffer): Promise<unknown>;
  opsBucket: string;
}

/**
 * Numbers the shards of all objects that were extracted. A failed object is passed over: its failure is in the
 * ledger, where Reconcile finds it after the other objects have gone as far as they can. For a job that settles
 * repeated keys it says in how many buckets.
 */
export function plan(deps: PlanDeps, { attempt, ...discovered }: PlanInput): Promise<PlanOutput> {
  const { run } = discovered;
  return traced(deps, run, 'Plan', attempt, async () => {
    const job = await deps.readJob(run);
    const shards = await withFinishedShards(deps, job, run, planShards(await readScans(deps, run)));
    const key = shardsKey(run.job, run.runId);
    await deps.putOps(key, Buffer.from(JSON.stringify(shards)));
    const records = shards.reduce((sum, shard) => sum + shard.records, 0);
    const planned = { ...discovered, shards: { bucket: deps.opsBucket, key, count: shards.length } };
    const output =
      job.contract.onRepeatedKey === 'allow'
        ? planned
        : { ...planned, buckets: await putBuckets(deps, run, records) };
    return { output, metrics: { shards: shards.length, records } };
  });
}

/** Known before a key is: from Extract's counts. */
async function putBuckets(
  deps: PlanDeps,
  run: RunRef,
  records: number,
): Promise<NonNullable<PlanOutput['buckets']>> {
  const buckets = planBuckets(records);
  const key = bucketsKey(run.job, run.runId);
  await deps.putOps(key, Buffer.from(JSON.stringify(buckets)));
  return { bucket: deps.opsBucket, key, count: buckets.length };
}

async function readScans(deps: PlanDeps, run: RunRef): Promise<ScannedObject[]> {
  const [objects, records] = await Promise.all([deps.readObjects(run), deps.listObjects(run.runId)]);
  const status = new Map(records.map((record) => [record.n, record.status]));
  const silent = objects.find(({ n }) => !status.has(n));
  if (silent !== undefined) throw incomplete(silent, 'is neither done nor failed in the ledger');
  const extracted = objects.filter(({ n }) => status.get(n) === 'done');
  return mapAtOnce(extracted, readsAtOnce, (object) => readScan(deps, run, object));
}

async function readScan(deps: PlanDeps, run: RunRef, object: SourceObject): Promise<ScannedObject> {
  const scan = await deps.readScan(scanKey(run.job, run.runId, object.n));
  if (scan === null) throw incomplete(object, 'has no scan');
  return scan;
}

const incomplete = ({ n, key }: SourceObject, what: string): ForebayError =>
  new ForebayError('ShardIncomplete', `object ${n} (${key}) ${what}; run the slice again`);
