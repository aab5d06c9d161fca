import { randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateDatabaseCommand, GlueClient } from '@aws-sdk/client-glue';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bus } from '../../../aws/eventbridge.ts';
import { catalog } from '../../../aws/glue.ts';
import type { Catalog } from '../../../aws/interfaces.ts';
import { executions } from '../../../aws/sfn.ts';
import { queue } from '../../../aws/sqs.ts';
import { secrets } from '../../../aws/ssm.ts';
import { memoryCatalog } from '../../support/memory-catalog.ts';
import { startCloud, type TestCloud } from '../../support/ministack.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startCloud({ auth: false });
}, 60_000);
afterAll(() => cloud?.stop());

/** The catalog in Glue, and the one in memory that other tests use: they behave alike. */
const catalogs: Array<[string, () => Promise<Catalog>]> = [
  [
    'Glue',
    async () => {
      const client = new GlueClient(cloud.client);
      const database = `db_${randomUUID().replaceAll('-', '')}`;
      await client.send(new CreateDatabaseCommand({ DatabaseInput: { Name: database } }));
      return catalog(client, database);
    },
  ],
  ['memory', async () => memoryCatalog().catalog],
];

const columns = [{ name: 'id', type: 'bigint' }];
const orders = { name: 'orders', columns, location: 's3://lake/orders/', parameters: { job: 'orders' } };

test.each(catalogs)(
  'a table in %s is created once, and updated by who saw its last version',
  async (_, make) => {
    const tables = await make();
    expect(await tables.getTable('orders')).toBeNull();
    expect(await tables.createTable(orders)).toBe(true);
    expect(await tables.createTable(orders)).toBe(false);
    const table = await tables.getTable('orders');
    expect(table).toMatchObject({ name: 'orders', columns, location: 's3://lake/orders/' });
    if (table === null) return;
    const wider = { ...table, columns: [...columns, { name: 'note', type: 'string' }] };
    expect(await tables.updateTable(wider)).toBe(true);
    // F28: the other one, who saw the table before that, loses and reads again.
    expect(await tables.updateTable({ ...table, columns: [{ name: 'x', type: 'int' }] })).toBe(false);
    expect((await tables.getTable('orders'))?.columns.map(({ name }) => name)).toEqual(['id', 'note']);
    expect((await tables.listTables()).map(({ name }) => name)).toEqual(['orders']);
  },
);

test.each(catalogs)(
  "F28 a slice's partition in %s is created, and overwritten where it is there",
  async (_, make) => {
    const tables = await make();
    await tables.createTable(orders);
    const table = await tables.getTable('orders');
    if (table === null) throw new Error('no table');
    expect(await tables.getPartition('orders', '2026-03-01')).toBeNull();
    const first = { slice: '2026-03-01', location: 's3://lake/orders/run=r1/', columns };
    await tables.setPartition(table, first);
    expect(await tables.getPartition('orders', '2026-03-01')).toEqual(first);
    const second = {
      ...first,
      location: 's3://lake/orders/run=r2/',
      columns: [{ name: 'n', type: 'string' }],
    };
    await tables.setPartition(table, second);
    await tables.setPartition(table, { ...first, slice: '2026-03-02' });
    const partitions = await tables.listPartitions('orders');
    expect(partitions.sort((a, b) => (a.slice < b.slice ? -1 : 1))).toEqual([
      second,
      { ...first, slice: '2026-03-02' },
    ]);
  },
);

test.each(catalogs)('a partition in %s is removed without its table or its neighbours', async (_, make) => {
  const tables = await make();
  await tables.createTable(orders);
  const table = await tables.getTable('orders');
  if (table === null) throw new Error('no table');
  const first = { slice: '2026-03-01', location: 's3://lake/orders/run=r1/', columns };
  await tables.setPartition(table, first);
  await tables.setPartition(table, { ...first, slice: '2026-03-02' });
  await tables.deletePartition('orders', '2026-03-01');
  await tables.deletePartition('orders', '2026-03-01');
  expect((await tables.listPartitions('orders')).map(({ slice }) => slice)).toEqual(['2026-03-02']);
  expect(await tables.getTable('orders')).not.toBeNull();
});

test('a secret is made once and never replaced', async () => {
  const client = new SSMClient(cloud.client);
  const port = secrets(client);
  const name = '/forebay/local/orders/hash-key';
  await expect(port.get(name)).rejects.toMatchObject({
    name: 'SecretMissing',
    message: expect.stringContaining('forebay secrets init orders'),
  });
  expect(await port.create(name, 'first')).toBe(true);
  expect(await port.create(name, 'second')).toBe(false);
  expect(await port.get(name)).toBe('first');
  const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: false }));
  expect(Parameter?.Type).toBe('SecureString');
});

