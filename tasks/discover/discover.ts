import type { Ledger } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import type { LoadedObjects } from '../../core/ledger.ts';
import { checkNames, digestOf, type Listed, slicePrefix, sourceObjects } from '../../core/listing.ts';
import type { RunRef } from '../../core/run.ts';
import type { SourceObject } from '../../core/shard.ts';
import { inboxPrefix, objectsKey } from '../../core/storage.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { DiscoverInput, DiscoverOutput } from './contract.ts';

export interface DiscoverDeps extends TraceDeps, Pick<Ledger, 'getSlice' | 'setLoaded'> {
  readJob(run: RunRef): Promise<Job>;
  /** All objects of the source's bucket under a prefix. */
  list(prefix: string): Promise<Listed[]>;
  /** Puts an object into the ops bucket. */
  putOps(key: string, body: Buffer): Promise<unknown>;
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
    const objects = await listSlice(deps, run);
    const loaded = digestOf(objects);
    const metrics = { objects: objects.length, bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0) };
    await deps.setLoaded(run, loaded);
    const committed = await committedWith(deps, run, loaded);
    if (committed !== null) {
      return { output: { ...opened, discovered: 'nothing-new', loadedBy: committed }, metrics };
    }
    const key = objectsKey(run.job, run.runId);
    await deps.putOps(key, Buffer.from(JSON.stringify(objects)));
    const output = {
      ...opened,
      discovered: 'new',
      objects: { bucket: deps.opsBucket, key, ...loaded },
    } as const;
    return { output, metrics };
  });
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
