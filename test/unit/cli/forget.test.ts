import { v5 as uuidv5 } from 'uuid';
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../../aws/interfaces.ts';
import { type ForgetDeps, forget } from '../../../cli/forget/forget.ts';
import { planOf } from '../../../cli/forget/plan.ts';
import { eventSchemas } from '../../../core/events.ts';
import { missingSlices } from '../../../core/freshness.ts';
import type { Job } from '../../../core/job/model.ts';
import { manifestSchema } from '../../../core/manifest.ts';
import type { RunRef } from '../../../core/run.ts';
import {
  batchKey,
  manifestKey,
  objectsKey,
  partitionPrefix,
  partKey,
  prefixesOfRun,
  rawKey,
  rejectsKey,
  repeatedRejectsKey,
  scanKey,
  unpackedKey,
} from '../../../core/storage.ts';
import { repairPartition } from '../../../tasks/catalog/catalog.ts';
import { closeRun } from '../../../tasks/close-run/close-run.ts';
import { failOpened } from '../../../tasks/fail-run/fail-run.ts';
import { memoryCatalog } from '../../support/memory-catalog.ts';
import { memoryObjects } from '../../support/memory-objects.ts';
import { counts, held, job, jobVersion, load, newWorld, type World } from '../../support/world.ts';
import { forebay } from './forebay.ts';

const slice = '2026-03-01';
const of = { job: 'orders', slice };
const asked = { by: 'arn:aws:iam::000000000000:user/ada', reason: 'customer 17 asked for it' };
const columns = [{ name: 'order_id', type: 'bigint' }];

/** What a run leaves of each kind. */
const keysOf = (name: string, runId: string): Array<[string, string]> => [
  ['raw', rawKey('orders', name, runId, 'a.csv.gz')],
  ['raw', unpackedKey('orders', runId, 'a.csv.gz')],
  ['lake', partKey('orders', name, runId, 0)],
  ['ops', objectsKey('orders', runId)],
  ['ops', scanKey('orders', runId, 0)],
  ['ops', batchKey('orders', runId, 0)],
  ['ops', rejectsKey('orders', runId, 0)],
  ['ops', repeatedRejectsKey('orders', runId, 0)],
];

interface Place {
  world: World;
  store: ObjectStore;
  memory: ReturnType<typeof memoryCatalog>;
  deps: ForgetDeps;
}

/** The slice was loaded by r1, in vain by r2, and again by r3; the next one by n1. */
async function prepare(as: Job = job): Promise<Place> {
  const [world, store, memory] = [newWorld(), memoryObjects(), memoryCatalog()];
  await memory.catalog.createTable({ name: 'orders', columns, location: 's3://lake/', parameters: {} });
  const place = { world, store, memory, deps: depsOf(world, store, memory, as) };
  for (const name of [slice, '2026-03-02'])
    for (const version of ['first', 'second'])
      await store.put({ bucket: 'inbox', key: `orders/${name}/a.csv` }, Buffer.from(version));
  await commit(place, 'r1', slice);
  const failed = await held(world, 'r2', { trigger: 'manual', slice, force: true });
  await write(store, failed);
  const record = await world.ledger.getRun('orders', 'r2');
  if (record !== null) await failOpened(world.deps, record, { name: 'Throttled', message: 'S3' });
  await commit(place, 'r3', slice);
  await commit(place, 'n1', '2026-03-02');
  return place;
}

async function write(store: ObjectStore, { slice: name, runId }: RunRef): Promise<void> {
  for (const [bucket, key] of keysOf(name, runId)) await store.put({ bucket, key }, Buffer.from(runId));
}

