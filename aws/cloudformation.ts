import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { translate } from './errors.ts';

/** A stack's outputs by name; `null`: there is no such stack. */
export async function stackOutputs(
  client: CloudFormationClient,
  name: string,
): Promise<Record<string, string> | null> {
  try {
    const found = await client.send(new DescribeStacksCommand({ StackName: name }));
    const outputs = found.Stacks?.[0]?.Outputs ?? [];
    return Object.fromEntries(
      outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    if (/does not exist/.test((error as Error).message)) return null;
    return translate(error);
  }
}
