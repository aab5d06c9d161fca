import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { environment, type WriteMessage } from './contract.ts';
import { writeLakeDeps } from './deps.ts';
import { receiveBatch, writeLake } from './write-lake.ts';

interface Work {
  message: WriteMessage;
  receive: number;
}

const deps = lazily(() => writeLakeDeps(readEnvironment(environment)));

const fields = ({ message }: Work) => ({ ...runFields(message), shard: message.shard.n });
const write = handle('write-lake', fields, ({ message, receive }: Work) =>
  writeLake(deps(), message, receive),
);

export const handler = (event: SQSEvent): Promise<SQSBatchResponse> => {
  const received = event.Records.map(({ messageId, body, attributes }) => ({
    id: messageId,
    body,
    receive: Number(attributes.ApproximateReceiveCount),
  }));
  return receiveBatch(deps, received, write);
};