async function commit({ world, store, memory }: Omit<Place, 'deps'>, runId: string, name: string) {
  const run = await held(world, runId, { trigger: 'manual', slice: name, force: true });
  await write(store, run);
  const prefix = partitionPrefix('orders', name, runId);
  const manifest = manifestSchema.parse({
    ...{ schemaVersion: 1, job: 'orders', jobVersion, runId, slice: name, revision: run.revision },
    ...{ status: 'COMPLETED', time: run.time, counts, table: { name: 'orders', prefix, columns } },
    ...{ files: [], rejects: { byCode: {}, keys: [] }, raw: [] },
  });
  const ref = { bucket: 'ops', key: manifestKey('orders', runId) };
  await store.put(ref, Buffer.from(JSON.stringify(manifest)));
  await load(world, run);
  const table = await memory.catalog.getTable('orders');
  if (table === null) throw new Error('no table');
  await memory.catalog.setPartition(table, { slice: name, location: `s3://lake/${prefix}`, columns });
  await closeRun(world.deps, run);
}

function depsOf(world: World, store: ObjectStore, memory: Place['memory'], as: Job): ForgetDeps {
  const buckets = {
    ...{ inbox: 'inbox', raw: 'raw', unpacked: 'raw' },
    ...{ lake: 'lake', staging: 'ops', rejects: 'ops' },
  };
  const apply = {
    ...{ ...world.ledger, ...memory.catalog, lakeBucket: 'lake' },
    readManifest: async (ref: { bucket: string; key: string }) =>
      manifestSchema.parse(JSON.parse(String(await store.get(ref)))),
  };
  return {
    ...{ ...world.ledger, ...memory.catalog, ...store },
    send: world.deps.send,
    readJob: async () => as,
    bucketOf: (kind) => buckets[kind],
    repair: (slice) => repairPartition(apply, slice),
    now: () => world.now,
    progress: () => undefined,
    ...{ database: 'forebay_local', region: 'eu-west-1' },
  };
}

/** Every version that there is, by its key. */
const stored = async (store: ObjectStore): Promise<string[]> => {
  const all = ['inbox', 'raw', 'lake', 'ops'].map(async (bucket) =>
    (await store.listVersions(bucket, '')).map(({ key }) => `${bucket}/${key}`),
  );
  return (await Promise.all(all)).flat().sort();
};

/** What is to be left: all of the other slice, and the manifests. */
const others = [
  ...['inbox/orders/2026-03-02/a.csv', 'inbox/orders/2026-03-02/a.csv'],
  ...keysOf('2026-03-02', 'n1').map((place) => place.join('/')),
  ...['n1', 'r1', 'r3'].map((runId) => `ops/${manifestKey('orders', runId)}`),
].sort();

async function expectForgotten({ world, store, memory }: Place): Promise<void> {
  expect(await stored(store)).toEqual(others);
  expect([...memory.partitions.keys()]).toEqual(['orders/2026-03-02']);
  const at = '2026-03-02T12:00:00.000Z';
  expect(await world.ledger.getSlice('orders', slice)).toMatchObject({
    ...{ committed: null, holder: null, fence: 4, forgotten: { at, revision: 2 } },
  });
  expect(await world.ledger.listForgotten('orders', slice)).toEqual([
    {
      ...{ ...of, ...asked, at, fence: 4, revision: 2, doneAt: at },
      runs: { count: 3, ids: ['r1', 'r2', 'r3'] },
      // Eight objects of two bytes of each run, and the inbox's one of two versions.
      found: { objects: 25, versions: 26, bytes: 3 * 8 * 2 + 5 + 6 },
    },
  ]);
}

test("a slice's data is erased in all versions with all that was made of it, and nothing else is", async () => {
  const place = await prepare();
  const { since } = await forget(place.deps, of, asked);
  expect(since).toBeNull();
  await expectForgotten(place);
});