test('an execution is started once by its name, described while it runs and when it has ended', async () => {
  const client = new SFNClient(cloud.client);
  const definition = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 3600, End: true } } };
  const { stateMachineArn = '' } = await client.send(
    new CreateStateMachineCommand({
      ...{ name: 'waiting', roleArn: 'arn:aws:iam::000000000000:role/any' },
      definition: JSON.stringify(definition),
    }),
  );
  const port = executions(client);
  const name = randomUUID();
  const { executionArn, started } = await port.start(stateMachineArn, name, { slice: '2026-03-01' });
  expect(started).toBe(true);
  expect(await port.start(stateMachineArn, name, { slice: 'other' })).toEqual({
    executionArn,
    started: false,
  });
  expect(await port.describe(executionArn)).toMatchObject({ status: 'RUNNING', stoppedAt: null });
  await port.stop(executionArn, { Error: 'Cancelled', Cause: 'by hand' });
  expect(await port.describe(executionArn)).toMatchObject({
    status: 'ENDED',
    stoppedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    error: { Error: 'Cancelled', Cause: 'by hand' },
  });
  expect(await port.describe(`${executionArn}-not-there`)).toBeNull();
});

test('F22 a token of a task that is gone is taken for acknowledged', async () => {
  const port = executions(new SFNClient(cloud.client));
  expect(await port.succeedTask('no such token', {})).toBe('gone');
  expect(await port.failTask('no such token', { name: 'CastFailed', message: 'x' })).toBe('gone');
});

test('F27 any text in a message arrives as it was, as valid XML 1.0', async () => {
  const client = new SQSClient(cloud.client);
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: 'any-text' }));
  const body = { name: '\u0000\u0001\u000b\u001f\ufffe\uffff\ud800 😀 "é"' };
  await queue(client).send(QueueUrl, JSON.stringify(body));
  const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
  const text = Messages[0]?.Body ?? '';
  expect(JSON.parse(text)).toEqual(body);
  // The characters of XML 1.0, section 2.2.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: three of them are allowed
  expect(text).toMatch(/^[\u{9}\u{a}\u{d}\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u);
});

test('F05 of a call that fails in part, only the failed entries are sent again', async () => {
  const sent: string[][] = [];
  const client = new EventBridgeClient({ ...cloud.client });
  client.middlewareStack.add(
    () => async (args) => {
      const { Entries } = args.input as unknown as { Entries: Array<{ Detail: string }> };
      sent.push(Entries.map(({ Detail }) => Detail));
      const failing = sent.length === 1 ? ['1', '3'] : sent.length === 2 ? ['3'] : [];
      const outcomes = Entries.map(({ Detail }) =>
        failing.includes(Detail) ? { ErrorCode: 'InternalFailure' } : { EventId: 'id' },
      );
      return { response: {}, output: { $metadata: {}, Entries: outcomes } } as never;
    },
    { step: 'initialize' },
  );
  const events = ['0', '1', '2', '3'].map((detail) => ({
    ...{ id: detail, detailType: 'JobCompleted', detail, time: '2026-03-02T01:15:00.000Z' },
  }));
  await bus(client, 'forebay').publish(events);
  expect(sent).toEqual([['0', '1', '2', '3'], ['1', '3'], ['3']]);
});

test('F05 events go in calls of ten, and those that are never taken are a transient error', async () => {
  const sizes: number[] = [];
  const client = new EventBridgeClient({ ...cloud.client });
  client.middlewareStack.add(
    () => async (args) => {
      const { Entries } = args.input as unknown as { Entries: Array<{ Detail: string }> };
      sizes.push(Entries.length);
      const outcomes = Entries.map(({ Detail }) => (Detail === '11' ? { ErrorCode: 'Throttled' } : {}));
      return { response: {}, output: { $metadata: {}, Entries: outcomes } } as never;
    },
    { step: 'initialize' },
  );
  const events = Array.from({ length: 12 }, (_, i) => ({
    ...{ id: String(i), detailType: 'JobCompleted', detail: String(i), time: '2026-03-02T01:15:00.000Z' },
  }));
  await expect(bus(client, 'forebay').publish(events)).rejects.toMatchObject({
    name: 'ServiceUnavailable',
    message: expect.stringContaining('1 of 2 events were not taken (Throttled)'),
  });
  expect(sizes).toEqual([10, 2, 1, 1, 1, 1]);
});
