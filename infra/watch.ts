/** Who looks for what is missing: one function for all jobs, and a schedule in each job's stack that tells it of its job. */
import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import type { Watched } from '../core/freshness.ts';
import type { Job } from '../core/job/model.ts';
import type { environment, WatchInput } from '../tasks/watch/contract.ts';
import type { SharedStack } from './stacks/shared.ts';
import { Task } from './task.ts';

type Shared = Pick<SharedStack, 'config' | 'ledger' | 'deliveryDlq'>;

/** Reads the ledger of every job, and writes nothing but its log. */
export class WatchTask extends Task<(typeof environment)[number]> {
  /** Of the schedules that call it. */
  readonly caller: iam.Role;

  constructor(scope: Construct, id: string, shared: Shared, bundles: Map<string, string>) {
    const { config, ledger, deliveryDlq } = shared;
    super(scope, id, {
      config,
      bundle: bundles.get('watch') ?? '',
      timeout: Duration.minutes(1),
      memoryMiB: 256,
      environment: {
        STAGE: config.stage,
        SLICES_TABLE: ledger.slices.tableName,
        RUNS_TABLE: ledger.runs.tableName,
      },
    });
    this.allow(['dynamodb:GetItem', 'dynamodb:Query'], [ledger.slices.tableArn]);
    this.allow(['dynamodb:Query'], [ledger.runs.tableArn]);
    this.caller = new iam.Role(this, 'ScheduleRole', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com'),
    });
    this.caller.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [this.function.functionArn],
      }),
    );
    deliveryDlq.grantSendMessages(this.caller);
  }
}

/** The facts come from the version that is deployed; a job whose stack is gone is no longer missed. */
export function watchJob(
  scope: Construct,
  { watch, deliveryDlq }: Pick<SharedStack, 'watch' | 'deliveryDlq'>,
  job: Job,
): void {
  const { name, cadence, timezone, lagSeconds, freshnessSeconds } = job;
  const facts: Watched = { name, cadence, timezone, lagSeconds, freshnessSeconds };
  new scheduler.CfnSchedule(scope, 'WatchSchedule', {
    description: `Looks for late slices and open failures of ${name}`,
    scheduleExpression: 'rate(5 minutes)',
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: watch.function.functionArn,
      roleArn: watch.caller.roleArn,
      input: JSON.stringify({ job: facts } satisfies WatchInput),
      deadLetterConfig: { arn: deliveryDlq.queueArn },
      retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: Duration.minutes(5).toSeconds() },
    },
  });
}
