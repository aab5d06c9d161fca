/** What starts runs by itself, on the local cloud: its events, its queues and its delays. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import type { RunRecord } from '../../../core/ledger.ts';
import type { Cloud } from '../../support/cloud.ts';
import { clientOf, consume, type Delivered } from '../../support/consumer.ts';
import { sharedOutputs } from '../../support/deployed.ts';

const day = (n: number) => `2026-03-0${n}`;
const first = { slice: day(1), status: 'COMPLETED', trigger: 'arrival', revision: 1 };

export function triggers(cloud: () => Cloud): void {
  let inbox: string;
  let nextEvent: (wanted: (event: Delivered) => boolean) => Promise<Delivered>;

  beforeAll(async () => {
    nextEvent = await consume(cloud(), 'forebay-local');
    inbox = (await sharedOutputs(clientOf(cloud()))).InboxBucket;
  });

  const put = (key: string, Body = 'done\n') =>
    new S3Client({ ...clientOf(cloud()), forcePathStyle: true }).send(
      new PutObjectCommand({ Bucket: inbox, Key: key, Body }),
    );

  const completed = async (job: string, slice: string) =>
    (
      await nextEvent(
        ({ 'detail-type': type, detail: { data } }) =>
          type === 'JobCompleted' && data.job === job && data.slice === slice,
      )
    ).detail.data;

  const runsOf = async (job: string) =>
    (await cloud().json<RunRecord[]>('runs', 'list', job)).map(({ slice, status, trigger, revision }) => ({
      ...{ slice, status, trigger, revision },
    }));

  test('a burst of files is one run, which begins when its marker has come and it is quiet', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `${i}.csv`);
    await Promise.all(names.map((name, i) => put(`arriving/${day(1)}/${name}`, `id\n${i}\n`)));
    await sleep(3_000);
    expect(await runsOf('arriving')).toEqual([]);
    await put(`arriving/${day(1)}/_SUCCESS`);
    const { counts, revision } = await completed('arriving', day(1));
    expect({ revision, counts }).toMatchObject({ revision: 1, counts: { read: 30, written: 30 } });
    expect(await runsOf('arriving')).toEqual([first]);
  });

  test('a late file is loaded by the next run, as a new revision', async () => {
    await put(`arriving/${day(1)}/late.csv`, 'id\n30\n');
    const { counts, revision } = await completed('arriving', day(1));
    expect({ revision, counts }).toMatchObject({ revision: 2, counts: { read: 31, written: 31 } });
    expect(await runsOf('arriving')).toEqual([{ ...first, revision: 2 }, first]);
  });

  test('a pause keeps files waiting, and a resume starts their run; with it the job that comes after is run', async () => {
    expect(await runsOf('following')).toEqual([]);
    await cloud().json('jobs', 'pause', 'arriving', '--reason', 'the test says so');
    await put(`arriving/${day(2)}/a.csv`, 'id\n1\n');
    await put(`arriving/${day(2)}/_SUCCESS`);
    await sleep(4_000);
    const jobs = await cloud().json<Array<{ name: string; paused: { reason: string } | null }>>('jobs');
    const paused = jobs.filter((each) => each.paused !== null);
    expect(paused.map(({ name, paused }) => [name, paused?.reason])).toEqual([
      ['arriving', 'the test says so'],
    ]);
    expect(await runsOf('arriving')).toEqual([{ ...first, revision: 2 }, first]);
    expect(await cloud().json('jobs', 'resume', 'arriving')).toMatchObject({ asked: [day(2)] });
    expect(await completed('arriving', day(2))).toMatchObject({ revision: 1, counts: { read: 1 } });
    // Of the days of the other zone only this one has its two days of UTC.
    expect(await completed('following', day(2))).toMatchObject({ revision: 1, trigger: 'after' });
    expect(await runsOf('following')).toEqual([{ ...first, slice: day(2), trigger: 'after' }]);
  });
}
