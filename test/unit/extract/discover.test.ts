import { expect, test } from 'vitest';
import type { Job } from '../../../core/job/model.ts';
import type { LoadedObjects, OutboxRecord, SliceRecord, TaskTrace } from '../../../core/ledger.ts';
import { digestOf, type Listed, sourceObjects } from '../../../core/listing.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { type DiscoverDeps, discover } from '../../../tasks/discover/discover.ts';
import { eventProblems } from '../../support/events.ts';
import { nothingBefore } from '../../support/nothing-before.ts';
import { dialect } from '../formats/support.ts';
import { clock, job, run } from './support.ts';

const listed = (key: string, bytes = 5, etag = 'e1'): Listed => ({ key, versionId: null, etag, bytes });

test('a listing is in the order of the keys as bytes, not as UTF-16', () => {
  const keys = ['p/\u{1f600}', 'p/\uff5e', 'p/b', 'p/B'];
  expect(
    sourceObjects(
      's',
      'p/',
      keys.map((key) => listed(key)),
    ).map(({ n, name }) => [n, name]),
  ).toEqual([
    [0, 'B'],
    [1, 'b'],
    [2, '\uff5e'],
    [3, '\u{1f600}'],
  ]);
});

test("a console's folders are no objects; an empty file is one, and so is a key with a slash that has bytes", () => {
  const objects = sourceObjects('s', 'p/', [
    listed('p/', 0),
    listed('p/x/', 0),
    listed('p/a', 0),
    listed('p/y/', 3),
  ]);
  expect(objects.map(({ key }) => key)).toEqual(['p/a', 'p/y/']);
});

test('a marker right below the prefix is no object of the slice, and what is called so elsewhere is one', () => {
  const keys = ['p/_SUCCESS', 'p/_SUCCESS.csv', 'p/a', 'p/x/_SUCCESS'];
  const named = (marker: string | null, some = keys) =>
    sourceObjects(
      's',
      'p/',
      some.map((key) => listed(key)),
      marker,
    );
  expect(named('_SUCCESS').map(({ n, name }) => [n, name])).toEqual([
    [0, '_SUCCESS.csv'],
    [1, 'a'],
    [2, 'x/_SUCCESS'],
  ]);
  expect(named(null)).toHaveLength(4);
  // A marker that comes again makes no new revision.
  expect(digestOf(named('_SUCCESS'))).toEqual(digestOf(named('_SUCCESS', keys.slice(1))));
});

test("a name is the key behind the prefix's folders, so that two files of sub-folders keep two names", () => {
  const names = (prefix: string, ...keys: string[]) =>
    sourceObjects(
      's',
      prefix,
      keys.map((key) => listed(key)),
    ).map(({ name }) => name);
  expect(names('in/d1/', 'in/d1/x/a.csv', 'in/d1/y/a.csv')).toEqual(['x/a.csv', 'y/a.csv']);
  expect(names('in/orders-d1', 'in/orders-d1.csv', 'in/orders-d1/a.csv')).toEqual([
    'orders-d1.csv',
    'orders-d1/a.csv',
  ]);
  expect(names('', 'a.csv')).toEqual(['a.csv']);
});

test('the digest tells a new, a changed, a resized and a renamed object apart, and nothing else', () => {
  const digest = (...objects: Listed[]) => digestOf(sourceObjects('s', 'p/', objects)).digest;
  const base = digest(listed('p/a'), listed('p/b'));
  expect(digest(listed('p/b'), listed('p/a'), listed('p/', 0))).toBe(base);
  const others = [
    digest(listed('p/a')),
    digest(listed('p/a'), listed('p/b', 6)),
    digest(listed('p/a'), listed('p/b', 5, 'e2')),
    digest(listed('p/a'), listed('p/c')),
    digest(listed('p/a'), { ...listed('p/b'), versionId: 'v1' }),
    digest(listed('p/a'), { ...listed('p/b'), versionId: 'v2' }),
  ];
  expect(new Set([base, ...others]).size).toBe(7);
});

interface World {
  listing?: Listed[];
  committed?: SliceRecord['committed'];
  job?: Partial<Job>;
  force?: boolean;
  from?: 'raw';
  /** Lineage of the committed run's manifest. */
  raw?: Manifest['raw'];
}

