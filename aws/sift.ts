/** Takes chosen messages out of a queue, and leaves all others in it. */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  type DeleteMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { ForebayError } from '../core/errors.ts';
import { translate } from './errors.ts';
import { look, type PeekedMessage, putBack, type Seen } from './peek.ts';

/**
 * Whether the message is done with and may go. `hold`: keeps it hidden for longer, for who needs longer than a look
 * takes.
 */
export type Takes = (message: PeekedMessage, hold: (seconds: number) => Promise<void>) => Promise<boolean>;

/**
 * Longer than a look through thousands of messages takes: what was seen comes again only behind it. Where this process
 * dies, what it had at hand comes back by itself.
 */
const hiddenSeconds = 120;

/**
 * One look through the queue. SQS gives a message to one caller at a time: of two that sift at once each has the
 * messages that the other has not. A message is deleted by the receipt of this very look, and only behind `takes`.
 */
export async function sift(
  client: SQSClient,
  queueUrl: string,
  takes: Takes,
): Promise<{ taken: string[]; left: number }> {
  const taken = new Set<string>();
  const left = new Map<string, Seen>();
  try {
    for (let more = true; more; ) {
      const found = await look(client, queueUrl, hiddenSeconds);
      const fresh = found.filter(({ message }) => !left.has(message.id) && !taken.has(message.id));
      for (const seen of found) left.set(seen.message.id, seen);
      const done = await chosen(client, queueUrl, fresh, takes);
      await remove(client, queueUrl, done);
      for (const { message } of done) {
        taken.add(message.id);
        left.delete(message.id);
      }
      // Where only known ones come, the look has gone round.
      more = fresh.length > 0;
    }
  } finally {
    await putBack(client, queueUrl, [...left.values()]);
  }
  return { taken: [...taken], left: left.size };
}

async function chosen(client: SQSClient, queueUrl: string, found: Seen[], takes: Takes): Promise<Seen[]> {
  const answers = await Promise.all(
    found.map(({ message, receipt }) =>
      takes(message, async (seconds) => {
        await client.send(
          new ChangeMessageVisibilityCommand({
            ...{ QueueUrl: queueUrl, ReceiptHandle: receipt, VisibilityTimeout: seconds },
          }),
        );
      }),
    ),
  );
  return found.filter((_, i) => answers[i]);
}

/** A call may fail in part: what it did not delete would look as if it were still to be done. */
async function remove(client: SQSClient, queueUrl: string, done: readonly Seen[]): Promise<void> {
  if (done.length === 0) return;
  const Entries = done.map(
    ({ receipt }, i): DeleteMessageBatchRequestEntry => ({
      ...{ Id: String(i), ReceiptHandle: receipt },
    }),
  );
  const { Failed = [] } = await client
    .send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }))
    .catch(translate);
  if (Failed.length === 0) return;
  const what = `${Failed.length} of ${done.length} messages were not deleted (${Failed[0]?.Code})`;
  throw new ForebayError('ServiceUnavailable', `${what}; run the command again, it does nothing twice`);
}
