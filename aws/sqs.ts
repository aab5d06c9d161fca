import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { translate } from './errors.ts';
import type { Queue } from './interfaces.ts';

export function queue(client: SQSClient): Queue {
  return {
    send: async (queueUrl, body) => {
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body })).catch(translate);
    },
  };
}
