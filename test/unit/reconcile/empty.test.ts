import { expect, test } from 'vitest';
import type { ObjectRecord } from '../../../core/ledger.ts';
import type { RunRef } from '../../../core/run.ts';
import type { ReconcileInput } from '../../../tasks/reconcile/contract.ts';
import { type ReconcileDeps, reconcileRun } from '../../../tasks/reconcile/reconcile.ts';
import { runOf } from '../../support/envelope.ts';
import { untraced } from '../../support/nothing-before.ts';
import { job } from '../../support/world.ts';

/** A run whose only object was extracted, and has no record: an empty file, or a header alone. */
function setup(required: boolean) {
  const kept = new Map<string, string>();
  const object: ObjectRecord = {
    ...{ n: 0, name: 'a.csv', status: 'done', records: 0, bytes: 4, sha256: 'ab'.repeat(32) },
    ...{ error: null, trace: null },
  };
  const deps: ReconcileDeps = {
    readJob: async () => ({ ...job, format: { ...job.format, required } }),
    readShards: async () => [],
    readScan: async (_run: RunRef, n) => ({
      object: {
        ...{ n, bucket: 'inbox', key: 'a.csv', versionId: null, etag: 'e', bytes: 4, name: 'a.csv' },
      },
      raw: { bucket: 'raw', key: 'raw/a.csv', versionId: 'v1', bytes: 4, sha256: 'ab'.repeat(32) },
      unpacked: null,
      scan: { records: 0, header: { offset: 0, length: 3 }, ranges: [] },
    }),
    listObjects: async () => [object],
    listShards: async () => [],
    listSinks: async () => [],
    ...{ listBuckets: async () => [], listSettled: async () => [] },
    linesOf: () => [],
    keepManifest: async (key, body) => {
      kept.set(key, body.toString());
      return body;
    },
    ...{ putOps: async () => true, setFailures: async () => undefined },
    traceTask: async () => undefined,
    now: () => new Date('2026-03-02T12:00:00.000Z'),
    ...{ ...untraced, getFailure: async () => null, putFailure: async () => expect.fail('no write failed') },
    opsBucket: 'ops',
  };
  const input = {
    ...{ outcome: 'held', run: runOf(job), discovered: 'new' },
    objects: { bucket: 'ops', key: 'objects.json', digest: 'd', count: 1 },
    shards: { bucket: 'ops', key: 'shards.json', count: 0 },
  } as ReconcileInput;
  return { kept, act: () => reconcileRun(deps, input) };
}

test('F47 a slice of files without records is published empty', async () => {
  const { kept, act } = setup(false);
  expect((await act()).counts).toMatchObject({ read: 0, written: 0, rejected: 0, filtered: 0 });
  const [manifest] = kept.values();
  expect(JSON.parse(manifest ?? '')).toMatchObject({ counts: { read: 0, written: 0 } });
});

test('F47 where the job requires records it is SourceEmpty, and has no manifest', async () => {
  const { kept, act } = setup(true);
  await expect(act()).rejects.toThrow(/^SourceEmpty: slice 2026-03-01 of orders has no record/);
  expect(kept.size).toBe(0);
});
