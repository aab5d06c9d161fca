/** A run that failed is done again by one that resumes it: what was finished is taken over, and only the rest is done. */
import { expect, test } from 'vitest';
import type { ObjectStore } from '../../../aws/interfaces.ts';
import { runFailureId } from '../../../core/failure.ts';
import { canonicalJson, versionOf } from '../../../core/job/version.ts';
import type { ObjectRef } from '../../../core/run.ts';
import { execute, fork, Interrupted, newPipeline, type Pipeline, sweepAll } from '../../support/pipeline.ts';
import {
  assess,
  breakLake,
  failedWrite,
  jobOf,
  manifestOf,
  newRun,
  points,
  resume,
  slice,
  tableOf,
  undisturbed,
} from '../../support/whole-run.ts';

/** What a run asks for of the source, of raw bytes, and what it copies within the ops bucket. */
function watched(pipeline: Pipeline) {
  const seen = { listed: 0, read: 0, stored: 0, enveloped: new Set<string>(), copied: 0 };
  const { objects } = pipeline.ports;
  const wrapped: Partial<ObjectStore> = {
    list: (bucket, prefix) => {
      if (bucket === 'inbox') seen.listed++;
      return pipelineStore.list(bucket, prefix);
    },
    stream: (ref, options) => {
      if (ref.bucket === 'inbox') seen.read++;
      return pipelineStore.stream(ref, options);
    },
    putStream: (ref, body, options) => {
      seen.stored++;
      return pipelineStore.putStream(ref, body, options);
    },
    getRange: (ref, range, options) => {
      // A header is read for each shard of its object.
      if (ref.bucket === 'raw' && range.offset > 0) seen.enveloped.add(`${ref.key} ${range.offset}`);
      return pipelineStore.getRange(ref, range, options);
    },
    copy: (from, to) => {
      if (to.bucket === 'ops') seen.copied++;
      return pipelineStore.copy(from, to);
    },
  };
  const pipelineStore = { ...objects };
  Object.assign(objects, wrapped);
  return seen;
}

test.each(['allow', 'reject'] as const)(
  'F07 F38 a run that resumes one whose last part could not be written reads nothing again, and ends as if nothing had been: %s',
  async (policy) => {
    const { table } = await undisturbed(policy);
    const pipeline = await failedWrite(policy);
    const seen = watched(pipeline);
    await resume(pipeline, 'r2', 'r1');
    expect(await assess(pipeline, table)).toBe('r2');
    const { ledger } = pipeline.ports;
    const shards = await ledger.listShards('r2');
    expect(seen).toMatchObject({ listed: 0, read: 0, stored: 0 });
    // Settle makes a shard again that loses records; Envelope none.
    if (policy === 'allow') expect(seen.enveloped).toEqual(new Set());
    expect(shards.map(({ n, from }) => [n, from])).toEqual(shards.map(({ n }) => [n, { runId: 'r1', n }]));
    const manifest = await manifestOf(pipeline, 'r2');
    for (const { key } of manifest.raw) expect(key).toContain('/run=r1/');
    for (const { key } of manifest.files) expect(key).toContain('/run=r2/');
    expect(await ledger.getRun('orders', 'r2')).toMatchObject({ resumes: 'r1', follows: 'r1', revision: 1 });
  },
);

test('F38 of the shards that a failed run enveloped none is enveloped again, and the one that it did not is', async () => {
  const { table } = await undisturbed('allow');
  const pipeline = await newRun('allow', null);
  const { objects } = pipeline.ports;
  const { getRange } = objects;
  let broken: ObjectRef & { offset: number } = { bucket: '', key: '', offset: 0 };
  objects.getRange = async (ref, range, options) => {
    if (ref.bucket === 'raw' && range.offset > 0 && broken.key === '')
      broken = { ...ref, offset: range.offset };
    if (ref.key === broken.key && range.offset === broken.offset)
      throw Object.assign(new Error('x'), { name: 'AccessDenied' });
    return getRange(ref, range, options);
  };
  await execute(pipeline, 'r1', slice);
  objects.getRange = getRange;
  const { ledger } = pipeline.ports;
  const before = await ledger.listShards('r1');
  expect(before.filter(({ status }) => status === 'failed')).toHaveLength(1);
  expect(before.length).toBeGreaterThan(2);
  const seen = watched(pipeline);
  await resume(pipeline, 'r2', 'r1');
  expect(await assess(pipeline, table)).toBe('r2');
  expect(seen.enveloped).toEqual(new Set([`${broken.key} ${broken.offset}`]));
  expect(seen).toMatchObject({ listed: 0, read: 0, stored: 0 });
});

