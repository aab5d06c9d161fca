/** Delivers again what EventBridge, Scheduler or SQS gave up, by the ARN of its target. */
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetQueueUrlCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { ForebayError } from '../core/errors.ts';
import { redeliveredRunId } from '../core/failure.ts';
import { isNamed, translate } from './errors.ts';

export interface DeliveryClients {
  lambda: LambdaClient;
  sfn: SFNClient;
  sqs: SQSClient;
}

export interface Delivery {
  /** Of the message that waits in the DLQ. */
  messageId: string;
  target: string;
  body: string;
  attributes: Record<string, string>;
}

/** How a target takes it. `null`: it is of a kind that this does not know. */
export function deliveryTo(target: string): 'execution' | 'function' | 'queue' | null {
  const [, , service, , , kind] = target.split(':');
  if (service === 'states' && kind === 'stateMachine') return 'execution';
  if (service === 'lambda' && kind === 'function') return 'function';
  return service === 'sqs' ? 'queue' : null;
}

/** Says what it did, and throws where the target did not take it. */
export async function deliver(clients: DeliveryClients, delivery: Delivery): Promise<string> {
  const kind = deliveryTo(delivery.target);
  if (kind === 'execution') return startExecution(clients.sfn, delivery);
  if (kind === 'function') return invoke(clients.lambda, delivery);
  if (kind === 'queue') return send(clients.sqs, delivery);
  throw new ForebayError(
    'MessageInvalid',
    `nothing is known of how to deliver to '${delivery.target}'; do by hand what it asks for, then discard it`,
  );
}

/** By a name that the message gives: delivered twice, it starts once. */
async function startExecution(client: SFNClient, { target, messageId, body }: Delivery): Promise<string> {
  const name = redeliveredRunId(messageId);
  try {
    await client.send(new StartExecutionCommand({ stateMachineArn: target, name, input: body }));
    return `started execution ${name}`;
  } catch (error) {
    if (isNamed(error, 'ExecutionAlreadyExists')) return `execution ${name} was started before`;
    return translate(error);
  }
}

/** Waits for the answer: what fails behind an asynchronous call would be lost. */
async function invoke(client: LambdaClient, { target, body }: Delivery): Promise<string> {
  const answer = await client
    .send(
      new InvokeCommand({
        FunctionName: target,
        InvocationType: 'RequestResponse',
        Payload: Buffer.from(body),
      }),
    )
    .catch(translate);
  if (answer.FunctionError === undefined) return 'the function took it';
  throw new ForebayError(
    'ServiceUnavailable',
    `the function ended with an error (${answer.FunctionError}); see its log`,
  );
}

async function send(client: SQSClient, { target, body, attributes }: Delivery): Promise<string> {
  const [, , , , account, name] = target.split(':');
  const { QueueUrl } = await client
    .send(new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }))
    .catch(translate);
  const texts = Object.entries(attributes).map(([key, StringValue]) => [
    key,
    { DataType: 'String', StringValue },
  ]);
  const MessageAttributes = Object.fromEntries(texts);
  await client
    .send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes }))
    .catch(translate);
  return `sent to ${name}`;
}
