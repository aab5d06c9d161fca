/** A slice made anew from the raw zone: whole runs with the tasks' own code, over objects in memory. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Job } from '../../../core/job/model.ts';
import { type Manifest, manifestSchema } from '../../../core/manifest.ts';
import type { RunRef } from '../../../core/run.ts';
import { manifestKey } from '../../../core/storage.ts';
import { extract } from '../../../tasks/extract/extract.ts';
import type { RunRequest } from '../../../tasks/open-run/contract.ts';
import { readBatchBytes } from '../../support/envelope.ts';
import { nothingBefore } from '../../support/nothing-before.ts';
import { deploy, execute, newPipeline, type Pipeline, partitionOf } from '../../support/pipeline.ts';
import { columnDefaults, job as plainJob } from '../../support/world.ts';
import { clock, object, run, job as unitJob } from './support.ts';

const slice = '2026-03-01';
const columns = (['order_id', 'email'] as const).map((name) => ({
  ...{ name, nullable: false, from: null },
  type: { name: name === 'email' ? ('string' as const) : ('bigint' as const) },
}));
const jobOf = (contract: Partial<Job['contract']> = {}): Job => ({
  ...plainJob,
  contract: {
    ...{ columns, ...columnDefaults, filter: null, key: [], onRepeatedKey: 'allow' },
    ...{ onBadRecord: 'quarantine', maxRejects: null },
    ...contract,
  },
});

/** A name that the raw zone's key spells otherwise, and a file that has to be unpacked. */
const files = {
  "sub/a'b ü.csv": Buffer.from('order_id,email\n1,ann@example.org\n2,bob@example.org\n'),
  'b.csv.gz': gzipSync('order_id,email\n3,fay@example.org\n4,gus@example.org\n'),
};
const fromRaw: RunRequest = { trigger: 'backfill', slice, force: true, from: 'raw' };

const manifestOf = async ({ job, ports }: Pipeline, runId: string): Promise<Manifest> =>
  manifestSchema.parse(
    JSON.parse(String(await ports.objects.get({ bucket: 'ops', key: manifestKey(job.name, runId) }))),
  );