test('ids and lineage of what is taken over stay those of the run that enveloped it', async () => {
  const pipeline = await failedWrite();
  const before = await pipeline.ports.ledger.listShards('r1');
  await resume(pipeline, 'r2', 'r1');
  const after = await pipeline.ports.ledger.listShards('r2');
  expect(after.map(({ batch }) => batch?.sha256)).toEqual(before.map(({ batch }) => batch?.sha256));
});

test('a run that resumes one that resumed another takes over what either had finished', async () => {
  const { table } = await undisturbed('allow');
  const pipeline = await failedWrite();
  const mend = breakLake(pipeline, 2);
  await resume(pipeline, 'r2', 'r1');
  mend();
  const { ledger } = pipeline.ports;
  expect((await ledger.getRun('orders', 'r2'))?.status).toBe('FAILED');
  const seen = watched(pipeline);
  await resume(pipeline, 'r3', 'r2');
  expect(await assess(pipeline, table)).toBe('r3');
  expect(seen).toMatchObject({ listed: 0, read: 0, stored: 0 });
  expect(seen.enveloped).toEqual(new Set());
});

test('a run that fails in the place of another has one open failure, which counts on', async () => {
  const pipeline = await failedWrite();
  const { ledger } = pipeline.ports;
  const first = await ledger.getFailure(runFailureId('orders', 'r1'));
  pipeline.now = new Date(pipeline.now.getTime() + 3_600_000);
  const mend = breakLake(pipeline, 2);
  await resume(pipeline, 'r2', 'r1');
  mend();
  const open = (await ledger.listFailures({ job: 'orders' })).filter(({ kind }) => kind === 'run');
  expect(open).toMatchObject([
    { id: 'orders/r2', attempts: 2, follows: 'orders/r1', firstFailedAt: first?.firstFailedAt },
  ]);
  expect(await ledger.getFailure('orders/r1')).toMatchObject({ closed: { how: 'failed-again' } });
});

/** All that lies under a prefix of the ops bucket is gone. */
function expire(pipeline: Pipeline, prefix: string): void {
  for (const place of pipeline.stored.objects.keys())
    if (place.startsWith(prefix)) pipeline.stored.objects.delete(place);
}

test.each([
  ['batches', 'ops/staging/orders/r1/batches/', { listed: 0, read: 0, stored: 0 }],
  ['rejects', 'ops/rejects/orders/r1/', { listed: 0, read: 0, stored: 0 }],
  ['all of staging', 'ops/staging/orders/r1/', { listed: 1, read: 2, stored: 3 }],
  // One text beside two objects.
  ['scans', 'ops/staging/orders/r1/scans/', { listed: 0, read: 2, stored: 3 }],
  ['raw objects', 'raw/raw/orders/', { listed: 0, read: 2, stored: 3 }],
])('what has expired is done again, and the end is the same: %s', async (_, prefix, asked) => {
  const { table } = await undisturbed('allow');
  const pipeline = await failedWrite();
  expire(pipeline, prefix);
  const seen = watched(pipeline);
  await resume(pipeline, 'r2', 'r1');
  expect(await assess(pipeline, table)).toBe('r2');
  expect(seen).toMatchObject(asked);
  expect(seen.enveloped.size).toBeGreaterThan(0);
});

