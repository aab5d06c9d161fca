import {
  type CloudFormationClient,
  DescribeStacksCommand,
  type Output,
  paginateDescribeStacks,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { translate } from './errors.ts';

/** A stack's outputs by name; `null`: there is no such stack. */
export async function stackOutputs(
  client: CloudFormationClient,
  name: string,
): Promise<Record<string, string> | null> {
  try {
    const found = await client.send(new DescribeStacksCommand({ StackName: name }));
    return outputsByName(found.Stacks?.[0]?.Outputs ?? []);
  } catch (error) {
    if (/does not exist/.test((error as Error).message)) return null;
    return translate(error);
  }
}

/** The outputs of all stacks whose name begins so, by the stack's name: a call a page, however many there are. */
export async function outputsOfStacks(
  client: CloudFormationClient,
  prefix: string,
): Promise<Map<string, Record<string, string>>> {
  const found = new Map<string, Record<string, string>>();
  try {
    for await (const { Stacks = [] } of paginateDescribeStacks({ client }, {})) {
      for (const { StackName = '', StackStatus, Outputs = [] } of Stacks) {
        if (!StackName.startsWith(prefix) || StackStatus === 'DELETE_COMPLETE') continue;
        found.set(StackName, outputsByName(Outputs));
      }
    }
    return found;
  } catch (error) {
    return translate(error);
  }
}

/** The log groups of a stack whose logical ids begin so: who made them gave them their names. */
export async function logGroupsOf(
  client: CloudFormationClient,
  stack: string,
  idPrefix = '',
): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const page of paginateListStackResources({ client }, { StackName: stack })) {
      for (const { ResourceType, LogicalResourceId, PhysicalResourceId } of page.StackResourceSummaries ??
        []) {
        if (ResourceType === 'AWS::Logs::LogGroup' && LogicalResourceId?.startsWith(idPrefix))
          names.push(PhysicalResourceId ?? '');
      }
    }
    return names;
  } catch (error) {
    return translate(error);
  }
}

const outputsByName = (outputs: readonly Output[]): Record<string, string> =>
  Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
