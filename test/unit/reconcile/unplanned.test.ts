import { expect, test } from 'vitest';
import type { ObjectRecord } from '../../../core/ledger.ts';
import { type Evidence, reconcile } from '../../../core/reconcile.ts';

const done = { status: 'done' as const, error: null, trace: null };
const object = (n: number, records: number): ObjectRecord => ({
  ...{ n, name: `${n}.csv`, records, bytes: 100, sha256: 'a'.repeat(64), ...done },
});

/** One shard of object 0 with ten records, all of them written. */
const evidence = (objects: ObjectRecord[]): Evidence => ({
  runId: 'r1',
  objects,
  planned: [
    {
      ...{ n: 0, object: 0, header: null, offset: 0, length: 100, firstRecord: 0, records: 10 },
      raw: { bucket: 'raw', key: 'raw/0.csv', versionId: null, sha256: 'a'.repeat(64) },
      unpacked: null,
    },
  ],
  shards: [{ n: 0, rejected: 0, filtered: 0, batch: null, rejectsByCode: {}, ...done }],
  sinks: { lake: [{ n: 0, sink: 'lake', rows: 10, bytes: 1, sha256: 'b', key: 'k', ...done }] },
});

// Extract of object 1 is recorded as failed since its answer was lost, Plan passes it over, and its function, still
// at work, records it as done: then no failure is left to be found, and its records are in no shard.
test('an object that is done behind the plan, so that no shard has its records, fails the run', () => {
  expect(() => reconcile(evidence([object(0, 10), object(1, 5)]))).toThrow(
    /^CountMismatch: object 1 \(1\.csv\): Extract counted 5 records, the plan has 0/,
  );
});

test('an object without records needs no shard', () => {
  expect(reconcile(evidence([object(0, 10), object(1, 0)]))).toMatchObject({ read: 10, written: 10 });
});