test('a batch that is another one in the meantime is not taken over', async () => {
  const { table } = await undisturbed('allow');
  const pipeline = await failedWrite();
  const [first] = await pipeline.ports.ledger.listShards('r1');
  if (first?.batch == null) throw new Error('nothing was enveloped');
  await pipeline.ports.objects.put(first.batch, Buffer.from('PAR1, and not what Envelope wrote'));
  const seen = watched(pipeline);
  await resume(pipeline, 'r2', 'r1');
  expect(await assess(pipeline, table)).toBe('r2');
  expect(seen.enveloped.size).toBeLessThanOrEqual(1);
  const shards = await pipeline.ports.ledger.listShards('r2');
  expect(shards.map(({ from }) => from !== undefined)).toEqual([
    false,
    ...Array(shards.length - 1).fill(true),
  ]);
});

/** A run of a job that takes columns from its data, of which all is done but one part in the lake. */
async function failedEvolving(): Promise<Pipeline> {
  const job = jobOf('allow');
  const contract = { ...job.contract, onNewColumn: 'evolve' as const, filter: null, maxRejects: null };
  const rows = ['ann', 'bob', 'cyd', 'dan', 'eve', 'fay'].map((name, i) => `${i},${name}@example.org,red`);
  const file = Buffer.from(['order_id,email,colour', ...rows, ''].join('\n'));
  const pipeline = await newPipeline({ ...job, contract, privacy: {} }, { 'a.csv': file }, slice);
  const mend = breakLake(pipeline, 1);
  await execute(pipeline, 'r1', slice);
  mend();
  return pipeline;
}

test('where a slice decides its columns the decision is taken over with the batches that were made by it', async () => {
  const pipeline = await failedEvolving();
  const seen = watched(pipeline);
  await resume(pipeline, 'r2', 'r1');
  const { ledger } = pipeline.ports;
  expect(await ledger.getRun('orders', 'r2')).toMatchObject({ status: 'COMPLETED', counts: { written: 6 } });
  expect(seen).toMatchObject({ listed: 0, read: 0, stored: 0, enveloped: new Set() });
  const { table } = await manifestOf(pipeline, 'r2');
  expect(table.columns.map(({ name }) => name)).toContain('colour');
  expect((await ledger.listShards('r2')).every(({ from }) => from?.runId === 'r1')).toBe(true);
});

test('where a file came since, a slice decides its columns anew, and takes no batch over', async () => {
  const pipeline = await failedEvolving();
  const { objects, ledger } = pipeline.ports;
  const late = Buffer.from('order_id,email,size\n77,zoe@example.org,XL\n');
  await objects.put({ bucket: 'inbox', key: `orders/${slice}/b.csv` }, late);
  for (const record of pipeline.stored.ledger.slices.values())
    record.mark = { runId: 'm1', trigger: 'mark', force: false };
  const seen = watched(pipeline);
  await resume(pipeline, 'r2', 'r1');
  expect(await ledger.getRun('orders', 'r2')).toMatchObject({ status: 'COMPLETED', counts: { written: 7 } });
  expect(seen).toMatchObject({ listed: 1, read: 1 });
  expect((await ledger.listShards('r2')).every(({ from }) => from === undefined)).toBe(true);
  const { table } = await manifestOf(pipeline, 'r2');
  expect(table.columns.map(({ name }) => name)).toEqual(expect.arrayContaining(['colour', 'size']));
});

test('F37 behind a deployment of another version the run is done whole, and says so', async () => {
  const pipeline = await failedWrite();
  pipeline.job = { ...pipeline.job, owner: 'finance' };
  await pipeline.ports.objects.put(
    { bucket: 'assets', key: 'job.json' },
    Buffer.from(canonicalJson(pipeline.job)),
  );
  const seen = watched(pipeline);
  await resume(pipeline, 'r2', 'r1');
  const run = await pipeline.ports.ledger.getRun('orders', 'r2');
  const { version } = versionOf(pipeline.job);
  expect(run).toMatchObject({
    status: 'PARTIAL',
    follows: 'r1',
    whole: 'other-version',
    jobVersion: version,
  });
  expect(run).not.toHaveProperty('resumes');
  expect(seen).toMatchObject({ listed: 1, read: 2 });
  const shards = await pipeline.ports.ledger.listShards('r2');
  expect(shards.filter(({ from }) => from !== undefined)).toEqual([]);
  const manifest = await manifestOf(pipeline, 'r2');
  expect(manifest.jobVersion).toBe(version);
  for (const { key } of manifest.raw) expect(key).toContain('/run=r2/');
});

