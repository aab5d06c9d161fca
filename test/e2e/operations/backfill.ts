/** The backfill machine as it is deployed: what only the cloud can show, that its parts find each other. */
import { gzipSync } from 'node:zlib';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import type { BackfillPage } from '../../../cli/backfill/page.ts';
import type { ShownPlan } from '../../../cli/backfill/plan.ts';
import type { Outputs } from '../../../core/outputs.ts';
import type { Cloud } from '../../support/cloud.ts';
import { clientOf } from '../../support/consumer.ts';
import { sharedOutputs } from '../../support/deployed.ts';

const job = 'readings';
const slices = ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05'];
const range = ['--from', '2026-03-01', '--to', '2026-03-05'];

export function backfills(cloud: () => Cloud): void {
  let s3: S3Client;
  let outputs: Outputs;
  let inbox: string;

  const put = (slice: string, name: string, body: string | Buffer) =>
    s3.send(new PutObjectCommand({ Bucket: inbox, Key: `${job}/${slice}/${name}`, Body: body }));

  beforeAll(async () => {
    s3 = new S3Client({ ...clientOf(cloud()), forcePathStyle: true });
    outputs = await sharedOutputs(clientOf(cloud()));
    inbox = outputs.InboxBucket;
    for (const [i, slice] of slices.entries()) {
      if (i === 2) await put(slice, 'a.csv', 'wrong,header\n1,x\n');
      else if (i === 3) await put(slice, 'a.csv.gz', gzipSync(`id,value\n${i},x\n${i},y\n`));
      else await put(slice, 'a.csv', `id,value\n${i},x\n${i},y\n`);
    }
  });

  /** A backfill that is followed to its end, however that is. */
  async function backfill(...options: string[]): Promise<{ code: number; page: BackfillPage }> {
    const { code, stdout, stderr } = await cloud().forebay('--json', 'backfill', 'start', job, ...options);
    if (stdout === '') throw new Error(stderr);
    return { code, page: JSON.parse(stdout) as BackfillPage };
  }

  const rows = async (): Promise<string[]> => {
    const sql = 'SELECT slice, metadata.id AS record, id, value FROM readings ORDER BY slice, id, value';
    const { code, stdout, stderr } = await cloud().forebay('query', sql, '--format', 'ndjson');
    if (code !== 0) throw new Error(stderr);
    return stdout.split('\n').filter(Boolean);
  };

  test('a plan says of each slice what will happen to it and why, and starts nothing', async () => {
    const plan = await cloud().json<ShownPlan>('backfill', 'plan', job, ...range);
    expect(plan.slices.map(({ slice, action, why }) => [slice, action, why])).toEqual(
      slices.map((slice) => [slice, 'load', 'no run has loaded it']),
    );
    expect(await cloud().json('backfill', 'list')).toEqual([]);
  });

  let failedId = '';

  test('five slices in two lanes: four are loaded, the one that fails stops none of them, and the whole ends FAILED', async () => {
    const { code, page } = await backfill(...range, '--lanes', '2');
    expect(code).toBe(1);
    expect(page.backfill).toMatchObject({ status: 'FAILED', error: { name: 'BackfillIncomplete' } });
    expect(page.counts).toMatchObject({ done: 4, failed: 1, left: 0 });
    expect(page.failed).toMatchObject([{ error: { name: 'ColumnMissing' }, slices: ['2026-03-03'] }]);
    expect(page.next).toBe(`forebay backfill start ${job} --resume ${page.backfill.id}`);
    failedId = page.backfill.id;
  });

  test('a resume does only what is left, once it is mended', async () => {
    await put('2026-03-03', 'a.csv', 'id,value\n2,x\n2,y\n');
    const { code, page } = await backfill('--resume', failedId);
    expect(code).toBe(0);
    expect(page.backfill).toMatchObject({ status: 'COMPLETED', resumes: failedId });
    expect(page.counts).toMatchObject({ done: 1, failed: 0, skipped: 0, left: 0 });
    expect(await rows()).toHaveLength(10);
  });

  test('from raw each slice is made anew with the same ids though the inbox is empty, and no raw object is put again', async () => {
    const before = await rows();
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: inbox, Prefix: `${job}/` }));
    for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket: inbox, Key }));
    const { RawBucket } = outputs;
    const raw = async () =>
      (
        (await s3.send(new ListObjectsV2Command({ Bucket: RawBucket, Prefix: `raw/${job}/` }))).Contents ?? []
      ).map(({ Key }) => Key);
    const kept = await raw();
    const { code, page } = await backfill(...range, '--from-raw', '--lanes', '3');
    expect(page.failed).toEqual([]);
    expect({ code, ...page.counts }).toMatchObject({ code: 0, done: 5 });
    expect(await rows()).toEqual(before);
    expect(await raw()).toEqual(kept);
  });

  test('a cancelled backfill finishes what is at work, begins no more, and its rest can be done', async () => {
    const { id } = await cloud().json<{ id: string }>(
      ...['backfill', 'start', job, ...range, '--from-raw', '--no-wait'],
    );
    // It is cancelled as soon as it has a record, which its plan makes.
    let cancelled = 1;
    for (let look = 0; cancelled !== 0 && look < 30; look++)
      cancelled = (await cloud().forebay('backfill', 'cancel', id)).code;
    let page = await cloud().json<BackfillPage>('backfill', 'show', id);
    for (let look = 0; page.backfill.status === 'RUNNING' && look < 30; look++)
      page = await cloud().json<BackfillPage>('backfill', 'show', id);
    expect(page.backfill.status).toBe('CANCELLED');
    expect(page.counts).toMatchObject({ failed: 0, busy: 0, running: 0 });
    expect(page.counts.left).toBeGreaterThan(0);
    const rest = await cloud().json<ShownPlan>('backfill', 'start', job, '--resume', id, '--dry-run');
    expect(rest.slices).toHaveLength(page.counts.left);
  });
}