test('readers are told once that the slice is gone, and its next revision counts on', async () => {
  const place = await prepare();
  const sent = place.world.sent.map(({ id }) => id);
  await forget(place.deps, of, asked);
  const [told, ...more] = place.world.sent.slice(sent.length);
  expect(more).toEqual([]);
  const { data, metadata } = eventSchemas.SliceReopened.parse(JSON.parse(told?.body ?? ''));
  expect(data).toMatchObject({ slice, revision: 2, reason: 'forgotten', published: null });
  // As docs/events says. r3 had told that it reopens the slice: that event has another id.
  expect(metadata.id).toBe(uuidv5('r3/forgotten/SliceReopened', 'f0a3b1d2-6c1e-5b7a-9d52-3f1f6f0c7e21'));
  expect(sent).not.toContain(metadata.id);
  await commit(place, 'r4', slice);
  expect((await place.world.ledger.getSlice('orders', slice))?.committed?.revision).toBe(3);
  place.world.now = new Date('2026-03-02T13:00:00Z');
  await forget(place.deps, of, asked);
  expect(place.world.sent.filter(({ id }) => id === metadata.id).length).toBe(1);
  expect(await place.world.ledger.pendingOutbox()).toEqual([]);
});

test('a forgotten slice is not missing, and no sweep puts its partition back', async () => {
  const { deps, world, memory } = await prepare();
  await forget(deps, of, asked);
  expect(await deps.repair(of)).toBe(false);
  expect(memory.partitions.has(`orders/${slice}`)).toBe(false);
  const late = { ...job, freshnessSeconds: 3_600 };
  const slices = await world.ledger.listSlices('orders');
  expect(missingSlices(late, slices, '2026-03-03T12:00:00Z')).toEqual([]);
});

/** The verbs by which something is changed, counted over all calls. */
const writes = ['forget', 'deletePartition', 'deleteVersions', 'completeForgotten'] as const;

function crashing(deps: ForgetDeps, at: number, when: 'before' | 'after'): ForgetDeps {
  let calls = 0;
  const wrapped = writes.map((name) => {
    const verb = deps[name] as (...args: unknown[]) => Promise<unknown>;
    const crash = (now: string) => {
      if (calls === at && when === now) throw new Error(`crash ${when} ${name}`);
    };
    return [
      name,
      async (...args: unknown[]) => {
        calls += 1;
        crash('before');
        const answer = await verb(...args);
        crash('after');
        return answer;
      },
    ];
  });
  return { ...deps, ...Object.fromEntries(wrapped) };
}

// One of the ledger, one of the catalog, the inbox, five kinds of three runs, and the record's completion.
const calls = 1 + 1 + 1 + 5 * 3 + 1;

describe.each(['before', 'after'] as const)('a crash %s any of its writes', (when) => {
  test.each(Array.from({ length: calls }, (_, i) => i + 1))(
    'is made good by a repeat, under the same record (write %i)',
    async (at) => {
      const place = await prepare();
      await expect(forget(crashing(place.deps, at, when), of, asked)).rejects.toThrow(`crash ${when}`);
      if (at === calls && when === 'after') place.world.now = new Date('2026-03-02T12:00:01Z');
      await forget(place.deps, of, asked);
      if (at < calls || when === 'before') await expectForgotten(place);
      else expect((await place.world.ledger.listForgotten('orders', slice)).length).toBe(2);
    },
  );
});

test('there are as many writes as are tried', async () => {
  const place = await prepare();
  await forget(crashing(place.deps, calls + 1, 'before'), of, asked);
  const again = await prepare();
  await expect(forget(crashing(again.deps, calls, 'before'), of, asked)).rejects.toThrow('completeForgotten');
});

test('F32 while a run holds the slice, or waits for it, nothing is erased, and it is said what to do', async () => {
  const place = await prepare();
  const before = await stored(place.store);
  await held(place.world, 'r4', { trigger: 'manual', slice, force: true });
  await expect(forget(place.deps, of, asked)).rejects.toThrow(/run r4 holds slice .*forebay runs cancel r4/);
  const mark = { runId: 'm1', trigger: 'mark' as const, force: false };
  await place.world.ledger.mark('orders', slice, 'r4', mark);
  const record = await place.world.ledger.getRun('orders', 'r4');
  if (record !== null)
    await failOpened({ ...place.world.deps, start: async () => undefined }, record, {
      ...{ name: 'Throttled', message: 'S3' },
    });
  await expect(forget(place.deps, of, asked)).rejects.toThrow(/run m1 waits for slice/);
  expect(await stored(place.store)).toEqual(before);
});

