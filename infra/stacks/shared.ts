import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as glue from 'aws-cdk-lib/aws-glue';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Outputs } from '../../core/outputs.ts';
import { alarmTopic } from '../alarm-topic.ts';
import type { Config } from '../config.ts';
import { eventSchemas } from '../event-schemas.ts';
import { builtLayer } from '../layer.ts';
import { LedgerTables } from '../ledger-tables.ts';
import { databaseName, secretsPath, stateMachineArnPrefix } from '../names.ts';
import { privacyKey } from '../privacy.ts';
import { deadLetterQueue } from '../queues.ts';
import { hasSchemaRegistry } from '../quirks.ts';
import { SharedAlarms } from '../shared-alarms.ts';
import { SweepTask } from '../sweep.ts';
import { WatchTask } from '../watch.ts';
import { Zones } from '../zones.ts';

/** What all jobs of a stage share: zones, ledger, bus, DLQs, Glue database, sweeper. */
export class SharedStack extends Stack {
  readonly zones: Zones;
  readonly ledger: LedgerTables;
  readonly bus: events.EventBus;
  readonly jobDlq: sqs.Queue;
  readonly deliveryDlq: sqs.Queue;
  readonly database: string;
  readonly duckdb: lambda.LayerVersion;
  readonly alarmTopic: sns.Topic;
  /** Told of each job by a schedule in the job's own stack. */
  readonly watch: WatchTask;
  /** Wraps the data keys of encrypted columns. */
  readonly privacyKey: kms.Key;

  constructor(
    scope: Construct,
    id: string,
    readonly config: Config,
    bundles: Map<string, string>,
    props: StackProps,
  ) {
    super(scope, id, props);
    this.zones = new Zones(this, 'Zones', config);
    this.ledger = new LedgerTables(this, 'Ledger', config);
    this.privacyKey = privacyKey(this, config);
    this.jobDlq = deadLetterQueue(this, 'JobDlq');
    this.deliveryDlq = deadLetterQueue(this, 'DeliveryDlq');
    this.bus = new events.EventBus(this, 'Bus', { eventBusName: `forebay-${config.stage}` });
    this.database = databaseName(config);
    new glue.CfnDatabase(this, 'GlueDatabase', {
      catalogId: this.account,
      databaseInput: {
        name: this.database,
        description: `Forebay's transformed zone, stage ${config.stage}`,
      },
    });
    this.duckdb = new lambda.LayerVersion(this, 'DuckDB', {
      code: lambda.Code.fromAsset(builtLayer(config.architecture)),
      description: 'DuckDB for Node',
    });
    if (hasSchemaRegistry(config)) eventSchemas(this, config);
    this.alarmTopic = alarmTopic(this, config);
    const sweep = new SweepTask(this, 'Sweep', this, bundles);
    this.#sweeper(sweep);
    this.watch = new WatchTask(this, 'Watch', this, bundles);
    new SharedAlarms(this, 'Alarm', this, { sweep, watch: this.watch });
    this.#outputs();
  }

  /** Two callers: the status events of our machines, which are best effort, and a schedule. */
  #sweeper({ function: sweep }: SweepTask): void {
    new events.Rule(this, 'EndedExecutions', {
      description: 'Executions of Forebay that ended where no Catch runs',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: [{ prefix: stateMachineArnPrefix(this.config) }],
        },
      },
      targets: [new targets.LambdaFunction(sweep, { deadLetterQueue: this.deliveryDlq, retryAttempts: 10 })],
    });
    const role = new iam.Role(this, 'SweepScheduleRole', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com'),
    });
    role.addToPolicy(
      new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [sweep.functionArn] }),
    );
    this.deliveryDlq.grantSendMessages(role);
    new scheduler.CfnSchedule(this, 'SweepSchedule', {
      description: 'Finishes what no execution finishes any more',
      scheduleExpression: 'rate(5 minutes)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: sweep.functionArn,
        roleArn: role.roleArn,
        input: JSON.stringify({ sweep: 'all' }),
        deadLetterConfig: { arn: this.deliveryDlq.queueArn },
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: Duration.minutes(5).toSeconds() },
      },
    });
  }

  #outputs(): void {
    const { zones, ledger, config } = this;
    const outputs: Outputs = {
      Stage: config.stage,
      InboxBucket: zones.inbox.bucket.bucketName,
      RawBucket: zones.raw.bucket.bucketName,
      LakeBucket: zones.lake.bucket.bucketName,
      OpsBucket: zones.ops.bucket.bucketName,
      LakeKeyArn: zones.lake.key.keyArn,
      OpsKeyArn: zones.ops.key.keyArn,
      SlicesTable: ledger.slices.tableName,
      RunsTable: ledger.runs.tableName,
      BusName: this.bus.eventBusName,
      JobDlqUrl: this.jobDlq.queueUrl,
      DeliveryDlqUrl: this.deliveryDlq.queueUrl,
      AlarmTopicArn: this.alarmTopic.topicArn,
      Database: this.database,
      StateMachineArnPrefix: stateMachineArnPrefix(config),
      SecretsPath: secretsPath(config),
    };
    for (const [name, value] of Object.entries(outputs)) {
      new CfnOutput(this, name, { value, exportName: `${this.stackName}:${name}` });
    }
  }
}
