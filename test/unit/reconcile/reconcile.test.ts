import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ErrorRecord } from '../../../core/errors.ts';
import { countRepeats } from '../../../core/keys.ts';
import { type Evidence, holdLimits, reconcile } from '../../../core/reconcile.ts';

/** Three shards of 10, 20 and 30 records; one record each rejected, two each filtered. */
function evidence(): Evidence {
  const raw = { bucket: 'raw', key: 'raw/x', versionId: null, sha256: 'a'.repeat(64) };
  const done = { status: 'done' as const, error: null, trace: null };
  return {
    runId: 'r1',
    objects: [{ n: 0, name: 'x', records: 60, bytes: 600, sha256: 'a'.repeat(64), ...done }],
    planned: [10, 20, 30].map((records, n) => ({
      n,
      object: 0,
      raw,
      unpacked: null,
      header: null,
      offset: n * 100,
      length: 100,
      firstRecord: 0,
      records,
    })),
    shards: [0, 1, 2].map((n) => ({
      n,
      rejected: 1,
      filtered: 2,
      batch: null,
      rejectsByCode: { CastFailed: 1 },
      ...done,
    })),
    sinks: {
      lake: [7, 17, 27].map((rows, n) => ({
        n,
        sink: 'lake',
        rows,
        bytes: 1,
        sha256: 'b',
        key: 'k',
        ...done,
      })),
    },
  };
}

const failed = (error: ErrorRecord) => ({ status: 'failed' as const, error });

test('counts that agree make the accounting of the slice', () => {
  expect(reconcile(evidence())).toEqual({ read: 60, written: 51, rejected: 3, filtered: 6 });
});

test.each([0, 1, 2])('a wrong count of Extract in shard %i fails the run', (n) => {
  const wrong = evidence();
  wrong.planned = wrong.planned.map((shard) =>
    shard.n === n ? { ...shard, records: shard.records + 1 } : shard,
  );
  expect(() => reconcile(wrong)).toThrow(/^CountMismatch: shard /);
});

test.each([['rejected'], ['filtered']] as const)(
  'a wrong count of what Envelope %s fails the run',
  (what) => {
    const wrong = evidence();
    wrong.shards = wrong.shards.map((shard) =>
      shard.n === 1 ? { ...shard, [what]: (shard[what] ?? 0) + 1 } : shard,
    );
    expect(() => reconcile(wrong)).toThrow(
      /^CountMismatch: shard 1: Extract counted 20 records, but 17 rows/,
    );
  },
);

/** The same where two of shard 0's seven rows and one of shard 1's were left out for their keys. */
function settledEvidence(): Evidence {
  const before = evidence();
  const done = { status: 'done' as const, error: null, trace: null };
  const batch = (rows: number) => ({ bucket: 'ops', key: 'k', rows, bytes: 1, sha256: 'b' });
  const [left, enveloped] = [
    [5, 16, 27],
    [7, 17, 27],
  ];
  return {
    ...before,
    shards: before.shards.map((shard) => ({ ...shard, batch: batch(enveloped[shard.n] ?? 0) })),
    sinks: {
      lake: (before.sinks.lake ?? []).map((sink) => ({ ...sink, rows: left[sink.n] ?? 0 })),
    },
    keys: {
      planned: 2,
      buckets: [30, 21].map((ids, n) => ({ n, ids, repeats: n, losers: n + 1, ...done })),
      settled: before.shards.map((shard) => ({
        ...shard,
        filtered: [4, 3, 2][shard.n] ?? 0,
        batch: batch(left[shard.n] ?? 0),
      })),
    },
  };
}

test('where keys are settled the counts are those of the settled shards', () => {
  expect(reconcile(settledEvidence())).toEqual({ read: 60, written: 48, rejected: 3, filtered: 9 });
});

test('a bucket of which nothing is known fails the run, and so does one that failed, by its cause', () => {
  const silent = settledEvidence();
  silent.keys?.buckets.shift();
  expect(() => reconcile(silent)).toThrow(/^ShardIncomplete: bucket 0 of r1 has no record of Keys/);
  const broken = settledEvidence();
  const error = { name: 'Throttled', message: 'S3 throttled' };
  Object.assign(broken.keys?.buckets[1] ?? {}, { ids: null, repeats: null, losers: null, ...failed(error) });
  expect(() => reconcile(broken)).toThrow('Throttled: S3 throttled (1 of 2 buckets failed, first number 1)');
});

test('a shard that was not settled fails the run, and so does one whose settling failed', () => {
  const silent = settledEvidence();
  silent.keys?.settled.pop();
  silent.keys?.buckets.pop();
  Object.assign(silent.keys ?? {}, { planned: 1 });
  Object.assign(silent.keys?.buckets[0] ?? {}, { ids: 51, losers: 30 });
  expect(() => reconcile(silent)).toThrow(/^ShardIncomplete: shard 2 of r1 has no record of Settle/);
  const broken = settledEvidence();
  Object.assign(broken.keys?.settled[1] ?? {}, {
    ...failed({ name: 'BadRecord', message: 'RepeatedKey in …' }),
  });
  expect(() => reconcile(broken)).toThrow(/^BadRecord: .*\(1 of 3 settled shards failed, first number 1\)/);
});

