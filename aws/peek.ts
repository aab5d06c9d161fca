/** Looks into a queue without taking anything out of it. */
import { GetQueueAttributesCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

export interface PeekedMessage {
  id: string;
  body: string;
  /** ISO 8601. */
  sentAt: string | null;
  receives: number;
  /** EventBridge's and Scheduler's reasons, among others: `ERROR_CODE`, `ERROR_MESSAGE`, `RULE_ARN` … */
  attributes: Record<string, string>;
}

export interface PeekedQueue {
  /** As SQS counts them: approximate, and behind by up to a minute. */
  approximateMessages: number;
  /** A sample: SQS gives no list. */
  messages: PeekedMessage[];
}

/**
 * The messages stay visible for everybody (a visibility timeout of 0), so that each is seen again and again:
 * looking ends after two rounds that bring nothing new. No queue that is looked into has a redrive policy of its
 * own, so the receives that this costs move nothing.
 */
export async function peek(client: SQSClient, queueUrl: string, limit = 100): Promise<PeekedQueue> {
  const asked = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  const seen = new Map<string, PeekedMessage>();
  for (let idle = 0; idle < 2 && seen.size < limit; ) {
    const messages = await look(client, queueUrl);
    const before = seen.size;
    for (const message of messages) if (seen.size < limit) seen.set(message.id, message);
    idle = seen.size === before ? idle + 1 : 0;
  }
  const messages = [...seen.values()].sort((a, b) => (a.sentAt ?? '').localeCompare(b.sentAt ?? ''));
  return { approximateMessages: Number(asked.Attributes?.ApproximateNumberOfMessages ?? 0), messages };
}

async function look(client: SQSClient, queueUrl: string): Promise<PeekedMessage[]> {
  const answer = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 0,
      WaitTimeSeconds: 1,
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
      MessageAttributeNames: ['All'],
    }),
  );
  return (answer.Messages ?? []).map((message) => ({
    id: message.MessageId ?? '',
    body: message.Body ?? '',
    sentAt: message.Attributes?.SentTimestamp
      ? new Date(Number(message.Attributes.SentTimestamp)).toISOString()
      : null,
    receives: Number(message.Attributes?.ApproximateReceiveCount ?? 0),
    attributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue }]) => [
        name,
        StringValue ?? '',
      ]),
    ),
  }));
}