const manifestOf = (raw: Manifest['raw']): Manifest => ({
  ...{ schemaVersion: 1, job: 'orders', jobVersion: 'a'.repeat(64), runId: 'run-0', slice: '2026-03-01' },
  ...{ revision: 1, status: 'COMPLETED', time: '2026-03-01T00:00:00.000Z' },
  counts: { read: 0, written: 0, rejected: 0, filtered: 0, repeatedKeys: 0 },
  table: { name: 'orders', prefix: 'lake/', columns: [] },
  ...{ files: [], rejects: { byCode: {}, keys: [] }, raw },
});

function prepare(world: World) {
  const written = new Map<string, unknown>();
  const prefixes: string[] = [];
  const loaded: LoadedObjects[] = [];
  const traces: TaskTrace[] = [];
  const outbox: OutboxRecord[] = [];
  const told: string[] = [];
  const { committed = null, listing = [] } = world;
  const deps: DiscoverDeps = {
    readJob: async () => job(world.job),
    list: async (prefix) => {
      prefixes.push(prefix);
      return listing;
    },
    getSlice: async (name, slice) => ({ job: name, slice, holder: null, fence: 1, mark: null, committed }),
    setLoaded: async (_run, objects, records = []) => {
      loaded.push(objects);
      outbox.push(...records);
    },
    pendingOutbox: async () => [...outbox],
    send: async ({ body }) => void told.push(body),
    markSent: async (record) => void outbox.splice(outbox.indexOf(record), 1),
    readManifest: async ({ key }) => {
      if (key !== 'manifests/orders/run-0.json') throw new Error(`nobody wrote ${key}`);
      return manifestOf(world.raw ?? []);
    },
    keepOps: async (key, body) => {
      if (!written.has(key)) written.set(key, JSON.parse(body.toString()));
      return Buffer.from(JSON.stringify(written.get(key)));
    },
    ...{ ...nothingBefore, listObjects: nothingBefore.readListing },
    traceTask: async (_run, _task, trace) => void traces.push(trace),
    now: clock(),
    sourceBucket: 'source',
    opsBucket: 'ops',
    database: 'forebay_local',
    region: 'eu-west-1',
  };
  const from = world.from === undefined ? {} : { from: world.from };
  const opened = { outcome: 'held', run: { ...run, force: world.force ?? false, ...from } } as const;
  return { act: () => discover(deps, opened), listing, written, prefixes, loaded, traces, told };
}

const committedWith = (objects: Listed[]): SliceRecord['committed'] => ({
  runId: 'run-0',
  revision: 1,
  loaded: digestOf(sourceObjects('source', 'orders/2026-03-01/', objects)),
  committedAt: '2026-03-01T00:00:00.000Z',
});

const a = listed('orders/2026-03-01/a.csv', 7);
const b = listed('orders/2026-03-01/b.csv', 9);

test("Discover lists the slice's folder of the inbox, and writes objects.json", async () => {
  const { act, written, prefixes, loaded, traces } = prepare({ listing: [b, a] });
  const output = await act();
  expect(prefixes).toEqual(['orders/2026-03-01/']);
  const key = 'staging/orders/run-1/objects.json';
  expect(output).toMatchObject({ discovered: 'new', objects: { bucket: 'ops', key, count: 2 } });
  expect(written.get(key)).toEqual([
    { n: 0, bucket: 'source', ...a, name: 'a.csv' },
    { n: 1, bucket: 'source', ...b, name: 'b.csv' },
  ]);
  expect(loaded).toEqual([digestOf(sourceObjects('source', 'orders/2026-03-01/', [a, b]))]);
  expect(traces).toMatchObject([{ attempt: 1, metrics: { objects: 2, bytes: 16 } }]);
});

test("a bucket's prefix has the slice in it, wherever it stands", async () => {
  const source = { kind: 's3', bucket: 'partner', prefix: 'out/{slice}/orders-{slice}' } as const;
  const { act, prefixes } = prepare({
    listing: [listed('out/2026-03-01/orders-2026-03-01.csv')],
    job: { source },
  });
  await act();
  expect(prefixes).toEqual(['out/2026-03-01/orders-2026-03-01']);
});

test('F17 nothing is new where the committed run loaded just what is listed', async () => {
  const { act, written } = prepare({ listing: [a, b], committed: committedWith([a, b]) });
  expect(await act()).toMatchObject({ discovered: 'nothing-new', loadedBy: { runId: 'run-0' } });
  expect(written.size).toBe(0);
});

test('F17 a file that came later, came again, or is gone makes the slice new; so does force', async () => {
  const committed = committedWith([a, b]);
  for (const listing of [[a, b, listed('orders/2026-03-01/c.csv')], [a, { ...b, etag: 'e2' }], [a], []]) {
    expect(await prepare({ listing, committed }).act()).toMatchObject({ discovered: 'new' });
  }
  expect(await prepare({ listing: [a, b], committed, force: true }).act()).toMatchObject({
    discovered: 'new',
  });
});