test('F32 a run that takes the slice while it is erased keeps what it has, and is named', async () => {
  const place = await prepare();
  let once = true;
  const deps: ForgetDeps = {
    ...place.deps,
    deleteVersions: async (bucket, versions) => {
      if (once) {
        once = false;
        await commit(place, 'r4', slice);
      }
      await place.deps.deleteVersions(bucket, versions);
    },
  };
  const { since, record } = await forget(deps, of, asked);
  expect(since).toBe('r4');
  expect(record.runs.ids).toEqual(['r1', 'r2', 'r3']);
  const r4 = [...keysOf(slice, 'r4').map((kept) => kept.join('/')), `ops/${manifestKey('orders', 'r4')}`];
  expect(await stored(place.store)).toEqual([...others, ...r4].sort());
  expect(place.memory.partitions.get(`orders/${slice}`)?.location).toContain('run=r4/');
});

test('F28 a run that commits just before the partition is removed is put back', async () => {
  const place = await prepare();
  const deps: ForgetDeps = {
    ...place.deps,
    deletePartition: async (table, name) => {
      await commit(place, 'r4', slice);
      await place.deps.deletePartition(table, name);
    },
  };
  await forget(deps, of, asked);
  expect(place.memory.partitions.get(`orders/${slice}`)?.location).toContain('run=r4/');
});

test('F32 a run that was quicker than the ledger is erased with the others', async () => {
  const place = await prepare();
  let once = true;
  const deps: ForgetDeps = {
    ...place.deps,
    forget: async (seen, record, outbox) => {
      if (once) {
        once = false;
        await commit(place, 'r4', slice);
      }
      return place.deps.forget(seen, record, outbox);
    },
  };
  const { record, since } = await forget(deps, of, asked);
  expect(since).toBeNull();
  expect(record.runs.ids).toEqual(['r1', 'r2', 'r3', 'r4']);
  expect(await stored(place.store)).toEqual([...others, `ops/${manifestKey('orders', 'r4')}`].sort());
});

test('what has no run cannot be forgotten, and what the source keeps for itself is not ours', async () => {
  const place = await prepare({
    ...job,
    source: { kind: 's3', bucket: 'partner', prefix: 'orders/{slice}/' },
  });
  await expect(forget(place.deps, { job: 'orders', slice: '2026-04-01' }, asked)).rejects.toThrow(
    /no run has come to slice '2026-04-01'/,
  );
  const seen = await place.world.ledger.getSlice('orders', slice);
  if (seen === null) throw new Error('no slice');
  expect((await planOf(place.deps, seen)).fromInbox).toBe(false);
  await forget(place.deps, of, asked);
  expect((await place.store.listVersions('inbox', `orders/${slice}/`)).length).toBe(2);
});

test('all that a run puts but its manifest lies below the prefixes of its kinds', () => {
  const prefixes = prefixesOfRun('orders', slice, 'r1', [1, 2]).map(({ prefix }) => prefix);
  const keys = keysOf(slice, 'r1').map(([, key]) => key);
  for (const key of [...keys, partKey('orders', slice, 'r1', 3, 2)])
    expect(prefixes.filter((prefix) => key.startsWith(prefix)).length, key).toBe(1);
  for (const key of keysOf(slice, 'r11').map(([, found]) => found))
    expect(prefixes.filter((prefix) => key.startsWith(prefix))).toEqual([]);
});

test.each([
  [['--reason', ' '], /--reason is empty/],
  [['--reason', 'x'.repeat(1_025)], /--reason has 1025 bytes/],
  [['--reason', 'x', '--dry-run', '--yes'], /give one of them/],
])('wrong usage (%j) erases nothing', async (args, message) => {
  const { code, err } = await forebay('raw', 'forget', 'orders', '--slice', slice, ...args);
  expect(err).toMatch(message);
  expect(code).toBe(64);
});
