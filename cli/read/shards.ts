/** The shards of a local file, one after the other, and what becomes of all their records. */
import { ForebayError } from '../../core/errors.ts';
import type { Reject, Shard } from '../../core/shard.ts';
import type { ExtractedFile } from './extract.ts';
import { refusing } from './refuse.ts';

/** What became of records. */
export interface Account {
  records: number;
  filtered: number;
  rejected: number;
  rejectsByCode: Record<string, number>;
  /** Values of written records that became null since they are none of their column's type, by column. */
  discarded: Record<string, number>;
}

export interface ShardAccount extends Pick<Account, 'filtered' | 'rejectsByCode' | 'discarded'> {
  written: number;
  /** Lines of the rejects file. */
  rejects: Uint8Array;
}

/** Reads one shard and prints its records. */
export type Reading = (shard: Shard) => Promise<ShardAccount>;

export async function readShards(
  { path, header, shards }: ExtractedFile,
  reading: Reading,
  putRejects: (lines: Uint8Array) => Promise<unknown>,
): Promise<Account> {
  const account: Account = { records: 0, filtered: 0, rejected: 0, rejectsByCode: {}, discarded: {} };
  const refusals = ['HeaderInvalid', 'ColumnMissing', 'ColumnUnexpected'];
  for (const shard of shards) {
    const found = await refusing(path, refusals, header?.offset ?? 0, () => reading(shard));
    const rejected = Object.values(found.rejectsByCode).reduce((sum, count) => sum + count, 0);
    const records = found.written + found.filtered + rejected;
    if (records !== shard.records) throw mismatch(path, shard, records);
    account.records += records;
    account.filtered += found.filtered;
    account.rejected += rejected;
    addCounts(account.rejectsByCode, found.rejectsByCode);
    addCounts(account.discarded, found.discarded);
    await putRejects(found.rejects);
  }
  return account;
}

const mismatch = (path: string, { offset, records }: Shard, read: number): ForebayError =>
  new ForebayError(
    'CountMismatch',
    `${path}: behind byte ${offset} the scan counted ${records} records, and the reading ${read}; please report it`,
  );

export function byCode(rejects: ReadonlyArray<Pick<Reject, 'code'>>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of rejects) addCounts(counts, { [code]: 1 });
  return counts;
}

export function addCounts(sum: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [code, count] of Object.entries(counts)) sum[code] = (sum[code] ?? 0) + count;
}
