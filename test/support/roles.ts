/**
 * The roles of a deployed app's functions, to be taken by a test. A role trusts its service alone, so the test lets
 * the account trust it, too: that changes who may take the role, and nothing of what it may do.
 */
import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { GetRoleCommand, IAMClient, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Cloud } from './cloud.ts';
import { clientOf } from './consumer.ts';

export type Settings = ReturnType<typeof clientOf>;

/** Physical ids of a stack's resources, by logical id. */
export async function resourcesOf(settings: Settings, stack: string): Promise<Map<string, string>> {
  const client = new CloudFormationClient(settings);
  const found = new Map<string, string>();
  for await (const page of paginateListStackResources({ client }, { StackName: stack })) {
    for (const { LogicalResourceId = '', PhysicalResourceId = '' } of page.StackResourceSummaries ?? [])
      found.set(LogicalResourceId, PhysicalResourceId);
  }
  return found;
}

/** The physical id of the one resource whose logical id is this and CDK's hash. */
export function physical(resources: Map<string, string>, id: string): string {
  const found = [...resources].filter(([logical]) => new RegExp(`^${id}[0-9A-F]{8}$`).test(logical));
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} resources are called ${id}`);
  return only[1];
}

/** Client settings with a session of the role. */
export async function sessionOf(cloud: Cloud, roleName: string): Promise<Settings> {
  const settings = clientOf(cloud);
  const iam = new IAMClient(settings);
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: roleName }));
  const trust = JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')) as {
    Statement: object[];
  };
  const account = (Role?.Arn ?? '').split(':')[4];
  const tester = {
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
  };
  const PolicyDocument = JSON.stringify({ ...trust, Statement: [...trust.Statement, tester] });
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: roleName, PolicyDocument }));
  const sts = new STSClient(settings);
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'least-privilege' }),
  );
  const session = {
    ...settings,
    credentials: {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    },
  };
  const { Arn = '' } = await new STSClient(session).send(new GetCallerIdentityCommand({}));
  if (!Arn.includes(`assumed-role/${roleName}/`))
    throw new Error(`the session is ${Arn}, not one of ${roleName}`);
  return session;
}
