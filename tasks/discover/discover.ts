import type { Ledger } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import type { LoadedObjects, TaskMetrics } from '../../core/ledger.ts';
import {
  checkNames,
  digestOf,
  type Listed,
  rawObjects,
  slicePrefix,
  sourceObjects,
} from '../../core/listing.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import type { SourceObject } from '../../core/shard.ts';
import { inboxPrefix, manifestKey, objectsKey } from '../../core/storage.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { DiscoverInput, DiscoverOutput } from './contract.ts';

export interface DiscoverDeps extends TraceDeps, Pick<Ledger, 'getSlice' | 'setLoaded'> {
  readJob(run: RunRef): Promise<Job>;
  /** All objects of the source's bucket under a prefix. */
  list(prefix: string): Promise<Listed[]>;
  readManifest(ref: ObjectRef): Promise<Manifest>;
  /** Puts an object into the ops bucket unless one is there, and gives the one that is there then. */
  keepOps(key: string, body: Buffer): Promise<Buffer>;
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
    const found = run.from === 'raw' ? await listRaw(deps, run) : await listSource(deps, run);
    if ('loadedBy' in found) {
      const output = { ...opened, discovered: 'nothing-new', loadedBy: found.loadedBy } as const;
      return { output, metrics: metricsOf(found.listed) };
    }
    const key = objectsKey(run.job, run.runId);
    const objects = await keepListing(deps, key, found.listed);
    const loaded = found.loaded ?? digestOf(objects);
    await deps.setLoaded(run, loaded);
    const listing = { bucket: deps.opsBucket, key, ...loaded };
    const output = { ...opened, discovered: 'new', objects: listing } as const;
    return { output, metrics: metricsOf(objects) };
  });
}

type Found =
  | { listed: SourceObject[]; loadedBy: { runId: string } }
  /** `loaded`: what the run is to say that it loaded, where that is not its listing. */
  | { listed: SourceObject[]; loaded?: LoadedObjects };

async function listSource(deps: DiscoverDeps, run: RunRef): Promise<Found> {
  const listed = await listSlice(deps, run);
  const loadedBy = await committedWith(deps, run, digestOf(listed));
  return loadedBy === null ? { listed } : { listed, loadedBy };
}

/**
 * What the slice's committed run has in the raw zone. The run says that it loaded what that one did, so that the
 * next from the source compares the source with it, as it would have without this one.
 */
async function listRaw(deps: DiscoverDeps, run: RunRef): Promise<Found> {
  const committed = (await deps.getSlice(run.job, run.slice))?.committed;
  if (committed == null) {
    const what = `no run has committed slice ${run.slice} of ${run.job}, so the raw zone has nothing to make it from`;
    const next = `forebay run ${run.job} --slice ${run.slice}`;
    throw new ForebayError('RawMissing', `${what}; load it from the source: \`${next}\``);
  }
  const { raw } = await deps.readManifest({
    bucket: deps.opsBucket,
    key: manifestKey(run.job, committed.runId),
  });
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
