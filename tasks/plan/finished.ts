import type { Ledger } from '../../aws/interfaces.ts';
import { evolves } from '../../core/contract/slice.ts';
import type { Job } from '../../core/job/model.ts';
import type { RunRef } from '../../core/run.ts';
import type { Finished, Shard } from '../../core/shard.ts';
import { columnsKey, shardsKey } from '../../core/storage.ts';

export interface FinishedDeps extends Pick<Ledger, 'listShards'> {
  /** The shards of an earlier run; `null`: there are none (any more). */
  readShards(key: string): Promise<Shard[] | null>;
  /** Copies an object of the ops bucket, unless one is there; `false`: there is nothing to copy (any more). */
  keepCopy(from: string, to: string): Promise<boolean>;
}

/**
 * Names for each shard the failed run that enveloped the same bytes of the same raw object. Where a slice decides its
 * columns, its batches have those that were decided: they are taken over with the decision, which is about all
 * shards, or not at all.
 */
export async function withFinishedShards(
  deps: FinishedDeps,
  job: Job,
  run: RunRef,
  planned: readonly Shard[],
): Promise<Shard[]> {
  if (run.resumes === undefined) return [...planned];
  const before = await deps.readShards(shardsKey(run.job, run.resumes));
  if (before === null) return [...planned];
  const finished = await finishedBy(deps, run.resumes, before);
  if (evolves(job.contract)) {
    const same =
      before.length === planned.length && planned.every((shard) => finished.plan.has(bytesOf(shard)));
    const decided = [columnsKey(run.job, run.resumes), columnsKey(run.job, run.runId)] as const;
    if (!same || !(await deps.keepCopy(...decided))) return [...planned];
  }
  return planned.map((shard) => {
    const from = finished.done.get(bytesOf(shard));
    return from === undefined ? shard : { ...shard, from };
  });
}

/** By what they hold: all that the run had planned, and who enveloped it, where that was done. */
async function finishedBy(
  deps: Pick<FinishedDeps, 'listShards'>,
  runId: string,
  before: readonly Shard[],
): Promise<{ plan: Set<string>; done: Map<string, Finished> }> {
  const records = await deps.listShards(runId);
  const enveloped = new Set(records.flatMap(({ n, status }) => (status === 'done' ? [n] : [])));
  const done = before.flatMap((shard): Array<[string, Finished]> => {
    // It may have died before it took over what it was to take over itself.
    const from = enveloped.has(shard.n) ? { runId, n: shard.n } : shard.from;
    return from === undefined ? [] : [[bytesOf(shard), from]];
  });
  return { plan: new Set(before.map(bytesOf)), done: new Map(done) };
}

/** All that a batch is made of but for the number of its shard. */
const bytesOf = ({ n: _n, object: _object, from: _from, ...rest }: Shard): string => {
  const { raw, unpacked, header, delimiter, offset, length, firstRecord, records, context } = rest;
  const places = [raw.key, raw.sha256, unpacked?.key, header?.offset, header?.length, offset, length];
  return JSON.stringify([...places, firstRecord, records, delimiter, context]);
};
