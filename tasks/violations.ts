import type { Ledger } from '../aws/interfaces.ts';

export type ViolationDeps = Pick<Ledger, 'listShards' | 'listSettled'>;

/** A run's rejected records by code, as its shards counted them: by Settle's words where keys were settled. */
export async function violationsOf(deps: ViolationDeps, runId: string): Promise<Record<string, number>> {
  const [shards, settled] = await Promise.all([deps.listShards(runId), deps.listSettled(runId)]);
  const behind = new Map(settled.map((shard) => [shard.n, shard]));
  const total: Record<string, number> = {};
  for (const shard of shards) {
    for (const [code, count] of Object.entries((behind.get(shard.n) ?? shard).rejectsByCode)) {
      total[code] = (total[code] ?? 0) + count;
    }
  }
  return total;
}
