import type { Ledger } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import type { LoadedObjects, OutboxRecord, SliceRecord, TaskMetrics } from '../../core/ledger.ts';
import {
  checkNames,
  digestOf,
  type Listed,
  rawObjects,
  slicePrefix,
  sourceObjects,
} from '../../core/listing.ts';
import type { Manifest } from '../../core/manifest.ts';
import { withFinished } from '../../core/resume.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import type { SourceObject } from '../../core/shard.ts';
import { manifestKey, objectsKey } from '../../core/storage.ts';
import { type CompletionDeps, sendPending } from '../completion.ts';
import { reopened } from '../events.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { DiscoverInput, DiscoverOutput } from './contract.ts';

export interface DiscoverDeps
  extends TraceDeps,
    Pick<CompletionDeps, 'pendingOutbox' | 'send' | 'markSent'>,
    Pick<Ledger, 'getSlice' | 'setLoaded' | 'listObjects'> {
  readJob(run: RunRef): Promise<Job>;
  /** All objects of the source's bucket under a prefix. */
  list(prefix: string): Promise<Listed[]>;
  readManifest(ref: ObjectRef): Promise<Manifest>;
  /** Puts an object into the ops bucket unless one is there, and gives the one that is there then. */
  keepOps(key: string, body: Buffer): Promise<Buffer>;
  /** The listing of an earlier run; `null`: there is none (any more). */
  readListing(key: string): Promise<SourceObject[] | null>;
  sourceBucket: string;
  opsBucket: string;
  database: string;
  region: string;
}

/**
 * Lists what belongs to the slice. Nothing is new only if the committed run loaded exactly this listing: a file
 * that came later, or came again with other content, makes a new revision.
 */
export function discover(deps: DiscoverDeps, { attempt, ...opened }: DiscoverInput): Promise<DiscoverOutput> {
  const { run } = opened;
  return traced<DiscoverOutput>(deps, run, 'Discover', attempt, async () => {
    const committed = (await deps.getSlice(run.job, run.slice))?.committed ?? null;
    const { listed, loaded: given } = await list(deps, run, committed);
    if (!run.force && given === undefined && committed?.loaded.digest === digestOf(listed).digest) {
      const loadedBy = { runId: committed.runId };
      const output = { ...opened, discovered: 'nothing-new', loadedBy } as const;
      return { output, metrics: metricsOf(listed) };
    }
    const key = objectsKey(run.job, run.runId);
    const objects = await keepListing(deps, key, listed);
    const loaded = given ?? digestOf(objects);
    await deps.setLoaded(run, loaded, committed === null ? [] : [await reopening(deps, run, committed)]);
    await sendPending(deps, run);
    const listing = { bucket: deps.opsBucket, key, ...loaded };
    const output = { ...opened, discovered: 'new', objects: listing } as const;
    return { output, metrics: metricsOf(objects) };
  });
}

/** `loaded`: what the run is to say that it loaded, where that is not its listing. */
interface Found {
  listed: SourceObject[];
  loaded?: LoadedObjects;
}

/**
 * A run whose predecessor had extracted all that it listed takes its listing, too, and asks the source for nothing.
 * Otherwise the source is listed again, and what is there as it was need not be read again.
 */
async function list(deps: DiscoverDeps, run: RunRef, committed: SliceRecord['committed']): Promise<Found> {
  const before = run.resumes === undefined ? null : await finishedBy(deps, run.job, run.resumes);
  if (run.from === 'raw') {
    const { listed, ...found } = await listRaw(deps, run, committed);
    return { ...found, listed: withFinished(listed, before ?? []) };
  }
  const all = before?.every(({ from }) => from !== undefined) ?? false;
  if (before !== null && all && run.relist !== true) return { listed: before };
  return { listed: withFinished(await listSlice(deps, run), before ?? []) };
}

/**
 * What the slice's committed run has in the raw zone. The run says that it loaded what that one did, so that the
 * next from the source compares the source with it, as it would have without this one.
 */
async function listRaw(deps: DiscoverDeps, run: RunRef, committed: SliceRecord['committed']): Promise<Found> {
  if (committed === null) {
    const what = `no run has committed slice ${run.slice} of ${run.job}, so the raw zone has nothing to make it from`;
    const next = `forebay run ${run.job} --slice ${run.slice}`;
    throw new ForebayError('RawMissing', `${what}; load it from the source: \`${next}\``);
  }
  const key = manifestKey(run.job, committed.runId);
  const { raw } = await deps.readManifest({ bucket: deps.opsBucket, key });
  return { listed: rawObjects(raw), loaded: committed.loaded };
}

/**
 * A run has one listing, the first that was put. Attempt A lists a file and loses its connection, the file b
 * arrives, attempt B lists both and answers, and A, still at work, puts its listing behind B's: the run would
 * load a alone, say that it loaded both, and no later run would look at b again.
 */
async function keepListing(deps: DiscoverDeps, key: string, listed: SourceObject[]): Promise<SourceObject[]> {
  const kept = await deps.keepOps(key, Buffer.from(JSON.stringify(listed)));
  return JSON.parse(kept.toString('utf8')) as SourceObject[];
}

const metricsOf = (objects: readonly SourceObject[]): TaskMetrics => ({
  objects: objects.length,
  bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** The failed run's listing, with those that it extracted named as finished; or a run that it resumed in its turn. */
async function finishedBy(deps: DiscoverDeps, job: string, runId: string): Promise<SourceObject[] | null> {
  const listed = await deps.readListing(objectsKey(job, runId));
  if (listed === null) return null;
  const records = await deps.listObjects(runId);
  const done = new Set(records.flatMap(({ n, status }) => (status === 'done' ? [n] : [])));
  return listed.map((object) => (done.has(object.n) ? { ...object, from: { runId, n: object.n } } : object));
}

async function listSlice(deps: DiscoverDeps, run: RunRef): Promise<SourceObject[]> {
  const job = await deps.readJob(run);
  const prefix = slicePrefix(job, run.slice);
  const marker = job.arrival?.marker ?? null;
  const objects = sourceObjects(deps.sourceBucket, prefix, await deps.list(prefix), marker);
  if (objects.length === 0 && job.format.required) {
    const where = `s3://${deps.sourceBucket}/${prefix}`;
    throw new ForebayError('SourceEmpty', `nothing lies under ${where}, and the job requires records`);
  }
  checkNames(run.job, run.slice, run.runId, objects);
  return objects;
}

/** Told before the slice is loaded again, so that whoever reads it now can know. */
async function reopening(
  deps: DiscoverDeps,
  run: RunRef,
  published: { runId: string; revision: number },
): Promise<OutboxRecord> {
  const { database, region } = deps;
  const now = deps.now().toISOString();
  return reopened(await deps.readJob(run), run, published, { database, region, now });
}
