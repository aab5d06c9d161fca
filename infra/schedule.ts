import { Duration, TimeZone } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { Job } from '../core/job/model.ts';
import type { RunRequest } from '../tasks/open-run/contract.ts';
import type { Config } from './config.ts';
import { scheduledTime } from './quirks.ts';

/** Starts the job's machine by its schedule. What cannot be started in a day lies in the delivery DLQ. */
export function scheduleJob(
  scope: Construct,
  config: Config,
  job: Job,
  machine: sfn.StateMachine,
  deliveryDlq: sqs.Queue,
): void {
  const role = new iam.Role(scope, 'ScheduleRole', {
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com'),
  });
  machine.grantStartExecution(role);
  deliveryDlq.grantSendMessages(role);
  const request: RunRequest = { trigger: 'schedule', scheduledTime: scheduledTime(config) };
  new scheduler.CfnSchedule(scope, 'Schedule', {
    description: `Forebay ${config.stage}: runs of ${job.name}`,
    scheduleExpression: job.schedule ?? '',
    scheduleExpressionTimezone: TimeZone.of(job.timezone).timezoneName,
    flexibleTimeWindow:
      job.scheduleWindowMinutes === 0
        ? { mode: 'OFF' }
        : { mode: 'FLEXIBLE', maximumWindowInMinutes: job.scheduleWindowMinutes },
    target: {
      arn: machine.stateMachineArn,
      roleArn: role.roleArn,
      input: JSON.stringify(request),
      deadLetterConfig: { arn: deliveryDlq.queueArn },
      retryPolicy: { maximumEventAgeInSeconds: Duration.days(1).toSeconds(), maximumRetryAttempts: 185 },
    },
  });
}