test('F15 a slice that another run has committed since is not taken back to what the failed one had', async () => {
  const pipeline = await failedWrite();
  const { objects, ledger } = pipeline.ports;
  const late = Buffer.from('order_id,email\n77,zoe@example.org\n');
  await objects.put({ bucket: 'inbox', key: `orders/${slice}/c.csv` }, late);
  await execute(pipeline, 'r2', slice);
  const table = await tableOf(pipeline);
  await resume(pipeline, 'r3', 'r1');
  expect(await ledger.getRun('orders', 'r3')).toMatchObject({ status: 'SKIPPED', whole: 'committed' });
  expect((await ledger.getSlice('orders', slice))?.committed?.runId).toBe('r2');
  expect(await tableOf(pipeline)).toEqual(table);
});

test('F16 a file that was replaced is read as it is now, and what is as it was is taken over', async () => {
  const pipeline = await newRun('allow', null);
  const { objects, ledger } = pipeline.ports;
  const { stream } = objects;
  const key = `orders/${slice}/a.csv`;
  const replaced = Buffer.from('order_id,email\n1,new@example.org\nx,odd@example.org\n');
  objects.stream = async (ref, options) => {
    if (ref.key === key) await objects.put({ bucket: 'inbox', key }, replaced);
    return stream(ref, options);
  };
  await execute(pipeline, 'r1', slice);
  objects.stream = stream;
  expect(await ledger.getRun('orders', 'r1')).toMatchObject({
    status: 'FAILED',
    error: { name: 'SourceChanged' },
  });
  const seen = watched(pipeline);
  await resume(pipeline, 'r2', 'r1');
  expect(await ledger.getRun('orders', 'r2')).toMatchObject({
    status: 'PARTIAL',
    resumes: 'r1',
    relist: true,
  });
  expect(seen).toMatchObject({ listed: 1, read: 1 });
  const { raw } = await manifestOf(pipeline, 'r2');
  expect(raw.map(({ key: of }) => /run=(\w+)/.exec(of)?.[1])).toEqual(['r2', 'r1']);
});

test('a trigger whose mark a resumed run takes away is not forgotten: the source is listed again', async () => {
  const pipeline = await failedWrite();
  const { ledger, objects } = pipeline.ports;
  const late = Buffer.from('order_id,email\n77,zoe@example.org\n');
  await objects.put({ bucket: 'inbox', key: `orders/${slice}/c.csv` }, late);
  const record = pipeline.stored.ledger.slices.values().next().value;
  if (record === undefined) throw new Error('there is no slice');
  record.mark = { runId: 'm1', trigger: 'mark', force: false };
  const seen = watched(pipeline);
  await resume(pipeline, 'r2', 'r1');
  expect(seen).toMatchObject({ listed: 1, read: 1 });
  expect((await manifestOf(pipeline, 'r2')).raw).toHaveLength(3);
  expect((await ledger.getSlice('orders', slice))?.mark).toBeNull();
});

/** A slice with two open failures: the first run saw two files, and the second one, which failed like it, a third. */
async function failedTwice(): Promise<Pipeline> {
  const pipeline = await failedWrite();
  const late = Buffer.from('order_id,email\n77,zoe@example.org\n');
  await pipeline.ports.objects.put({ bucket: 'inbox', key: `orders/${slice}/c.csv` }, late);
  const mend = breakLake(pipeline, 1);
  await execute(pipeline, 'r2', slice);
  mend();
  expect(await pipeline.ports.ledger.getRun('orders', 'r2')).toMatchObject({ status: 'FAILED', revision: 1 });
  return pipeline;
}