/** What a reader of the table finds, by id. */
async function tableOf(pipeline: Pipeline) {
  const prefix = (partitionOf(pipeline, slice)?.location ?? '').slice('s3://lake/'.length);
  const { objects } = pipeline.ports;
  const parts = await objects.list('lake', prefix);
  const rows = await Promise.all(
    parts.map(async ({ key }) => readBatchBytes(await objects.get({ bucket: 'lake', key }))),
  );
  return rows
    .flat()
    .map(({ metadata, data }) => ({ id: metadata.id, raw: metadata.lineage.rawObject, data }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const keysOf = async ({ ports }: Pipeline, prefix: string) =>
  (await ports.objects.list('raw', prefix)).map(({ key }) => key);

/** From now on nobody may ask anything of the source. */
function closeSource(pipeline: Pipeline): void {
  const { objects } = pipeline.ports;
  const guarded = Object.entries(objects).map(([name, verb]) => [
    name,
    (first: string | { bucket: string }, ...more: unknown[]) => {
      const bucket = typeof first === 'string' ? first : first.bucket;
      if (bucket === 'inbox') throw new Error(`${name} of the source`);
      return (verb as (...args: unknown[]) => unknown)(first, ...more);
    },
  ]);
  pipeline.ports.objects = Object.fromEntries(guarded);
}

async function loaded(job: Job = jobOf()): Promise<Pipeline> {
  const pipeline = await newPipeline(job, files, slice);
  await execute(pipeline, 'r1', slice);
  return pipeline;
}

const committedOf = async ({ job, ports }: Pipeline) =>
  (await ports.ledger.getSlice(job.name, slice))?.committed ?? expect.fail('nothing is committed');

test('the same rows come again with the same ids and lineage, and the source is not asked', async () => {
  const pipeline = await loaded();
  const [before, first] = [await tableOf(pipeline), await committedOf(pipeline)];
  const raw = await keysOf(pipeline, 'raw/');
  const { objects } = pipeline.ports;
  closeSource(pipeline);
  await execute(pipeline, 'r2', slice, fromRaw);
  expect(before).toHaveLength(4);
  expect(await tableOf(pipeline)).toEqual(before);
  // Nothing is put beside the raw objects but their text, where that had to be unpacked.
  expect(await keysOf(pipeline, 'raw/')).toEqual(raw);
  expect(await keysOf(pipeline, 'unpacked/orders/r2/')).toEqual(['unpacked/orders/r2/b.csv.gz']);
  const [of1, of2] = [await manifestOf(pipeline, 'r1'), await manifestOf(pipeline, 'r2')];
  expect(of2.raw).toEqual(of1.raw);
  expect(of2.raw.map(({ source }) => source.key)).toEqual([
    'orders/2026-03-01/b.csv.gz',
    "orders/2026-03-01/sub/a'b ü.csv",
  ]);
  expect(await committedOf(pipeline)).toMatchObject({ runId: 'r2', revision: 2, loaded: first.loaded });
  // The next run from the source finds nothing new, as it would have without this one.
  pipeline.ports.objects = objects;
  await execute(pipeline, 'r3', slice);
  expect((await pipeline.ports.ledger.getRun('orders', 'r3'))?.status).toBe('SKIPPED');
});

test('what was made from raw can be made from raw again', async () => {
  const pipeline = await loaded();
  const before = await tableOf(pipeline);
  closeSource(pipeline);
  await execute(pipeline, 'r2', slice, fromRaw);
  await execute(pipeline, 'r3', slice, fromRaw);
  expect(await tableOf(pipeline)).toEqual(before);
  expect(await committedOf(pipeline)).toMatchObject({ runId: 'r3', revision: 3 });
});

test('F34 a rebuild that brings fewer rows hides the former files the moment that it commits', async () => {
  const pipeline = await loaded();
  await deploy(pipeline, jobOf({ filter: 'order_id > 3' }));
  closeSource(pipeline);
  const seen = new Set<number>();
  pipeline.watch = async () => void seen.add((await tableOf(pipeline)).length);
  await execute(pipeline, 'r2', slice, fromRaw);
  // A reader saw all four rows, and from one moment on the one that is left: never a mix.
  expect([...seen]).toEqual([4, 1]);
  expect((await tableOf(pipeline)).map(({ data }) => String(data.order_id))).toEqual(['4']);
  const stale = await pipeline.ports.objects.list('lake', 'lake/orders/v1/slice=2026-03-01/run=r1/');
  expect(stale.length).toBeGreaterThan(0);
  expect((await manifestOf(pipeline, 'r2')).counts).toMatchObject({ read: 4, written: 1, filtered: 3 });
});

test('a job whose slices decide their columns decides them anew', async () => {
  const evolving = { onNewColumn: 'evolve', onRetypedColumn: 'evolve' } as const;
  const pipeline = await loaded(jobOf({ columns: columns.slice(0, 1), ...evolving }));
  const before = await tableOf(pipeline);
  expect(before.map(({ data }) => data.email)).toContain('ann@example.org');
  closeSource(pipeline);
  await execute(pipeline, 'r2', slice, fromRaw);
  expect(await tableOf(pipeline)).toEqual(before);
});

test('a slice that nobody has committed has nothing to be made from', async () => {
  const pipeline = await newPipeline(jobOf(), files, slice);
  closeSource(pipeline);
  await execute(pipeline, 'r1', slice, fromRaw);
  expect(await pipeline.ports.ledger.getRun(pipeline.job.name, 'r1')).toMatchObject({
    ...{ status: 'FAILED', error: { name: 'RawMissing' } },
  });
});

/** Extract of a raw object that is not what its manifest says. */
function extractRaw(read: () => Promise<AsyncIterable<Uint8Array>>) {
  const raw = { key: 'raw/orders/slice=2026-03-01/run=r1/a.csv', versionId: 'v1', sha256: 'a'.repeat(64) };
  return extract(
    {
      ...{ readJob: async (_run: RunRef) => unitJob(), read, now: clock(), rawBucket: 'raw' },
      ...{ shardBytes: 1_000, maxObjectBytes: 1_000 },
      head: () => expect.fail('nothing was put'),
      ...{ readScan: nothingBefore.readScan },
      putStream: () => expect.fail('raw is not put again'),
      putOps: () => expect.fail('it has no scan'),
      putObject: () => expect.fail('it is not done'),
    },
    { run: { ...run, from: 'raw' }, object: object({ bytes: 26, raw }) },
  );
}

test.each([
  ['other bytes of the same number', 'id,note\n1,"two\nlines"\n2,y\n'],
  ['fewer bytes', 'id,note\n1,x\n'],
  ['more bytes', 'id,note\n1,x\n2,y\n3,z\n4,u\n5,v\n6,w\n'],
])('a raw object with %s than its manifest says is refused', async (_, text) => {
  const read = async () =>
    (async function* () {
      yield Buffer.from(text);
    })();
  await expect(extractRaw(read)).rejects.toMatchObject({ name: 'ChecksumMismatch' });
});

test('a raw object that is not there any more is told, and what to do', async () => {
  const gone = async () => Promise.reject(Object.assign(new Error('none'), { name: 'NoSuchKey' }));
  await expect(extractRaw(gone)).rejects.toThrow(
    'RawMissing: s3://raw/raw/orders/slice=2026-03-01/run=r1/a.csv is not there any more; load the slice from its source',
  );
});
