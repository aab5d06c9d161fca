/** A job that catches up by itself: the sweeper finds what it misses, and the job's own backfill machine loads it. */
import { LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import type { BackfillPage } from '../../../cli/backfill/page.ts';
import type { BackfillRecord } from '../../../core/backfill/model.ts';
import type { RunRecord } from '../../../core/ledger.ts';
import type { Cloud } from '../../support/cloud.ts';
import { clientOf } from '../../support/consumer.ts';
import { sharedOutputs, sweepNow } from '../../support/deployed.ts';
import { until } from '../../support/until.ts';

const job = 'catching';

export function catchUps(cloud: () => Cloud): void {
  const backfills = async () =>
    (await cloud().json<BackfillRecord[]>('backfill', 'list')).filter((each) => each.job === job);

  test('two months that no run has come to are loaded by one backfill, which nobody has started', async () => {
    const settings = clientOf(cloud());
    const outputs = await sharedOutputs(settings);
    const lambda = new LambdaClient(settings);
    const s3 = new S3Client({ ...settings, forcePathStyle: true });
    const month = (ago: number) => DateTime.utc().minus({ months: ago }).toFormat('yyyy-MM');
    const missed = [month(2), month(1)];
    for (const slice of [month(3), ...missed]) {
      const Key = `${job}/${slice}/a.csv`;
      await s3.send(new PutObjectCommand({ Bucket: outputs.InboxBucket, Key, Body: 'id\n1\n2\n' }));
    }
    await cloud().json('run', job, '--slice', month(3));
    await sweepNow(lambda);
    await until('a backfill of it', async () => (await backfills()).length > 0);
    await sweepNow(lambda);
    await until('it ends', async () => (await backfills()).every(({ status }) => status !== 'RUNNING'));
    const [backfill, ...more] = await backfills();
    expect(more).toEqual([]);
    const page = await cloud().json<BackfillPage>('backfill', 'show', backfill?.id ?? '');
    expect(page.backfill).toMatchObject({
      status: 'COMPLETED',
      request: { from: missed[0], to: missed[1] },
    });
    expect(page.counts).toMatchObject({ done: 2, failed: 0, left: 0 });
    const runs = await cloud().json<RunRecord[]>('runs', 'list', job);
    expect(runs.map(({ slice, status, trigger }) => [slice, status, trigger]).sort()).toEqual([
      [month(3), 'COMPLETED', 'manual'],
      ...missed.map((slice) => [slice, 'COMPLETED', 'backfill']),
    ]);
  });
}
