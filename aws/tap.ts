/** A temporary queue and rule on the bus, for somebody who wants to see events as they come. */
import {
  DeleteRuleCommand,
  type EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

export interface Tap {
  /** The events (EventBridge's whole JSON) that came within a few seconds; none where none did. */
  receive(waitSeconds: number, signal?: AbortSignal): Promise<string[]>;
  /** Removes rule and queue; what is gone already is no error. */
  close(): Promise<void>;
}

/** `name`: of the queue and of the rule; both are removed again by `close`. */
export async function openTap(
  clients: { sqs: SQSClient; eventBridge: EventBridgeClient },
  bus: { name: string; source: string },
  name: string,
): Promise<Tap> {
  const { sqs, eventBridge } = clients;
  const created = await sqs.send(
    new CreateQueueCommand({
      QueueName: name,
      Attributes: { MessageRetentionPeriod: '3600', SqsManagedSseEnabled: 'true' },
      tags: { 'forebay:temporary': 'events tail' },
    }),
  );
  const queueUrl = created.QueueUrl ?? '';
  const close = () => removeTap(clients, bus.name, name, queueUrl);
  try {
    await connect(eventBridge, sqs, { bus, name, queueUrl });
  } catch (error) {
    await close();
    throw error;
  }
  return { receive: (wait, signal) => receive(sqs, queueUrl, wait, signal), close };
}

async function connect(
  eventBridge: EventBridgeClient,
  sqs: SQSClient,
  tap: { bus: { name: string; source: string }; name: string; queueUrl: string },
): Promise<void> {
  const { bus, name, queueUrl } = tap;
  const asked = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
  );
  const queueArn = asked.Attributes?.QueueArn ?? '';
  const EventPattern = JSON.stringify({ source: [bus.source] });
  const rule = await eventBridge.send(
    new PutRuleCommand({ Name: name, EventBusName: bus.name, EventPattern, State: 'ENABLED' }),
  );
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queueArn,
    Condition: { ArnEquals: { 'aws:SourceArn': rule.RuleArn } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { Policy } }));
  const put = await eventBridge.send(
    new PutTargetsCommand({ Rule: name, EventBusName: bus.name, Targets: [{ Id: 'tail', Arn: queueArn }] }),
  );
  const refused = put.FailedEntries?.[0];
  if (refused !== undefined)
    throw new Error(`the bus refused the queue: ${refused.ErrorCode} ${refused.ErrorMessage}`);
}

async function receive(
  sqs: SQSClient,
  queueUrl: string,
  waitSeconds: number,
  signal?: AbortSignal,
): Promise<string[]> {
  const answer = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: waitSeconds,
    }),
    signal === undefined ? {} : { abortSignal: signal },
  );
  const messages = answer.Messages ?? [];
  if (messages.length > 0) {
    const Entries = messages.map((message, i) => ({
      Id: String(i),
      ReceiptHandle: message.ReceiptHandle ?? '',
    }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
  return messages.map((message) => message.Body ?? '');
}

async function removeTap(
  clients: { sqs: SQSClient; eventBridge: EventBridgeClient },
  busName: string,
  name: string,
  queueUrl: string,
): Promise<void> {
  // Each on its own: a tap that was only half made is removed as far as it is there.
  const steps = [
    () =>
      clients.eventBridge.send(
        new RemoveTargetsCommand({ Rule: name, EventBusName: busName, Ids: ['tail'] }),
      ),
    () => clients.eventBridge.send(new DeleteRuleCommand({ Name: name, EventBusName: busName })),
    () => clients.sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl })),
  ];
  const failed: unknown[] = [];
  for (const step of steps) {
    await step().catch((error: Error) => {
      if (!/NotFound|NonExistent|DoesNotExist/.test(error.name)) failed.push(error);
    });
  }
  if (failed.length > 0) throw failed[0];
}
