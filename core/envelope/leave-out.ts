/** Records of a shard that are good by themselves, and left out for what the slice as a whole holds. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Fault } from '../contract/judge.ts';

export interface LeftOut {
  as: 'rejected' | 'filtered';
  /** Numbers within the shard. */
  records: readonly number[];
}

/** Marks them in `judged`; a fault that they need is put behind the contract's own. */
export async function leaveOut(
  duck: DuckDBConnection,
  { as, records }: LeftOut,
  faults: Fault[],
): Promise<void> {
  await duck.run('CREATE TEMP TABLE left_out (record INTEGER)');
  const appender = await duck.createAppender('left_out');
  for (const record of records) {
    appender.appendInteger(record);
    appender.endRow();
  }
  appender.closeSync();
  const mark = as === 'filtered' ? 'keep = false' : `fault = ${faults.push(repeatedKey) - 1}`;
  await duck.run(`UPDATE judged SET ${mark} FROM left_out WHERE judged.record = left_out.record`);
}

const repeatedKey: Fault = {
  code: 'RepeatedKey',
  column: null,
  message:
    'its key comes more than once in the slice, and none of its records can be told to be the right one',
};