test('who reads a slice that is loaded again is told before it is, and who reads a new one is not', async () => {
  const again = prepare({ listing: [a, b], committed: committedWith([a]) });
  await again.act();
  expect(again.told).toHaveLength(1);
  const detail = JSON.parse(again.told[0] ?? '');
  expect(eventProblems('SliceReopened', detail)).toEqual([]);
  expect(detail.data).toMatchObject({
    ...{ slice: '2026-03-01', runId: run.runId, revision: run.revision, reason: 'loading' },
    published: { runId: 'run-0', revision: 1 },
  });
  for (const world of [{ listing: [a] }, { listing: [a], committed: committedWith([a]) }]) {
    const { act, told } = prepare(world);
    await act();
    expect(told).toEqual([]);
  }
});

test('F17 a run has one listing: what a repeat lists besides, or an old attempt puts late, changes nothing', async () => {
  const { act, listing, written, loaded } = prepare({ listing: [a] });
  const first = await act();
  listing.push(b);
  expect(await act()).toEqual(first);
  expect(written.get('staging/orders/run-1/objects.json')).toEqual([
    { n: 0, bucket: 'source', ...a, name: 'a.csv' },
  ]);
  const only = digestOf(sourceObjects('source', 'orders/2026-03-01/', [a]));
  expect(loaded).toEqual([only, only]);
});

test('F47 an empty listing is an empty slice, or SourceEmpty where the job requires records', async () => {
  const empty = prepare({ listing: [listed('orders/2026-03-01/', 0)] });
  const output = await empty.act();
  expect(output).toMatchObject({ discovered: 'new', objects: { count: 0 } });
  expect(empty.written.get('staging/orders/run-1/objects.json')).toEqual([]);
  const required = prepare({ job: { format: dialect({ required: true }) } });
  await expect(required.act()).rejects.toThrow(
    'SourceEmpty: nothing lies under s3://source/orders/2026-03-01/',
  );
});

test("F26 a name whose raw key would be longer than S3's 1,024 bytes is refused, measured as it is encoded", async () => {
  // raw/orders/slice=2026-03-01/run=run-1/ has 38 bytes, each letter é becomes %C3%A9
  const fits = `${'é'.repeat(164)}ab`;
  const name = (text: string) => [listed(`orders/2026-03-01/${text}`)];
  expect(await prepare({ listing: name(fits) }).act()).toMatchObject({ discovered: 'new' });
  await expect(prepare({ listing: name(`${fits}c`) }).act()).rejects.toThrow(
    /^ObjectNameInvalid: .*1025 bytes/,
  );
});

test('F41 a name that is a way up is refused', async () => {
  const { act } = prepare({ listing: [listed('orders/2026-03-01/..')] });
  await expect(act()).rejects.toThrow(/^ObjectNameInvalid: /);
});

test('from raw Discover lists what the committed run has there, and asks nothing of the source', async () => {
  const source = (key: string) => ({ bucket: 'source', key, versionId: null, etag: 'e1' });
  const raw: Manifest['raw'] = ['b%20c.csv', 'a.csv'].map((name, i) => ({
    key: `raw/orders/slice=2026-03-01/run=run-${i}/${name}`,
    ...{ versionId: `v${i}`, bytes: 7, sha256: `${i}`.repeat(64), records: 1 },
    source: source(`orders/2026-03-01/${decodeURIComponent(name)}`),
  }));
  const committed = committedWith([a, b]);
  const { act, written, prefixes, loaded } = prepare({ committed, raw, from: 'raw', listing: [a] });
  expect(await act()).toMatchObject({ discovered: 'new' });
  expect(prefixes).toEqual([]);
  expect(loaded).toEqual([committed?.loaded]);
  // In the manifest's order, since ids are made of it.
  expect(written.get('staging/orders/run-1/objects.json')).toEqual([
    {
      ...{ n: 0, ...source('orders/2026-03-01/b c.csv'), bytes: 7, name: 'b c.csv' },
      raw: { key: raw[0]?.key, versionId: 'v0', sha256: '0'.repeat(64) },
    },
    {
      ...{ n: 1, ...source('orders/2026-03-01/a.csv'), bytes: 7, name: 'a.csv' },
      raw: { key: raw[1]?.key, versionId: 'v1', sha256: '1'.repeat(64) },
    },
  ]);
});
