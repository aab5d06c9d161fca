/** A whole run of a job whose files have other columns than its contract, and what a crash does to it. */
import { expect, test } from 'vitest';
import type { Job } from '../../../core/job/model.ts';
import { type Manifest, manifestSchema } from '../../../core/manifest.ts';
import { manifestKey } from '../../../core/storage.ts';
import { execute, newPipeline, type Pipeline } from '../../support/pipeline.ts';
import { job as plainJob } from '../../support/world.ts';
import { dialect } from '../formats/support.ts';

const slice = '2026-03-01';
const column = (name: string, type: 'bigint' | 'int', nullable: boolean) => ({
  ...{ name, type: { name: type }, nullable, from: null },
});
const job: Job = {
  ...plainJob,
  format: dialect({}),
  contract: {
    ...plainJob.contract,
    columns: [column('order_id', 'bigint', false), column('qty', 'int', true), column('boxes', 'int', false)],
    ...{ onNewColumn: 'discard-record', onMissingColumn: 'evolve', onRetypedColumn: 'discard-column' },
    names: 'ignore-case',
  },
};
const files = {
  'a.csv': Buffer.from('Order_ID,QTY,boxes\n1,2,1\n2,two,1\n3,2,one\n4,none,1\n'),
  'b.csv': Buffer.from('qty,order_id,extra\n2,5,\nnone,6,\n7,7,new\n'),
};

async function run(
  interruption: Pipeline['interruption'],
): Promise<{ pipeline: Pipeline; manifest: Manifest }> {
  const pipeline = await newPipeline(job, files, slice);
  pipeline.interruption = interruption;
  await execute(pipeline, 'r1', slice);
  const key = manifestKey(job.name, 'r1');
  const manifest = manifestSchema.parse(
    JSON.parse(String(await pipeline.ports.objects.get({ bucket: 'ops', key }))),
  );
  return { pipeline, manifest };
}

test('F40 the manifest tells how many values of each column became null, beside what was rejected', async () => {
  const { manifest } = await run(null);
  expect(manifest).toMatchObject({
    status: 'PARTIAL',
    counts: { read: 7, written: 5, rejected: 2, filtered: 0 },
    discarded: { qty: 3 },
    rejects: { byCode: { CastFailed: 1, ColumnUnexpected: 1 } },
  });
});

test('F13 F40 a run that is interrupted at any write and tried again has the same manifest', async () => {
  const { pipeline, manifest } = await run(null);
  for (let write = 1; write <= pipeline.writes.length; write++) {
    const again = await run({ write, when: 'after', mode: 'tried again' });
    expect(again.pipeline.interrupted).toBe(true);
    expect(again.manifest, `write ${write}`).toEqual(manifest);
  }
}, 120_000);

test('the manifest of a job that discards nothing says nothing of it', async () => {
  const pipeline = await newPipeline(
    { ...job, contract: { ...job.contract, onRetypedColumn: 'discard-record' } },
    files,
    slice,
  );
  await execute(pipeline, 'r1', slice);
  const text = await pipeline.ports.objects.get({ bucket: 'ops', key: manifestKey(job.name, 'r1') });
  expect(JSON.parse(String(text))).not.toHaveProperty('discarded');
});