test('where a later run has failed, too, the older one that is redriven first lists the source again', async () => {
  const pipeline = await failedTwice();
  const seen = watched(pipeline);
  await resume(pipeline, 'r3', 'r1');
  expect(await pipeline.ports.ledger.getRun('orders', 'r3')).toMatchObject({ resumes: 'r1', relist: true });
  expect(seen).toMatchObject({ listed: 1, read: 1 });
  expect((await manifestOf(pipeline, 'r3')).raw).toHaveLength(3);
});

test('a run that was to list the source again and failed leaves that to the one that resumes it', async () => {
  const pipeline = await failedTwice();
  const { objects, ledger } = pipeline.ports;
  const { list } = objects;
  objects.list = async (bucket, prefix) => {
    if (bucket === 'inbox') throw Object.assign(new Error('x'), { name: 'Throttled' });
    return list(bucket, prefix);
  };
  await resume(pipeline, 'r3', 'r1');
  objects.list = list;
  expect(await ledger.getRun('orders', 'r3')).toMatchObject({ status: 'FAILED', loaded: null });
  await resume(pipeline, 'r4', 'r3');
  expect(await ledger.getRun('orders', 'r4')).toMatchObject({ resumes: 'r1', relist: true });
  expect((await manifestOf(pipeline, 'r4')).raw).toHaveLength(3);
});

test('a redrive that failed before it had the lease stands between nothing', async () => {
  const pipeline = await failedWrite();
  const { ledger } = pipeline.ports;
  const [failed, failure] = [
    await ledger.getRun('orders', 'r1'),
    await ledger.getFailure(runFailureId('orders', 'r1')),
  ];
  if (failed === null || failure === null) throw new Error('r1 did not fail');
  const unopened = {
    runId: 'r2',
    fence: 0,
    revision: 0,
    resumes: 'r1',
    follows: 'r1',
    loaded: null,
    tasks: {},
  };
  await ledger.putFailedRun({ ...failed, ...unopened }, { ...failure, id: 'orders/r2', runId: 'r2' }, []);
  const seen = watched(pipeline);
  await resume(pipeline, 'r3', 'r2');
  expect(await ledger.getRun('orders', 'r3')).toMatchObject({ status: 'PARTIAL', resumes: 'r1' });
  expect(seen).toMatchObject({ listed: 0, read: 0 });
});

test.each(['allow', 'reject'] as const)(
  'F07 F14 F22 F23 a resumed run that ends for good at any write is finished by the sweeper and the next redrive: %s',
  async (policy) => {
    const { table } = await undisturbed(policy);
    const failed = await failedWrite(policy);
    const whole = await fork(failed);
    await resume(whole, 'r2', 'r1');
    const { writes } = whole;
    const committed: string[] = [];
    for (const point of points(writes.length)) {
      const pipeline = await fork(failed);
      pipeline.interruption = { ...point, mode: 'ends for good' };
      await expect(resume(pipeline, 'r2', 'r1')).rejects.toBeInstanceOf(Interrupted);
      pipeline.interruption = null;
      pipeline.now = new Date(pipeline.now.getTime() + 120_000);
      await sweepAll(pipeline);
      const { ledger } = pipeline.ports;
      const [open] = (await ledger.listFailures({ job: 'orders' })).filter(({ kind }) => kind === 'run');
      if (open !== undefined) await resume(pipeline, 'r3', open.runId);
      pipeline.now = new Date(pipeline.now.getTime() + 120_000);
      await sweepAll(pipeline);
      committed.push(await assess(pipeline, table));
    }
    const commit = 2 * writes.indexOf('beginCommit') + 1;
    expect(committed.slice(0, commit)).not.toContain('r2');
    console.log(`resumed and interrupted: ${committed.length} points in ${writes.length} writes`);
  },
  240_000,
);
