import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { translate } from './errors.ts';
import type { Queue } from './interfaces.ts';

export function queue(client: SQSClient): Queue {
  return {
    send: async (queueUrl, json, delaySeconds) => {
      const MessageBody = json.replace(/[\uFFFE\uFFFF]/g, escaped);
      const message = { QueueUrl: queueUrl, MessageBody, DelaySeconds: delaySeconds };
      await client.send(new SendMessageCommand(message)).catch(translate);
    },
  };
}

/** A message holds XML 1.0 characters only. JSON's text escapes all others but these two by itself. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16)}`;
