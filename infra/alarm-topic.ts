import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import { alarmTopicName } from './names.ts';

/**
 * Where all alarms of a stage go; people subscribe to it. CloudWatch publishes with no role of its own: the topic and
 * its key must both let the service in, and AWS's own key for SNS lets it in to neither.
 */
export function alarmTopic(scope: Construct, config: Config): sns.Topic {
  const cloudwatch = new iam.ServicePrincipal('cloudwatch.amazonaws.com');
  const key = new kms.Key(scope, 'AlarmKey', {
    description: `Forebay ${config.stage}: the topic of alarms`,
    enableKeyRotation: true,
    removalPolicy: config.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    ...(config.disposable ? { pendingWindow: Duration.days(7) } : {}),
  });
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [cloudwatch],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      resources: ['*'],
    }),
  );
  const topic = new sns.Topic(scope, 'Alarms', {
    topicName: alarmTopicName(config),
    displayName: `Forebay ${config.stage}`,
    masterKey: key,
    enforceSSL: true,
  });
  const { partition, region, account } = Stack.of(scope);
  topic.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [cloudwatch],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: {
        ArnLike: { 'aws:SourceArn': `arn:${partition}:cloudwatch:${region}:${account}:alarm:*` },
      },
    }),
  );
  return topic;
}
