/** Looks into a queue without taking anything out of it. */
import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

export interface PeekedMessage {
  id: string;
  body: string;
  /** ISO 8601. */
  sentAt: string | null;
  receives: number;
  /** ARN of the queue that SQS moved it from; `null`: who sent it here was no queue. */
  movedFrom: string | null;
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
 * SQS shows nothing twice while it is hidden, so what was seen is hidden until the look is over, and then put back
 * at once; where this process dies, it comes back by itself after half a minute. No queue that is looked into has
 * a redrive policy of its own, so the receives that this costs move nothing.
 */
export async function peek(client: SQSClient, queueUrl: string, limit = 100): Promise<PeekedQueue> {
  const approximateMessages = await depthOf(client, queueUrl);
  const seen: Seen[] = [];
  try {
    for (let more = true; more && seen.length < limit; ) {
      const found = await look(client, queueUrl);
      seen.push(...found);
      more = found.length > 0;
    }
  } finally {
    await putBack(client, queueUrl, seen);
  }
  const messages = seen.map(({ message }) => message);
  return {
    approximateMessages,
    messages: messages.sort((a, b) => (a.sentAt ?? '').localeCompare(b.sentAt ?? '')),
  };
}

/** How many messages a queue has, as SQS counts them: nothing is received for it. */
export async function depthOf(client: SQSClient, queueUrl: string): Promise<number> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
}

export interface Seen {
  message: PeekedMessage;
  receipt: string;
}

const hiddenSeconds = 30;
const waitSeconds = 1;

export async function putBack(client: SQSClient, queueUrl: string, seen: readonly Seen[]): Promise<void> {
  for (let from = 0; from < seen.length; from += 10) {
    const Entries = seen.slice(from, from + 10).map(({ receipt }, i) => ({
      ...{ Id: String(i), ReceiptHandle: receipt, VisibilityTimeout: 0 },
    }));
    await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

/** The next messages, at most ten, hidden from everybody else for so long. */
export async function look(client: SQSClient, queueUrl: string, hidden = hiddenSeconds): Promise<Seen[]> {
  const answer = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: hidden,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount', 'DeadLetterQueueSourceArn'],
      MessageAttributeNames: ['All'],
    }),
  );
  return (answer.Messages ?? []).map((message) => ({
    receipt: message.ReceiptHandle ?? '',
    message: peeked(message),
  }));
}

function peeked(message: Message): PeekedMessage {
  const { SentTimestamp, ApproximateReceiveCount, DeadLetterQueueSourceArn } = message.Attributes ?? {};
  return {
    id: message.MessageId ?? '',
    body: message.Body ?? '',
    sentAt: SentTimestamp ? new Date(Number(SentTimestamp)).toISOString() : null,
    receives: Number(ApproximateReceiveCount ?? 0),
    movedFrom: DeadLetterQueueSourceArn ?? null,
    attributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue }]) => [
        name,
        StringValue ?? '',
      ]),
    ),
  };
}
