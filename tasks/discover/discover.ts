import type { Ledger } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import type { LoadedObjects, TaskMetrics } from '../../core/ledger.ts';
import { checkNames, digestOf, type Listed, slicePrefix, sourceObjects } from '../../core/listing.ts';
import { withFinished } from '../../core/resume.ts';
import type { RunRef } from '../../core/run.ts';
import type { SourceObject } from '../../core/shard.ts';
import { inboxPrefix, objectsKey } from '../../core/storage.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { DiscoverInput, DiscoverOutput } from './contract.ts';

export interface DiscoverDeps extends TraceDeps, Pick<Ledger, 'getSlice' | 'setLoaded' | 'listObjects'> {
  readJob(run: RunRef): Promise<Job>;
  /** All objects of the source's bucket under a prefix. */
  list(prefix: string): Promise<Listed[]>;
  /** Puts an object into the ops bucket unless one is there, and gives the one that is there then. */
  keepOps(key: string, body: Buffer): Promise<Buffer>;
  /** The listing of an earlier run; `null`: there is none (any more). */
  readListing(key: string): Promise<SourceObject[] | null>;
  sourceBucket: string;
  opsBucket: string;
}

/**
 * Lists what belongs to the slice. Nothing is new only if the committed run loaded exactly this listing: a file
 * that came later, or came again with other content, makes a new revision.
 */
export function discover(deps: DiscoverDeps, { attempt, ...opened }: DiscoverInput): Promise<DiscoverOutput> {
  const { run } = opened;
  return traced<DiscoverOutput>(deps, run, 'Discover', attempt, async () => {
    const listed = await listingOf(deps, run);
    const committed = await committedWith(deps, run, digestOf(listed));
    if (committed !== null) {
      const output = { ...opened, discovered: 'nothing-new', loadedBy: committed } as const;
      return { output, metrics: metricsOf(listed) };
    }
    const key = objectsKey(run.job, run.runId);
    const objects = await keepListing(deps, key, listed);
    const loaded = digestOf(objects);
    await deps.setLoaded(run, loaded);
    const listing = { bucket: deps.opsBucket, key, ...loaded };
    const output = { ...opened, discovered: 'new', objects: listing } as const;
    return { output, metrics: metricsOf(objects) };
  });
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

/**
 * A run whose predecessor had extracted all that it listed takes its listing, too, and asks the source for nothing.
 * Otherwise the source is listed again, and what is there as it was need not be read again.
 */
async function listingOf(deps: DiscoverDeps, run: RunRef): Promise<SourceObject[]> {
  const before = run.resumes === undefined ? null : await finishedBy(deps, run.job, run.resumes);
  if (before === null) return listSlice(deps, run);
  if (run.relist !== true && before.every(({ from }) => from !== undefined)) return before;
  return withFinished(await listSlice(deps, run), before);
}

/** The failed run's listing, with those that it extracted named as finished; or a run that it resumed in its turn. */
async function finishedBy(deps: DiscoverDeps, job: string, runId: string): Promise<SourceObject[] | null> {
  const listed = await deps.readListing(objectsKey(job, runId));
  if (listed === null) return null;
  const records = await deps.listObjects(runId);
  const done = new Set(records.flatMap(({ n, status }) => (status === 'done' ? [n] : [])));
  return listed.map((object) => (done.has(object.n) ? { ...object, from: { runId, n: object.n } } : object));
}

async function listSlice(deps: DiscoverDeps, run: RunRef): Promise<SourceObject[]> {
  const { source, format } = await deps.readJob(run);
  const prefix = source.kind === 'inbox' ? inboxPrefix(run.job, run.slice) : slicePrefix(source, run.slice);
  const objects = sourceObjects(deps.sourceBucket, prefix, await deps.list(prefix));
  if (objects.length === 0 && format.required) {
    const where = `s3://${deps.sourceBucket}/${prefix}`;
    throw new ForebayError('SourceEmpty', `nothing lies under ${where}, and the job requires records`);
  }
  checkNames(run.job, run.slice, run.runId, objects);
  return objects;
}

async function committedWith(
  deps: DiscoverDeps,
  run: RunRef,
  loaded: LoadedObjects,
): Promise<{ runId: string } | null> {
  if (run.force) return null;
  const committed = (await deps.getSlice(run.job, run.slice))?.committed;
  return committed?.loaded.digest === loaded.digest ? { runId: committed.runId } : null;
}
