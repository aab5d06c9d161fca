import { type Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Variable } from '../tasks/environment.ts';
import { acknowledge, acknowledgeArns } from './acknowledge.ts';
import type { Config } from './config.ts';

export interface TaskProps<V extends Variable> {
  config: Config;
  /** Folder of the bundle. */
  bundle: string;
  /** Exactly what the task's contract says that its handler reads. */
  environment: Record<V, string>;
  timeout: Duration;
  memoryMiB: number;
  temporaryMiB?: number;
  layers?: lambda.ILayerVersion[];
}

/** One task: its function, with a role and a log of its own. It may do only what is granted to it. */
export class Task<V extends Variable = Variable> extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: TaskProps<V>) {
    super(scope, id);
    const { config } = props;
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: config.retention.logs,
      removalPolicy: config.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    logGroup.grantWrite(this.role);
    this.function = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.NODEJS_22_X,
      architecture: config.architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(props.bundle),
      environment: { ...props.environment },
      timeout: props.timeout,
      memorySize: props.memoryMiB,
      ephemeralStorageSize: Size.mebibytes(props.temporaryMiB ?? 512),
      layers: props.layers ?? [],
      role: this.role,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      tracing: lambda.Tracing.ACTIVE,
      // A running execution calls the version that it was started with, also behind a deploy of another.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    acknowledgeArns(this.role, 'X-Ray knows no resources: AWS allows to send traces to all or none.', ['*']);
    acknowledge(
      this.function,
      'L1',
      'Node 22 is in long-term support. The runtime moves when we have tested on the next, not when one comes out.',
    );
  }

  /** The published version, which a state machine calls. */
  get version(): lambda.Version {
    return this.function.currentVersion;
  }

  allow(actions: string[], resources: string[], conditions: Record<string, unknown> = {}): void {
    this.role.addToPolicy(new iam.PolicyStatement({ actions, resources, conditions }));
  }

  /** For resources that have no name yet when the app is deployed. The reason says why it is these and no fewer. */
  allowBelow(
    reason: string,
    actions: string[],
    resources: string[],
    conditions: Record<string, unknown> = {},
  ): void {
    this.allow(actions, resources, conditions);
    acknowledgeArns(this.role, reason, resources);
  }
}