test.each([
  ['a key that no bucket merged', { ids: 29 }],
  ['a key that two buckets merged', { ids: 31 }],
  ['a loser that no shard left out', { losers: 2 }],
  ['a loser that was left out though no bucket said so', { losers: 0 }],
])('%s fails the run', (_what, wrong) => {
  const found = settledEvidence();
  Object.assign(found.keys?.buckets[0] ?? {}, wrong);
  expect(() => reconcile(found)).toThrow(/^CountMismatch: Envelope left 51 rows, the buckets merged/);
});

test('a shard that could not be enveloped is the cause, not the buckets that miss its keys', () => {
  const broken = settledEvidence();
  const error = { name: 'ColumnMissing', message: "the file has no field 'qty'" };
  Object.assign(broken.shards[2] ?? {}, { rejected: null, filtered: null, batch: null, ...failed(error) });
  const follows = failed({ name: 'ShardIncomplete', message: 'bucket 0 needs the keys of shard 2' });
  for (const record of [...(broken.keys?.buckets ?? []), ...(broken.keys?.settled ?? [])])
    Object.assign(record, follows);
  broken.sinks = { lake: [] };
  expect(() => reconcile(broken)).toThrow(/^ColumnMissing: .*\(1 of 3 shards failed, first number 2\)/);
});

test.each([-1, 1])('a wrong count in the footer of what was written (%i) fails the run', (by) => {
  const wrong = evidence();
  wrong.sinks = {
    lake: (wrong.sinks.lake ?? []).map((sink) =>
      sink.n === 2 ? { ...sink, rows: (sink.rows ?? 0) + by } : sink,
    ),
  };
  expect(() => reconcile(wrong)).toThrow(/^CountMismatch: shard 2/);
});

test('a shard without a record of Envelope or of a writer is incomplete', () => {
  const noShard = evidence();
  noShard.shards.pop();
  expect(() => reconcile(noShard)).toThrow(/^ShardIncomplete: shard 2 .* Envelope/);
  const noSink = evidence();
  noSink.sinks.lake?.shift();
  expect(() => reconcile(noSink)).toThrow(/^ShardIncomplete: shard 0 .* writer of lake/);
});

test('F38 F39 the first cause is raised by its name, with how many failed', () => {
  const broken = evidence();
  const error = { name: 'ColumnMissing', message: "the file has no field 'qty'" };
  broken.shards = broken.shards.map((shard) =>
    shard.n === 0 ? shard : { ...shard, rejected: null, filtered: null, ...failed(error) },
  );
  broken.sinks = { lake: [] };
  expect(() => reconcile(broken)).toThrow(
    "ColumnMissing: the file has no field 'qty' (2 of 3 shards failed, first number 1)",
  );
  const object = evidence();
  object.objects = [
    {
      n: 0,
      name: 'x',
      records: null,
      bytes: null,
      sha256: null,
      trace: null,
      ...failed({ name: 'SourceChanged', message: 'x' }),
    },
  ];
  expect(() => reconcile(object)).toThrow(/^SourceChanged: x \(1 of 1 objects failed/);
});

test.each([
  [{ count: 3 }, 3, 100, true],
  [{ count: 2 }, 3, 100, false],
  [{ ratio: 0.03 }, 3, 100, true],
  [{ ratio: 0.029 }, 3, 100, false],
  // 0.29 * 100 is less than 29 in floating point.
  [{ ratio: 0.29 }, 29, 100, true],
  [{ ratio: 0.29 }, 30, 100, false],
  [{ ratio: 0 }, 0, 0, true],
  [{ count: 0 }, 1, 1, false],
  [null, 100, 100, true],
])('F43 with %j, %i rejects of %i records are published: %s', (maxRejects, rejected, read, published) => {
  const hold = () =>
    holdLimits({ read, rejected, written: read - rejected, filtered: 0 }, { maxRejects }, 'r1');
  if (published) expect(hold).not.toThrow();
  else expect(hold).toThrow(/^RejectThresholdExceeded: .*forebay rejects r1/);
});

const reader = (ids: Buffer[], perBlock: number) => {
  const left = [...ids];
  return async () => Buffer.concat(left.splice(0, perBlock));
};

test('repeated keys are counted over all shards, whatever the blocks', async () => {
  // Four in a row begin alike: their order shows in the last digits only.
  const id = (n: number) =>
    Buffer.from(
      `${String(n >> 2).padStart(8, 'e')}-aaaa-5bbb-8ccc-${String(n).padStart(12, '0')} ${'0'.repeat(10)}\n`,
    );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat(20), { maxLength: 12 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 5 }),
      async (shards, perBlock) => {
        const all = shards.flat();
        const sorted = shards.map((numbers) => reader([...numbers].sort((a, b) => a - b).map(id), perBlock));
        expect(await countRepeats(sorted)).toBe(all.length - new Set(all).size);
      },
    ),
  );
});
