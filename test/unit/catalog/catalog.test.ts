import { beforeEach, expect, test } from 'vitest';
import type { Catalog, CatalogTable, Ledger } from '../../../aws/interfaces.ts';
import { columnChanges } from '../../../core/catalog.ts';
import type { RunRecord } from '../../../core/ledger.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { Counts } from '../../../core/run.ts';
import { manifestKey, partitionPrefix } from '../../../core/storage.ts';
import { type CatalogDeps, commitRun, repairPartition } from '../../../tasks/catalog/catalog.ts';
import { runRef } from '../../../tasks/run-ref.ts';
import { memoryCatalog } from '../../support/memory-catalog.ts';
import { memoryLedger } from '../../support/memory-ledger.ts';

const counts: Counts = { read: 3, written: 2, rejected: 1, filtered: 0, repeatedKeys: 0 };
const columns = [
  { name: 'metadata', type: 'struct<id:string>' },
  { name: 'qty', type: 'int' },
];

let ledger: Ledger;
let manifests: Map<string, Manifest>;

beforeEach(() => {
  ledger = memoryLedger();
  manifests = new Map();
});

function depsWith(
  memory = memoryCatalog(),
): CatalogDeps & Pick<Catalog, 'deletePartition'> & { memory: typeof memory } {
  return {
    ...ledger,
    ...memory.catalog,
    memory,
    now: () => new Date('2026-03-02T00:00:00Z'),
    readManifest: async ({ key }) => {
      const found = manifests.get(key);
      if (found === undefined) throw new Error(`no manifest ${key}`);
      return found;
    },
    lakeBucket: 'lake',
  };
}

async function opened(runId: string, slice = '2026-03-01'): Promise<RunRecord> {
  const startedAt = '2026-03-02T00:00:00.000Z';
  const identity = { job: 'orders', jobVersion: 'a'.repeat(64), runId, slice, executionArn: `arn:${runId}` };
  const request = { trigger: 'manual' as const, force: false, time: startedAt, startedAt };
  const run = await ledger.acquire(await ledger.getSlice('orders', slice), { ...identity, ...request });
  if (run === null) throw new Error('the slice is held');
  await ledger.setLoaded(runRef(run), { digest: 'd', count: 1 });
  return run;
}

function input(run: RunRecord, runColumns = columns) {
  const key = manifestKey(run.job, run.runId);
  const prefix = partitionPrefix(run.job, run.slice, run.runId);
  manifests.set(key, {
    ...{ schemaVersion: 1, job: run.job, jobVersion: run.jobVersion, runId: run.runId, slice: run.slice },
    ...{ revision: run.revision, status: 'PARTIAL', time: run.time, counts },
    table: { name: 'orders', prefix, columns: runColumns },
    ...{ files: [], rejects: { byCode: {}, keys: [] }, raw: [] },
  });
  const place = { bucket: 'ops', key };
  return {
    ...{
      outcome: 'held' as const,
      discovered: 'new' as const,
      run: runRef(run),
      status: 'PARTIAL' as const,
      counts,
    },
    objects: { ...place, digest: 'd', count: 1 },
    shards: { ...place, count: 1 },
    manifest: { ...place, sha256: 'b'.repeat(64) },
  };
}

const close = async (runId: string): Promise<void> => {
  const run = await ledger.getRun('orders', runId);
  if (run === null) throw new Error('no such run');
  await ledger.closeCommitted(run, { endedAt: '2026-03-02T00:01:00.000Z', outbox: [] });
};

const locationOf = (deps: ReturnType<typeof depsWith>, slice = '2026-03-01') =>
  deps.memory.partitions.get(`orders/${slice}`)?.location;
const prefixOf = (runId: string, slice = '2026-03-01') =>
  `s3://lake/${partitionPrefix('orders', slice, runId)}`;

test("a commit creates the table, and points the slice's partition at the run", async () => {
  const deps = depsWith();
  const run = await opened('r1');
  expect(await commitRun(deps, input(run))).toMatchObject({
    status: 'PARTIAL',
    manifest: { key: 'manifests/orders/r1.json' },
  });
  expect((await ledger.getRun('orders', 'r1'))?.status).toBe('COMMITTING');
  expect(deps.memory.tables.get('orders')).toMatchObject({ columns, location: 's3://lake/lake/orders/v1/' });
  expect(locationOf(deps)).toBe(prefixOf('r1'));
});

