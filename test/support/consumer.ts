/** A consumer of completion events, as anybody would build one: a rule on the bus, and a queue behind it. */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Cloud } from './cloud.ts';

/** Milliseconds: a chain of cold functions on a busy machine takes half a minute. */
const patience = 120_000;

export interface Delivered {
  source: string;
  'detail-type': string;
  detail: { metadata: Record<string, unknown>; data: Record<string, unknown> };
}

/** Settings of a client of the test's cloud; its authority is not the test process's own. */
export const clientOf = ({ env, authority }: Cloud) => ({
  endpoint: env.AWS_ENDPOINT_URL ?? '',
  region: env.AWS_REGION ?? '',
  credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '' },
  requestHandler: { httpsAgent: new Agent({ ca: authority }) },
});

/** Gives the function that waits for the next event for which `wanted` holds. No two of its calls go on together. */
export async function consume(cloud: Cloud, busName: string) {
  const [sqs, events] = [new SQSClient(clientOf(cloud)), new EventBridgeClient(clientOf(cloud))];
  const name = `consumer-${randomUUID()}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const attributes = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const arn = attributes.Attributes?.QueueArn ?? '';
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: arn,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const EventPattern = JSON.stringify({ source: ['forebay'] });
  await events.send(new PutRuleCommand({ Name: name, EventBusName: busName, EventPattern }));
  await events.send(
    new PutTargetsCommand({ Rule: name, EventBusName: busName, Targets: [{ Id: 'queue', Arn: arn }] }),
  );

  // What came together with a wanted event, and is no answer yet.
  const received: Delivered[] = [];
  return async (wanted: (event: Delivered) => boolean): Promise<Delivered> => {
    for (const end = Date.now() + patience; Date.now() < end; ) {
      for (let event = received.shift(); event !== undefined; event = received.shift())
        if (wanted(event)) return event;
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, MaxNumberOfMessages: 10 }),
      );
      for (const { Body = '', ReceiptHandle } of Messages) {
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        received.push(JSON.parse(Body) as Delivered);
      }
    }
    throw new Error(`no such event arrived within ${patience / 1000} s`);
  };
}
