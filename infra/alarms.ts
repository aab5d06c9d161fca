/** Alarms: what each looks at, when it rings, and what its description tells a person to run. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { alarmName, type JobAlarm, type SharedAlarm } from '../core/alarms.ts';
import { type MetricName, metricDimensions, metricNamespace } from '../core/metrics.ts';
import type { Config } from './config.ts';

/** Whose alarm it is; without a job: of what all share. */
export interface AlarmOwner {
  config: Config;
  alarmTopic: sns.ITopic;
  job?: string;
}

export interface AlarmProps {
  name: JobAlarm | SharedAlarm;
  part?: string;
  /** What is the matter and what to run, in a sentence each. */
  description: string;
  metric: cloudwatch.IMetric;
  /** Rings from this value on, or above it. */
  from?: number;
  above?: number;
  /** In how many periods on end; 1 where it does not say. */
  periods?: number;
  /** What no data means: that all is well, or that nothing is known. */
  silence?: 'is well' | 'says nothing';
}

/** Tells the stage's topic. No metric math: each alarm is one metric, which any cloud deploys. */
export function alarm(scope: Construct, id: string, owner: AlarmOwner, props: AlarmProps): cloudwatch.Alarm {
  const { config, alarmTopic, job } = owner;
  const { GREATER_THAN_THRESHOLD, GREATER_THAN_OR_EQUAL_TO_THRESHOLD } = cloudwatch.ComparisonOperator;
  const { IGNORE, NOT_BREACHING } = cloudwatch.TreatMissingData;
  const made = new cloudwatch.Alarm(scope, id, {
    alarmName: alarmName(config.stage, props.name, { job, part: props.part }),
    alarmDescription: props.description,
    metric: props.metric,
    threshold: props.above ?? props.from ?? 1,
    comparisonOperator:
      props.above === undefined ? GREATER_THAN_OR_EQUAL_TO_THRESHOLD : GREATER_THAN_THRESHOLD,
    evaluationPeriods: props.periods ?? 1,
    treatMissingData: props.silence === 'says nothing' ? IGNORE : NOT_BREACHING,
  });
  made.addAlarmAction(new SnsAction(alarmTopic));
  return made;
}

/** Rings as long as a message lies there. */
export const dlqAlarm = (
  scope: Construct,
  id: string,
  owner: AlarmOwner,
  { queue, ...props }: Pick<AlarmProps, 'name' | 'description'> & { queue: sqs.IQueue },
): cloudwatch.Alarm =>
  alarm(scope, id, owner, {
    ...props,
    metric: queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: fiveMinutes }),
  });

export const fiveMinutes = Duration.minutes(5);

/** What throttles or fails for a quarter of an hour is no longer what a retry is for. */
export const persisting = 3;

/** A metric of ours, of one job. */
export const jobMetric = (
  { stage }: Config,
  job: string,
  metricName: MetricName,
  props: { statistic: 'Sum' | 'Maximum' | 'Average'; period?: Duration; label?: string },
): cloudwatch.Metric =>
  new cloudwatch.Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap: metricDimensions(stage, job),
    period: fiveMinutes,
    ...props,
  });
