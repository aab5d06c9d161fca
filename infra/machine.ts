import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import type { SharedStack } from './stacks/shared.ts';

export interface MachineProps {
  name: string;
  definition: sfn.IChainable;
  timeout: Duration;
}

/** A state machine of ours: traced, and with a log of what fails that holds no data. */
export function machine(
  scope: Construct,
  id: string,
  shared: SharedStack,
  { name, definition, timeout }: MachineProps,
): sfn.StateMachine {
  const { config } = shared;
  const made = new sfn.StateMachine(scope, id, {
    stateMachineName: name,
    definitionBody: sfn.DefinitionBody.fromChainable(definition),
    timeout,
    tracingEnabled: true,
    logs: {
      destination: new logs.LogGroup(scope, `${id}Log`, {
        logGroupName: `/aws/vendedlogs/states/${name}`,
        retention: config.retention.logs,
        removalPolicy: config.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      }),
      level: sfn.LogLevel.ERROR,
      includeExecutionData: false,
    },
  });
  explain(made, shared);
  // CDK lets the ItemReader read the bucket, but not its key.
  shared.zones.ops.key.grantDecrypt(made);
  return made;
}

/** What cdk-nag asks about a machine, and why it is so. */
function explain(of: sfn.StateMachine, { partition, region, account }: SharedStack): void {
  acknowledge(
    of,
    'SF1',
    'A STANDARD execution keeps each of its events for 90 days; the log is for what failed, and holds no data.',
  );
  const reasons: Array<[pattern: (resource: string) => boolean, reason: string]> = [
    [
      (resource) => resource === '*',
      'Log delivery and X-Ray know no resources: AWS allows them all or none.',
    ],
    [
      (resource) => /\/staging\/[a-z0-9-]+\/\*$/.test(resource),
      "The listings of this job's runs, whose names are not known before they run.",
    ],
    [
      (resource) => resource.startsWith(`arn:${partition}:states:${region}:${account}:execution:`),
      "Executions of its own Maps, as AWS asks it of a machine with a Distributed Map; of a backfill, also its job's.",
    ],
  ];
  for (const [covers, reason] of reasons) acknowledgeWildcards(of, reason, covers);
}