test('a run that FailRun closed first is fenced, and changes nothing', async () => {
  const deps = depsWith();
  const run = await opened('r1');
  const error = { name: 'X', message: 'x' };
  const at = '2026-03-02T00:00:30.000Z';
  const failure = {
    id: 'orders/r1',
    kind: 'run' as const,
    job: 'orders',
    slice: run.slice,
    runId: 'r1',
    error,
  };
  await ledger.closeFailed(run, {
    ...{ endedAt: at, error, outbox: [] },
    failure: { ...failure, attempts: 1, firstFailedAt: at, lastFailedAt: at, trace: null, pointer: null },
  });
  await expect(commitRun(deps, input(run))).rejects.toThrow(/^RunFenced: run r1 is FAILED/);
  expect(deps.memory.tables.size).toBe(0);
});

test('F08 a commit that is repeated behind a crash rolls forward to the same end', async () => {
  const deps = depsWith();
  const run = await opened('r1');
  const broken = { ...deps, setPartition: async () => Promise.reject(new Error('crash')) };
  await expect(commitRun(broken, input(run))).rejects.toThrow('crash');
  await commitRun(deps, input(run));
  expect(locationOf(deps)).toBe(prefixOf('r1'));
});

test('a new column is appended, old ones keep their place, and a changed type is refused by name', async () => {
  const deps = depsWith();
  await commitRun(deps, input(await opened('r1')));
  await close('r1');
  const wider = [{ name: 'note', type: 'string' }, ...columns];
  await commitRun(deps, input(await opened('r2', '2026-03-02'), wider));
  await close('r2');
  expect(deps.memory.tables.get('orders')?.columns.map(({ name }) => name)).toEqual([
    'metadata',
    'qty',
    'note',
  ]);
  expect(deps.memory.partitions.get('orders/2026-03-01')?.columns).toEqual(columns);
  const changed = [{ name: 'qty', type: 'string' }];
  const commit = commitRun(deps, input(await opened('r3', '2026-03-03'), changed));
  await expect(commit).rejects.toThrow(
    /^TableIncompatible: column qty of table orders is int, the job says string/,
  );
  // It can still fail: behind the commit it could only be rolled forward, for ever in vain.
  expect((await ledger.getRun('orders', 'r3'))?.status).toBe('RUNNING');
  expect(locationOf(deps, '2026-03-03')).toBeUndefined();
});

test('F40 a wider type of a run widens the table, a narrower one leaves it, and partitions keep their own', async () => {
  const deps = depsWith();
  const commit = async (runId: string, slice: string, type: string) => {
    await commitRun(deps, input(await opened(runId, slice), [{ name: 'qty', type }]));
    await close(runId);
    return deps.memory.tables.get('orders')?.columns.find(({ name }) => name === 'qty')?.type;
  };
  expect(await commit('r1', '2026-03-01', 'int')).toBe('int');
  expect(await commit('r2', '2026-03-02', 'bigint')).toBe('bigint');
  expect(await commit('r3', '2026-03-03', 'smallint')).toBe('bigint');
  const types = ['2026-03-01', '2026-03-02', '2026-03-03'].map(
    (slice) => deps.memory.partitions.get(`orders/${slice}`)?.columns[0]?.type,
  );
  expect(types).toEqual(['int', 'bigint', 'smallint']);
});

// As docs/job-file.md has them, and no other.
test.each([
  ['tinyint', 'smallint', 'widened'],
  ['tinyint', 'bigint', 'widened'],
  ['int', 'bigint', 'widened'],
  ['float', 'double', 'widened'],
  ['bigint', 'int', 'narrower'],
  ['double', 'float', 'narrower'],
  ['int', 'int', 'same'],
  ['int', 'double', 'refused'],
  ['bigint', 'float', 'refused'],
  ['string', 'int', 'refused'],
  ['date', 'timestamp', 'refused'],
  ['decimal(10,2)', 'decimal(12,2)', 'refused'],
])('F40 a column of %s with a run that says %s is %s', (type, says, change) => {
  const [found] = columnChanges([{ name: 'Qty', type }], [{ name: 'qty', type: says }]);
  expect(found).toEqual({ name: 'Qty', before: type, after: says, change });
});

