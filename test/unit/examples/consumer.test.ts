import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Manifest } from '../../../core/manifest.ts';
import {
  type ConsumerDeps,
  consume,
  type Published,
  type Totals,
} from '../../../examples/consumer/consumer.ts';

const example = JSON.parse(
  readFileSync(
    join(import.meta.dirname, '..', '..', '..', 'docs', 'events', 'JobCompleted.example.json'),
    'utf8',
  ),
) as Published;

const published = (revision: number): Published =>
  ({
    ...example,
    data: {
      ...example.data,
      ...{ revision, runId: `r${revision}` },
      manifest: { bucket: 'ops', key: `manifests/orders/r${revision}.json` },
    },
  }) as Published;

const revisions: Record<string, Record<string, Array<number | null>>> = {
  'manifests/orders/r1.json': { 'part-0': [1, 2], 'part-1': [null] },
  'manifests/orders/r2.json': { 'part-2': [5] },
};

function prepare(changes: Partial<ConsumerDeps> = {}) {
  const totals = new Map<string, Totals>();
  const read: string[] = [];
  const deps: ConsumerDeps = {
    readManifest: async ({ key }) => {
      const files = Object.entries(revisions[key] ?? {});
      return {
        files: files.map(([name, values], shard) => ({
          key: name,
          shard,
          rows: values.length,
          bytes: 1,
          sha256: '',
        })),
      } as unknown as Manifest;
    },
    readUnits: async (key) => {
      read.push(key);
      return Object.values(revisions).find((files) => key in files)?.[key] ?? [];
    },
    getRevision: async (slice) => totals.get(slice)?.revision ?? null,
    putTotals: async (item) => {
      if ((totals.get(item.slice)?.revision ?? 0) >= item.revision) return false;
      totals.set(item.slice, item);
      return true;
    },
    ...changes,
  };
  return { deps, totals, read };
}

const first = { slice: '2026-03-01', revision: 1, runId: 'r1', orders: 3, units: 3 };
const second = { slice: '2026-03-01', revision: 2, runId: 'r2', orders: 1, units: 5 };

test('all files of the manifest are counted, and a null is no unit', async () => {
  const { deps, totals } = prepare();
  expect(await consume(deps, published(1))).toBe('counted');
  expect([...totals.values()]).toEqual([first]);
});

test('an event that comes again reads nothing and changes nothing', async () => {
  const { deps, totals, read } = prepare();
  await consume(deps, published(1));
  expect(await consume(deps, published(1))).toBe('dropped');
  expect(read).toEqual(['part-0', 'part-1']);
  expect([...totals.values()]).toEqual([first]);
});

test.each([[[1, 2]], [[2, 1]], [[2, 1, 2, 1]]])(
  'events in the order %j leave the latest revision',
  async (order) => {
    const { deps, totals } = prepare();
    for (const revision of order) await consume(deps, published(revision));
    expect([...totals.values()]).toEqual([second]);
  },
);

test('an older event that has read before a newer one was put does not replace it', async () => {
  const { deps, totals } = prepare();
  const late = { ...deps, getRevision: async () => null };
  await consume(deps, published(2));
  expect(await consume(late, published(1))).toBe('dropped');
  expect([...totals.values()]).toEqual([second]);
});

test('a file with other rows than the manifest says is not counted', async () => {
  const { deps, totals } = prepare({ readUnits: async () => [1] });
  await expect(consume(deps, published(1))).rejects.toThrow('part-0 has 1 rows, the manifest says 2');
  expect(totals.size).toBe(0);
});
