import type { Ledger, ObjectStore } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import type { ShardRecord } from '../../core/ledger.ts';
import type { RunRef } from '../../core/run.ts';
import type { Batch, Finished, Shard } from '../../core/shard.ts';
import { batchKey, cellsKey, keysKey, rejectsKey } from '../../core/storage.ts';

export interface TakeOverDeps extends Pick<Ledger, 'getShard'>, Pick<ObjectStore, 'copy' | 'head'> {
  opsBucket: string;
}

/** A shard that is done. */
export type EnvelopedShard = ShardRecord & { batch: Batch };

/**
 * Copies on the server's side what a failed run made of a shard: batch, rejects, keys. `null` where part of it has
 * expired or the batch is not the one that it wrote: then the shard is enveloped anew. A repeat copies the same.
 */
export async function takeOver(
  deps: TakeOverDeps,
  job: Job,
  run: RunRef,
  { n }: Shard,
  from: Finished,
): Promise<EnvelopedShard | null> {
  const record = await deps.getShard(from.runId, from.n);
  if (record?.status !== 'done' || record.batch === null) return null;
  const copies: Array<[from: string, to: string]> = [
    [batchKey(run.job, from.runId, from.n), batchKey(run.job, run.runId, n)],
    ...rejectsOf(run, n, from, record),
    ...keysOf(job, run, n, from),
  ];
  const { sha256 } = record.batch;
  if (!(await areThere(deps, sha256, copies))) return null;
  const bucket = deps.opsBucket;
  const copied = await Promise.all(
    copies.map(([key, to]) => deps.copy({ bucket, key }, { bucket, key: to })),
  );
  if (copied[0]?.sha256 !== sha256) {
    const what = `the batch of shard ${from.n} of ${from.runId} changed while it was copied`;
    throw new ForebayError('ChecksumMismatch', `${what}; run the slice again`);
  }
  const batch = { ...record.batch, bucket: deps.opsBucket, key: batchKey(run.job, run.runId, n) };
  return { ...record, n, batch, from };
}

const rejectsOf = (
  run: RunRef,
  n: number,
  from: Finished,
  { rejected }: ShardRecord,
): Array<[string, string]> =>
  rejected === 0 ? [] : [[rejectsKey(run.job, from.runId, from.n), rejectsKey(run.job, run.runId, n)]];

function keysOf({ contract }: Job, run: RunRef, n: number, from: Finished): Array<[string, string]> {
  if (contract.key.length === 0) return [];
  const kinds = contract.onRepeatedKey === 'allow' ? [keysKey] : [keysKey, cellsKey];
  return kinds.map((key) => [key(run.job, from.runId, from.n), key(run.job, run.runId, n)]);
}

/**
 * Asked before anything is copied: a batch with encrypted columns that is once under this run's key is never replaced.
 */
async function areThere(
  deps: TakeOverDeps,
  sha256: string,
  copies: Array<[string, string]>,
): Promise<boolean> {
  const found = await Promise.all(copies.map(([key]) => deps.head({ bucket: deps.opsBucket, key })));
  const digest = Buffer.from(found[0]?.checksumSha256 ?? '', 'base64').toString('hex');
  return digest === sha256 && found.every((object) => object !== null);
}
