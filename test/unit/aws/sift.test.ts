import { LambdaClient } from '@aws-sdk/client-lambda';
import { CreateStateMachineCommand, DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliver, deliveryTo } from '../../../aws/deliver.ts';
import { peek } from '../../../aws/peek.ts';
import { sift } from '../../../aws/sift.ts';
import { redeliveredRunId } from '../../../core/failure.ts';
import { startCloud, type TestCloud } from '../../support/ministack.ts';

let cloud: TestCloud;
let sqs: SQSClient;
beforeAll(async () => {
  cloud = await startCloud({ auth: false });
  sqs = new SQSClient(cloud.client);
}, 60_000);
afterAll(() => cloud?.stop());

async function queueOf(name: string, bodies: readonly string[], attributes = {}): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
  );
  for (let from = 0; from < bodies.length; from += 10) {
    const Entries = bodies.slice(from, from + 10).map((MessageBody, i) => ({ Id: String(i), MessageBody }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  return QueueUrl;
}

const bodiesIn = async (url: string): Promise<string[]> =>
  (await peek(sqs, url)).messages.map(({ body }) => body).sort();

test('of a queue the chosen messages are taken out, all others are there again at once', async () => {
  const bodies = Array.from({ length: 25 }, (_, i) => String(i).padStart(2, '0'));
  const url = await queueOf('chosen', bodies);
  const asked: string[] = [];
  const { taken, left } = await sift(sqs, url, async ({ body }) => {
    asked.push(body);
    return Number(body) % 2 === 0;
  });
  expect([taken.length, left]).toEqual([13, 12]);
  expect(asked.sort()).toEqual(bodies);
  expect(await bodiesIn(url)).toEqual(bodies.filter((body) => Number(body) % 2 === 1));
});

test('F36 of two that sift a queue at the same time each message is at the hands of one', async () => {
  const url = await queueOf('two', ['a', 'b', 'c']);
  const seen: string[] = [];
  let second: Promise<unknown> | undefined;
  await sift(sqs, url, async ({ body }) => {
    seen.push(body);
    second ??= sift(sqs, url, async (message) => seen.push(message.body) > 0);
    await second;
    return true;
  });
  expect(seen.sort()).toEqual(['a', 'b', 'c']);
  expect(await bodiesIn(url)).toEqual([]);
});

test('where choosing fails, all that was not taken is there again', async () => {
  const url = await queueOf('failing', ['a', 'b']);
  await expect(sift(sqs, url, async () => Promise.reject(new Error('no answer')))).rejects.toThrow(
    'no answer',
  );
  expect(await bodiesIn(url)).toEqual(['a', 'b']);
});

test('a message that SQS moved says from where', async () => {
  const dead = await queueOf('dead', []);
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ['QueueArn'] }),
  );
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 1 });
  const source = await queueOf('source', ['x'], { RedrivePolicy, VisibilityTimeout: '0' });
  for (let i = 0; i < 3; i++)
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: source, VisibilityTimeout: 0 }));
  const { messages } = await peek(sqs, dead);
  expect(messages).toMatchObject([{ body: 'x', movedFrom: expect.stringMatching(/:source$/) }]);
});

const clients = () => ({ sqs, sfn: new SFNClient(cloud.client), lambda: new LambdaClient(cloud.client) });

test('F15 a start that was not delivered is delivered under a name of its message: twice is once', async () => {
  const { sfn } = clients();
  const { stateMachineArn: target = '' } = await sfn.send(
    new CreateStateMachineCommand({
      ...{ name: 'redelivered', roleArn: 'arn:aws:iam::000000000000:role/x' },
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
    }),
  );
  const delivery = { messageId: 'm1', target, body: '{"slice":"2026-03-01"}', attributes: {} };
  expect(await deliver(clients(), delivery)).toContain('started execution');
  expect(await deliver(clients(), delivery)).toContain('was started before');
  const executionArn = `${target.replace(':stateMachine:', ':execution:')}:${redeliveredRunId('m1')}`;
  expect(await sfn.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
    input: delivery.body,
  });
});

test('what a queue gave up goes back to it, with its attributes', async () => {
  const url = await queueOf('taking', []);
  const target = 'arn:aws:sqs:eu-west-1:000000000000:taking';
  await deliver(clients(), { messageId: 'm1', target, body: 'text', attributes: { KIND: 'file' } });
  expect((await peek(sqs, url)).messages).toMatchObject([{ body: 'text', attributes: { KIND: 'file' } }]);
});

test.each([
  [{}, 'took it'],
  [{ FunctionError: 'Unhandled' }, null],
])('a function is waited for: of %j it is', async (answer, said) => {
  const lambda = new LambdaClient(cloud.client);
  const calls: unknown[] = [];
  lambda.middlewareStack.add(
    () => async (args) => {
      calls.push(args.input);
      return { response: {}, output: { $metadata: {}, ...answer } } as never;
    },
    { step: 'initialize' },
  );
  const target = 'arn:aws:lambda:eu-west-1:000000000000:function:sweep';
  const delivered = deliver({ ...clients(), lambda }, { messageId: 'm', target, body: '{}', attributes: {} });
  if (said === null) await expect(delivered).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  else expect(await delivered).toContain(said);
  expect(calls).toMatchObject([{ FunctionName: target, InvocationType: 'RequestResponse' }]);
});

test('a target of another kind is told to be unknown, and nothing is sent', async () => {
  expect(deliveryTo('arn:aws:kinesis:eu-west-1:000000000000:stream/x')).toBeNull();
  const delivery = { messageId: 'm', target: '', body: '', attributes: {} };
  await expect(deliver(clients(), delivery)).rejects.toMatchObject({ name: 'MessageInvalid' });
});
