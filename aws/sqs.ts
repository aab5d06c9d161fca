import { setTimeout as sleep } from 'node:timers/promises';
import {
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { mapAtOnce } from '../core/at-once.ts';
import { ForebayError } from '../core/errors.ts';
import { translate } from './errors.ts';
import type { Queue } from './interfaces.ts';

/** SendMessageBatch takes this many messages in a call, 256 KiB together. */
const messagesPerCall = 10;
const callsAtOnce = 8;
const attempts = 5;

export function queue(client: SQSClient): Queue {
  return {
    send: async (queueUrl, json, delaySeconds) => {
      const message = { QueueUrl: queueUrl, MessageBody: bodyOf(json), DelaySeconds: delaySeconds };
      await client.send(new SendMessageCommand(message)).catch(translate);
    },
    sendAll: async (queueUrl, jsons) => {
      const entries = jsons.map((json, i) => ({ Id: String(i), MessageBody: bodyOf(json) }));
      const calls = Array.from({ length: Math.ceil(entries.length / messagesPerCall) }, (_, i) =>
        entries.slice(i * messagesPerCall, (i + 1) * messagesPerCall),
      );
      await mapAtOnce(calls, callsAtOnce, (call) => sendCall(client, queueUrl, call));
    },
  };
}

/** A call may fail in part: only the messages that failed are sent again. */
async function sendCall(
  client: SQSClient,
  queueUrl: string,
  entries: SendMessageBatchRequestEntry[],
): Promise<void> {
  let left = entries;
  let code = '';
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await sleep(Math.random() * 100 * 2 ** attempt);
    const call = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: left });
    const { Failed = [] } = await client.send(call).catch(translate);
    const failed = new Set(Failed.map(({ Id }) => Id));
    code = Failed[0]?.Code ?? '';
    left = left.filter(({ Id }) => failed.has(Id));
    if (left.length === 0) return;
  }
  const what = `${left.length} of ${entries.length} messages were not taken (${code})`;
  throw new ForebayError('ServiceUnavailable', what);
}

const bodyOf = (json: string): string => json.replace(/[\uFFFE\uFFFF]/g, escaped);

/** A message holds XML 1.0 characters only. JSON's text escapes all others but these two by itself. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16)}`;
