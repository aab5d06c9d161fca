import { boundsOf, decodeLosers, loserRange } from '../../core/buckets.ts';
import { losersKey } from '../../core/storage.ts';
import { envelopeDeps } from '../envelope/deps.ts';
import { readWhole } from '../key-lists.ts';
import { ledgerOf, store } from '../ports.ts';
import type { environment } from './contract.ts';
import type { SettleDeps } from './settle.ts';

export function settleDeps(env: Record<(typeof environment)[number], string>): SettleDeps {
  return { ...envelopeDeps(env), ...ledgerOf(env), readLosers: readLosers(store(), env.OPS_BUCKET) };
}

/** Two small reads of a bucket's object, whatever its size: where the shard's part lies, and that part. */
export const readLosers =
  (objects: Parameters<typeof readWhole>[0], opsBucket: string): SettleDeps['readLosers'] =>
  async (run, bucket, shard, of) => {
    const ref = { bucket: opsBucket, key: losersKey(run.job, run.runId, bucket) };
    const range = loserRange(await readWhole(objects, ref, boundsOf(shard)), of);
    return range.length === 0 ? [] : decodeLosers(await readWhole(objects, ref, range));
  };
