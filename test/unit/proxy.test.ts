import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ProxiedCloud, startProxied } from '../support/proxied.ts';
import { type Call, type CloudProxy, jsonError, s3Error } from '../support/proxy.ts';

const Bucket = 'behind-the-proxy';
let cloud: ProxiedCloud;
let proxy: CloudProxy;
let s3: S3Client;
let dynamodb: DynamoDBClient;

beforeAll(async () => {
  cloud = await startProxied();
  proxy = cloud.proxy;
  s3 = new S3Client({ ...cloud.client, forcePathStyle: true });
  dynamodb = new DynamoDBClient(cloud.client);
  await s3.send(new CreateBucketCommand({ Bucket }));
  proxy.forget();
}, 60_000);

afterEach(() => proxy.forget());

afterAll(async () => {
  s3?.destroy();
  dynamodb?.destroy();
  await cloud?.stop();
});

const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const get = async (Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
const action = (name: string) => (call: Call) => call.action === name;

test('the proxy passes calls on as they are, signatures included, and knows them by their action', async () => {
  const text = 'é'.repeat(2_000_000);
  await put('a b/é+.txt', text);
  expect(await get('a b/é+.txt')).toBe(text);
  await dynamodb.send(new ListTablesCommand({}));
  expect(proxy.calls.map((call) => call.action)).toEqual(['PutObject', 'GetObject', 'ListTables']);
});

test('the proxy drops a call before the cloud sees it, as often as it is told', async () => {
  const rule = proxy.on(action('PutObject'), { before: async () => 'drop' }, 2);
  await expect(put('dropped', 'x')).rejects.toThrow();
  await expect(get('dropped')).rejects.toMatchObject({ name: 'NoSuchKey' });
  expect(rule.calls.length).toBe(2);
  await put('dropped', 'now');
  expect(await get('dropped')).toBe('now');
});

test('the proxy loses the answer of a call that the cloud has done', async () => {
  proxy.on(action('PutObject'), { after: async () => 'drop' });
  await expect(put('lost', 'x')).rejects.toThrow();
  expect(await get('lost')).toBe('x');
});

test('the proxy makes a call twice', async () => {
  const statuses: number[] = [];
  proxy.on(action('CreateTable'), { times: 2, after: async (_, { status }) => void statuses.push(status) });
  const table = {
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  };
  const twice = dynamodb.send(
    new CreateTableCommand({ TableName: 'twice', BillingMode: 'PAY_PER_REQUEST', ...table }),
  );
  await expect(twice).rejects.toMatchObject({ name: 'ResourceInUseException' });
  expect(statuses).toEqual([400]);
});

test('the proxy cuts a body in the middle', async () => {
  await put('whole', 'x'.repeat(1_000));
  proxy.on(action('GetObject'), { after: async () => 'cut' });
  await expect(get('whole')).rejects.toThrow();
});

test('the proxy answers as a busy service does', async () => {
  const busy = proxy.on(action('PutObject'), { before: async () => s3Error(503, 'SlowDown') });
  await expect(put('busy', 'x')).rejects.toMatchObject({ name: 'SlowDown' });
  expect(busy.calls.length).toBe(2);
  proxy.on(action('ListTables'), { before: async () => jsonError(400, 'ThrottlingException') });
  await expect(dynamodb.send(new ListTablesCommand({}))).rejects.toMatchObject({
    name: 'ThrottlingException',
  });
  busy.end();
  await put('busy', 'x');
});
