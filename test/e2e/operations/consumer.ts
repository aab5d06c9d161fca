/** The example of a consumer, deployed beside the app: it reads what is published, once, whatever comes again. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cloud, root } from '../../support/cloud.ts';
import { clientOf } from '../../support/consumer.ts';
import { outputsOf } from '../../support/deployed.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);
const slice = '2026-03-01';

const head = 'order_id,placed_at,qty,price,email,note,status';
const line = (id: number, qty: number) => `${id},2026-03-01T09:30:00Z,${qty},1.00,a@example.org,,new`;

export function consumers(cloud: () => Cloud): void {
  let folder: string;
  let table: string;
  let dynamodb: DynamoDBClient;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'forebay-consumer-'));
    dynamodb = new DynamoDBClient(clientOf(cloud()));
    const app = `${process.execPath} --import tsx ${join(root, 'examples', 'consumer', 'app.ts')}`;
    const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
    const context = ['-c', 'stage=local', '-c', 'job=orders', '--output', join(folder, 'cdk.out')];
    const how = ['--require-approval', 'never', '--no-notices'];
    const env = { ...process.env, ...cloud().env };
    await run(process.execPath, [cdk, 'deploy', '--app', app, ...context, ...how], { cwd: root, env });
    table = (await outputsOf(clientOf(cloud()), 'Consumer-of-orders-local')).TotalsTable ?? '';
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function load(...rows: string[]): Promise<void> {
    const path = join(folder, 'orders.csv');
    writeFileSync(path, `${[head, ...rows].join('\n')}\n`);
    await cloud().json('load', 'orders', path, '--slice', slice);
  }

  /** The slice's item once it has a revision. */
  const totals = (revision: number) =>
    until(`totals of revision ${revision}`, async () => {
      const { Item } = await dynamodb.send(
        new GetItemCommand({ TableName: table, Key: { slice: { S: slice } }, ConsistentRead: true }),
      );
      const [found, orders, units] = [Item?.revision, Item?.orders, Item?.units].map((value) =>
        Number(value?.N),
      );
      return (found ?? 0) >= revision && { revision: found, orders, units };
    });

  test('a published slice is counted, again when it is loaded again, and not when an event is repeated', async () => {
    await load(line(1, 2), line(2, 3));
    expect(await totals(1)).toEqual({ revision: 1, orders: 2, units: 5 });
    await load(line(1, 2), line(2, 3), line(3, 10));
    expect(await totals(2)).toEqual({ revision: 2, orders: 3, units: 15 });
    const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
    const replayed = await cloud().json<{ sent: number; events: Array<{ type: string }> }>(
      ...['events', 'replay', '--from', day(-1), '--to', day(2), '--job', 'orders'],
    );
    expect(replayed.events.map(({ type }) => type)).toEqual([
      'JobCompleted',
      'SliceReopened',
      'JobCompleted',
    ]);
    expect(replayed.sent).toBe(3);
    // A third revision comes behind the repeats: once it is counted, they have been seen.
    await load(line(1, 1));
    expect(await totals(3)).toEqual({ revision: 3, orders: 1, units: 1 });
  });
}
