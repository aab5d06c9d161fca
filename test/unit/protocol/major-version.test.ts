/** Runs of a job whose table has a second major version: what a changed type asks for. */
import { expect, test } from 'vitest';
import type { Job } from '../../../core/job/model.ts';
import { canonicalJson } from '../../../core/job/version.ts';
import { execute, newPipeline } from '../../support/pipeline.ts';
import { job as plainJob } from '../../support/world.ts';
import { dialect } from '../formats/support.ts';

const job = (type: 'bigint' | 'string', major: number): Job => ({
  ...plainJob,
  name: 'daily-orders',
  format: dialect({}),
  contract: {
    ...plainJob.contract,
    columns: [{ name: 'order_id', type: { name: type }, nullable: false, from: null }],
  },
  sinks: [{ kind: 'lake', major }],
});
const file = 'order_id\n1\n00123\n';

test('F40 a new major version is a table of its own, and the former one stays as it is', async () => {
  const pipeline = await newPipeline(job('bigint', 1), { 'a.csv': Buffer.from(file) }, '2026-03-01');
  await execute(pipeline, 'r1', '2026-03-01');
  const { partitions, ports } = pipeline;
  const former = await ports.catalog.getTable('daily_orders');
  expect(former).toMatchObject({ location: 's3://lake/lake/daily-orders/v1/' });

  pipeline.job = job('string', 2);
  const put = (bucket: string, key: string, body: string) =>
    ports.objects.put({ bucket, key }, Buffer.from(body));
  await put('assets', 'job.json', canonicalJson(pipeline.job));
  await put('inbox', 'daily-orders/2026-03-02/a.csv', file);
  await execute(pipeline, 'r2', '2026-03-02');
  expect(await ports.catalog.getTable('daily_orders')).toEqual(former);
  expect(await ports.catalog.getTable('daily_orders__v2')).toMatchObject({
    location: 's3://lake/lake/daily-orders/v2/',
    columns: [{ name: 'metadata' }, { name: 'order_id', type: 'string' }],
  });
  expect(partitions.get('daily_orders/2026-03-01')?.location).toBe(
    's3://lake/lake/daily-orders/v1/slice=2026-03-01/run=r1/',
  );
  const prefix = 'lake/daily-orders/v2/slice=2026-03-02/run=r2/';
  expect(partitions.get('daily_orders__v2/2026-03-02')?.location).toBe(`s3://lake/${prefix}`);
  const parts = await ports.objects.list('lake', prefix);
  expect(parts.map(({ key }) => key)).toEqual([`${prefix}part-00000.parquet`]);
  expect(pipeline.sent.map(({ body }) => JSON.parse(body).data.table.name)).toEqual([
    'daily_orders',
    'daily_orders__v2',
  ]);
});

test('a file that lies elsewhere than its partition fails the run: nobody reads an empty slice', async () => {
  const pipeline = await newPipeline(job('bigint', 1), { 'a.csv': Buffer.from(file) }, '2026-03-01');
  const { ledger } = pipeline.ports;
  const elsewhere = (key: string | null) => key?.replace('/v1/', '/v2/') ?? null;
  pipeline.ports.ledger = {
    ...ledger,
    listSinks: async (...of) =>
      (await ledger.listSinks(...of)).map((sink) => ({ ...sink, key: elsewhere(sink.key) })),
  };
  await execute(pipeline, 'r1', '2026-03-01');
  const run = await ledger.getRun(pipeline.job.name, 'r1');
  expect(run).toMatchObject({
    ...{
      status: 'FAILED',
      error: { name: 'CountMismatch', message: expect.stringContaining('shard 0 was written to ') },
    },
  });
  expect(pipeline.partitions.size).toBe(0);
});
