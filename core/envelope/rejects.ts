import type { Fault } from '../contract/judge.ts';
import { ForebayError } from '../errors.ts';
import type { Reject } from '../shard.ts';
import type { ShardInput } from './shard.ts';

export interface Found {
  /** Within the shard. */
  record: number;
  fault: Fault;
}

/** Rejects with their place in the object that they lie in, found by a second look at the shard's bytes. */
export function place(
  input: Pick<ShardInput, 'format' | 'bytes' | 'offset' | 'firstRecord' | 'raw' | 'unpacked'>,
  found: readonly Found[],
): Reject[] {
  const sorted = [...found].sort((a, b) => a.record - b.record);
  const ranges = input.format.locate(
    input.bytes,
    sorted.map(({ record }) => record),
  );
  return sorted.map(({ record, fault }, i) => ({
    ...fault,
    record: input.firstRecord + record,
    object: (input.unpacked ?? input.raw).key,
    in: input.unpacked === null ? ('raw' as const) : ('unpacked' as const),
    offset: input.offset + (ranges[i]?.offset ?? 0),
    length: ranges[i]?.length ?? 0,
  }));
}

/** The first record with a value in a field that nothing reads fails the run, where the job says so. */
export function refuseUnexpected(input: ShardInput, malformed: readonly Found[]): void {
  const { name, contract } = input.job;
  if (contract.onNewColumn !== 'fail') return;
  const unexpected = malformed.find(({ fault }) => fault.code === 'ColumnUnexpected');
  if (unexpected === undefined) return;
  const [first] = place(input, [unexpected]);
  throw new ForebayError(
    'ColumnUnexpected',
    `${unexpected.fault.message}: record ${first?.record} at byte ${first?.offset} of ${first?.object}; job ${name} ` +
      "says onNewColumn: 'fail': add a column that reads it, or have such fields passed over: 'discard-column'",
  );
}
