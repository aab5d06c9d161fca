import type { Ledger } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import type { OutboxRecord, TaskMetrics } from '../../core/ledger.ts';
import { checkNames, digestOf, type Listed, slicePrefix, sourceObjects } from '../../core/listing.ts';
import type { RunRef } from '../../core/run.ts';
import type { SourceObject } from '../../core/shard.ts';
import { objectsKey } from '../../core/storage.ts';
import { type CompletionDeps, sendPending } from '../completion.ts';
import { reopened } from '../events.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { DiscoverInput, DiscoverOutput } from './contract.ts';

export interface DiscoverDeps
  extends TraceDeps,
    Pick<CompletionDeps, 'pendingOutbox' | 'send' | 'markSent'>,
    Pick<Ledger, 'getSlice' | 'setLoaded'> {
  readJob(run: RunRef): Promise<Job>;
  /** All objects of the source's bucket under a prefix. */
  list(prefix: string): Promise<Listed[]>;
  /** Puts an object into the ops bucket unless one is there, and gives the one that is there then. */
  keepOps(key: string, body: Buffer): Promise<Buffer>;
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
    const listed = await listSlice(deps, run);
    const committed = (await deps.getSlice(run.job, run.slice))?.committed ?? null;
    if (!run.force && committed?.loaded.digest === digestOf(listed).digest) {
      const loadedBy = { runId: committed.runId };
      const output = { ...opened, discovered: 'nothing-new', loadedBy } as const;
      return { output, metrics: metricsOf(listed) };
    }
    const key = objectsKey(run.job, run.runId);
    const objects = await keepListing(deps, key, listed);
    const loaded = digestOf(objects);
    await deps.setLoaded(run, loaded, committed === null ? [] : [await reopening(deps, run, committed)]);
    await sendPending(deps, run);
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
