/** What a test asks of the deployed app beside its commands: outputs of stacks, and the sweeper at once. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { InvokeCommand, type LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { expect } from 'vitest';
import { stackOutputs } from '../../aws/cloudformation.ts';
import { type Outputs, sharedStackName } from '../../core/outputs.ts';
import type { Settings } from './roles.ts';

/** A stack that is not there fails the test. */
export async function outputsOf(settings: Settings, stack: string): Promise<Record<string, string>> {
  const outputs = await stackOutputs(new CloudFormationClient(settings), stack);
  return outputs ?? expect.fail(`there is no stack ${stack}`);
}

/** Those of what all jobs share. */
export const sharedOutputs = async (settings: Settings): Promise<Outputs> =>
  (await outputsOf(settings, sharedStackName('local'))) as Outputs;

export async function sweeperOf(lambda: LambdaClient): Promise<string> {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  return Functions.find(({ FunctionName = '' }) => /Sweep/.test(FunctionName))?.FunctionName ?? '';
}

/** The schedule's call, made now. */
export async function sweepNow(lambda: LambdaClient): Promise<Record<string, number>> {
  const { Payload, FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: await sweeperOf(lambda), Payload: JSON.stringify({ sweep: 'all' }) }),
  );
  const answer = Buffer.from(Payload ?? []).toString('utf8');
  expect(FunctionError, answer).toBeUndefined();
  return JSON.parse(answer) as Record<string, number>;
}
