import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  ListRulesCommand,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ListQueuesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peek } from '../../../aws/peek.ts';
import { openTap } from '../../../aws/tap.ts';
import { homeFrom } from '../../../cli/local/home.ts';
import { isAlive } from '../../../cli/local/process.ts';
import { isHealthy, type LocalServer, startServer } from '../../../cli/local/server.ts';

let home: string;
let server: LocalServer;
let agent: Agent;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'forebay-server-'));
  server = await startServer({ home, venv: homeFrom(process.env).venv });
  agent = new Agent({ ca: readFileSync(server.env.NODE_EXTRA_CA_CERTS ?? '') });
}, 180_000);
afterAll(async () => {
  agent?.destroy();
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

const settings = () => ({
  endpoint: server.endpoint,
  region: server.env.AWS_REGION ?? '',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  requestHandler: { httpsAgent: agent },
});

function statusOf(body: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues' };
    const sent = request(`https://${host}:${server.port}/`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('the server answers on loopback by its own certificate, and enforces who asks', async () => {
  expect(await isHealthy(server.endpoint, server.env.NODE_EXTRA_CA_CERTS ?? '')).toBe(true);
  expect(await statusOf('{}', 'localhost')).toBe(403);
  expect(await statusOf('{}', '127.0.0.1')).toBe(403);
});

test('a look into a queue shows each message once, and leaves it where it is', async () => {
  const sqs = new SQSClient(settings());
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'looked-into' }));
  const bodies = Array.from({ length: 12 }, (_, i) => `message ${i}`);
  for (const MessageBody of bodies) {
    const MessageAttributes = { ERROR_CODE: { DataType: 'String', StringValue: 'NO_PERMISSIONS' } };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
  }
  for (const _ of ['once', 'again']) {
    const found = await peek(sqs, QueueUrl);
    expect(found.approximateMessages).toBe(12);
    expect(found.messages.map(({ body }) => body).sort()).toEqual([...bodies].sort());
    expect(found.messages[0]?.attributes).toEqual({ ERROR_CODE: 'NO_PERMISSIONS' });
  }
});

test('a tap gives the events of its source, and leaves neither rule nor queue behind', async () => {
  const clients = { sqs: new SQSClient(settings()), eventBridge: new EventBridgeClient(settings()) };
  const EventBusName = 'forebay-test';
  await clients.eventBridge.send(new CreateEventBusCommand({ Name: EventBusName }));
  const tap = await openTap(clients, { name: EventBusName, source: 'forebay' }, 'forebay-test-tail');
  const event = (Source: string, n: number) => ({
    EventBusName,
    Source,
    DetailType: 'JobCompleted',
    Detail: JSON.stringify({ n }),
  });
  await clients.eventBridge.send(
    new PutEventsCommand({ Entries: [event('another', 1), event('forebay', 2)] }),
  );
  const bodies = await tap.receive(5);
  expect(bodies.map((body) => (JSON.parse(body) as { detail: unknown }).detail)).toEqual([{ n: 2 }]);
  await tap.close();
  const { Rules = [] } = await clients.eventBridge.send(new ListRulesCommand({ EventBusName }));
  expect(Rules).toEqual([]);
  const { QueueUrls = [] } = await clients.sqs.send(
    new ListQueuesCommand({ QueueNamePrefix: 'forebay-test' }),
  );
  expect(QueueUrls).toEqual([]);
  await tap.close();
}, 60_000);

test('a server that is stopped is gone, with its functions and temporary files', async () => {
  const own = mkdtempSync(join(tmpdir(), 'forebay-server-'));
  const other = await startServer({ home: own, venv: homeFrom(process.env).venv, auth: false });
  expect(other.port).not.toBe(server.port);
  await other.stop();
  expect(isAlive(other.pid)).toBe(false);
  expect(await isHealthy(other.endpoint, other.env.NODE_EXTRA_CA_CERTS ?? '')).toBe(false);
  rmSync(own, { recursive: true, force: true });
}, 60_000);
