import { Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { jobRow, type Row, sharedRow } from '../dashboard.ts';
import { dashboardName } from '../names.ts';

/** What CloudWatch takes: 500 widgets, of which a job has five. */
const jobsOnOne = 90;

/**
 * One page for the stage, a row for each job. It is a stack of its own, so that a further job changes nothing of what
 * all share; and it names alarms and metrics instead of importing them, so that no job's stack waits for it.
 */
export class DashboardStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { config, shared, jobs }: { config: Config; shared: Row; jobs: readonly Row[] },
    props: StackProps,
  ) {
    super(scope, id, props);
    for (let from = 0; from === 0 || from < jobs.length; from += jobsOnOne) {
      const number = from / jobsOnOne + 1;
      const dashboard = new cloudwatch.Dashboard(this, `Page${number}`, {
        dashboardName: dashboardName(config, number),
      });
      if (number === 1) dashboard.addWidgets(...sharedRow(this, config, shared));
      for (const row of jobs.slice(from, from + jobsOnOne))
        dashboard.addWidgets(...jobRow(this, config, row));
    }
  }
}

/** The names of a stack's alarms, as they are given. */
export const alarmNamesIn = (stack: Stack): string[] =>
  stack.node
    .findAll()
    .filter((node) => node instanceof cloudwatch.CfnAlarm)
    .flatMap(({ alarmName }) => alarmName ?? []);
