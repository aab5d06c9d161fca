import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { translate } from './errors.ts';

/** ARN of whoever makes the calls. */
export async function callerOf(client: STSClient): Promise<string> {
  const { Arn } = await client.send(new GetCallerIdentityCommand({})).catch(translate);
  return Arn ?? 'unknown';
}