test('F28 an update that another run was quicker with is made again from a fresh reading', async () => {
  let first = true;
  const memory = memoryCatalog((tables) => {
    const table = tables.get('orders') as CatalogTable;
    if (!first) return;
    first = false;
    tables.set('orders', {
      ...table,
      columns: [...table.columns, { name: 'theirs', type: 'int' }],
      versionId: '7',
    });
  });
  const deps = depsWith(memory);
  await commitRun(deps, input(await opened('r1')));
  await close('r1');
  await commitRun(deps, input(await opened('r2', '2026-03-02'), [...columns, { name: 'ours', type: 'int' }]));
  expect(memory.tables.get('orders')?.columns.map(({ name }) => name)).toEqual([
    'metadata',
    'qty',
    'theirs',
    'ours',
  ]);
});

test('F19 an old Catalog that wakes behind a later commit leaves the partition at the later one', async () => {
  const deps = depsWith();
  const first = input(await opened('r1'));
  await commitRun(deps, first);
  await close('r1');
  await commitRun(deps, input(await opened('r2')));
  await close('r2');
  await commitRun(deps, first);
  expect(locationOf(deps)).toBe(prefixOf('r2'));
});

test('F19 an old Catalog that wakes behind an erasure leaves the slice without a partition, and so does a repair', async () => {
  const deps = depsWith();
  const first = input(await opened('r1'));
  await commitRun(deps, first);
  await close('r1');
  const seen = await ledger.getSlice('orders', '2026-03-01');
  if (seen === null) throw new Error('no slice');
  const at = '2026-03-03T00:00:00.000Z';
  const record = { job: 'orders', slice: '2026-03-01', at, by: 'ada', reason: 'asked for', doneAt: null };
  const found = { objects: 1, versions: 1, bytes: 1 };
  const runs = { count: 1, ids: ['r1'] };
  expect(await ledger.forget(seen, { ...record, fence: 2, revision: 1, runs, found }, [])).toBe(true);
  await deps.deletePartition('orders', '2026-03-01');
  await commitRun(deps, first);
  expect(locationOf(deps)).toBeUndefined();
  expect(await repairPartition(deps, { job: 'orders', slice: '2026-03-01' })).toBe(false);
  expect(locationOf(deps)).toBeUndefined();
  // The next run's commit is not kept from anything.
  await commitRun(deps, input(await opened('r2')));
  expect(locationOf(deps)).toBe(prefixOf('r2'));
});

test('a partition that differs from the ledger is put right, and one that does not is left alone', async () => {
  const deps = depsWith();
  await commitRun(deps, input(await opened('r1')));
  await close('r1');
  expect(await repairPartition(deps, { job: 'orders', slice: '2026-03-01' })).toBe(false);
  const table = deps.memory.tables.get('orders') as CatalogTable;
  await deps.setPartition(table, { slice: '2026-03-01', location: 's3://lake/elsewhere/', columns });
  expect(await repairPartition(deps, { job: 'orders', slice: '2026-03-01' })).toBe(true);
  expect(locationOf(deps)).toBe(prefixOf('r1'));
});

test('while a run is committing, its own location is the right one', async () => {
  const deps = depsWith();
  await commitRun(deps, input(await opened('r1')));
  await close('r1');
  await commitRun(deps, input(await opened('r2')));
  expect(await repairPartition(deps, { job: 'orders', slice: '2026-03-01' })).toBe(false);
  expect(locationOf(deps)).toBe(prefixOf('r2'));
});

test('a run that is still loading changes nothing of what readers see', async () => {
  const deps = depsWith();
  await commitRun(deps, input(await opened('r1')));
  await close('r1');
  await opened('r2');
  expect(await repairPartition(deps, { job: 'orders', slice: '2026-03-01' })).toBe(false);
  expect(locationOf(deps)).toBe(prefixOf('r1'));
});
