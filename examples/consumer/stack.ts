import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export interface ConsumerProps extends StackProps {
  /** Of Forebay. */
  stage: string;
  /** Whose completions are consumed. */
  job: string;
}

/**
 * A consumer of one job: a rule on Forebay's bus, a queue with a DLQ, a function, and a table of its own. What it needs
 * of Forebay comes from the exports of its shared stack.
 */
export class ConsumerStack extends Stack {
  constructor(scope: Construct, id: string, { stage, job, ...props }: ConsumerProps) {
    super(scope, id, props);
    const forebay = (output: string) => Fn.importValue(`Forebay-${stage}:${output}`);
    const table = new dynamodb.TableV2(this, 'Totals', {
      partitionKey: { name: 'slice', type: dynamodb.AttributeType.STRING },
    });
    const consumer = new NodejsFunction(this, 'Consumer', {
      entry: fileURLToPath(new URL('./handler.ts', import.meta.url)),
      runtime: lambda.Runtime.NODEJS_22_X,
      timeout: Duration.minutes(1),
      memorySize: 512,
      environment: { TOTALS_TABLE: table.tableName, LAKE_BUCKET: forebay('LakeBucket') },
      bundling: { format: OutputFormat.CJS, target: 'node20', externalModules: [] },
    });
    table.grant(consumer, 'dynamodb:GetItem', 'dynamodb:PutItem');
    consumer.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['s3:GetObject'],
        resources: [
          `arn:${this.partition}:s3:::${forebay('OpsBucket')}/manifests/${job}/*`,
          `arn:${this.partition}:s3:::${forebay('LakeBucket')}/lake/${job}/*`,
        ],
      }),
    );
    consumer.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [forebay('OpsKeyArn'), forebay('LakeKeyArn')],
      }),
    );
    const deadLetterQueue = new sqs.Queue(this, 'NotConsumed', {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const queue = new sqs.Queue(this, 'Published', {
      enforceSSL: true,
      visibilityTimeout: Duration.minutes(6),
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 5 },
    });
    consumer.addEventSource(new SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true }));
    new events.Rule(this, 'JobIsPublished', {
      eventBus: events.EventBus.fromEventBusName(this, 'Bus', forebay('BusName')),
      eventPattern: {
        source: ['forebay'],
        detailType: ['JobCompleted', 'JobPartial'],
        detail: { data: { job: [job] } },
      },
      targets: [new targets.SqsQueue(queue, { deadLetterQueue })],
    });
    new CfnOutput(this, 'TotalsTable', { value: table.tableName });
  }
}
