/**
 * `npx tsx test/bench/backfill.ts [slices] [lanes …]`: a backfill of so many daily slices (365) of ten rows each
 * through the app on a local cloud of its own, with 1, 4 and 16 lanes. One line of JSON for each number of lanes:
 * `{ slices, lanes, seconds, slicesASecond, counts }`. The first slice is loaded before, so that functions are warm.
 */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { BackfillPage } from '../../cli/backfill/page.ts';
import { root } from '../../cli/local/home.ts';
import { mapAtOnce } from '../../core/at-once.ts';
import { slicesBetween } from '../../core/slice.ts';
import { startCloud } from '../support/cloud.ts';
import { clientOf } from '../support/consumer.ts';
import { sharedOutputs } from '../support/deployed.ts';

const job = { name: 'readings', cadence: 'daily', timezone: 'UTC' } as const;
const count = Number(process.argv[2] ?? 365);
const lanes = process.argv.length > 3 ? process.argv.slice(3).map(Number) : [1, 4, 16];
const first = { name: '2025-01-01', start: '2025-01-01T00:00:00Z', end: '2025-01-02T00:00:00Z' };
const last = { ...first, start: '2025-12-31T00:00:00Z' };
const slices = slicesBetween(job, first, last).slice(0, count);
const body = `id,value\n${Array.from({ length: 10 }, (_, i) => `${i},value ${i}\n`).join('')}`;

const cloud = await startCloud(`${root}/test/e2e/operation-jobs`);
try {
  const settings = clientOf(cloud);
  const { InboxBucket } = await sharedOutputs(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  await mapAtOnce(slices, 16, ({ name }) =>
    s3.send(new PutObjectCommand({ Bucket: InboxBucket, Key: `${job.name}/${name}/a.csv`, Body: body })),
  );
  const range = ['--from', first.name, '--to', slices.at(-1)?.name ?? ''];
  await cloud.json('run', job.name, '--slice', first.name, '--force');
  for (const each of lanes) {
    const options = [...range, '--reprocess', 'completed', '--lanes', String(each)];
    const { backfill, counts } = await cloud.json<BackfillPage>('backfill', 'start', job.name, ...options);
    const seconds = (Date.parse(backfill.endedAt ?? '') - Date.parse(backfill.startedAt)) / 1_000;
    const slicesASecond = Math.round((count / seconds) * 100) / 100;
    process.stdout.write(
      `${JSON.stringify({ slices: count, lanes: each, seconds, slicesASecond, counts })}\n`,
    );
  }
} finally {
  await cloud.stop();
}
