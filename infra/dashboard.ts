/** The rows of the stage's dashboard. Alarms are named by their ARN, so that it depends on no stack. */
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { MetricName } from '../core/metrics.ts';
import { fiveMinutes, jobMetric } from './alarms.ts';
import type { Config } from './config.ts';

const height = 5;

/** What a row shows of a job, or of what all share: the names of its alarms. */
export interface Row {
  name: string;
  alarms: readonly string[];
}

/** Runs, records, lateness, DLQs, and the state of all of its alarms, throttles among them. */
export function jobRow(scope: Construct, config: Config, row: Row): cloudwatch.IWidget[] {
  const graph = (title: string, statistic: 'Sum' | 'Maximum', ...names: MetricName[]) =>
    new cloudwatch.GraphWidget({
      ...{ title: `${row.name}: ${title}`, width: 5, height },
      left: names.map((name) => jobMetric(config, row.name, name, { statistic, label: name })),
    });
  const alarms = alarmsOf(scope, config, row);
  return [
    graph('runs', 'Sum', 'RunsCompleted', 'RunsFailed'),
    graph('records', 'Sum', 'Records', 'Rejects', 'Filtered'),
    new cloudwatch.GraphWidget({
      ...{ title: `${row.name}: lateness`, width: 5, height },
      left: [jobMetric(config, row.name, 'Lateness', { statistic: 'Maximum', label: 'Lateness (s)' })],
      right: [
        jobMetric(config, row.name, 'MissingSlices', { statistic: 'Maximum', label: 'MissingSlices' }),
        jobMetric(config, row.name, 'OpenFailures', { statistic: 'Maximum', label: 'OpenFailures' }),
      ],
    }),
    alarms.dlqs(4),
    alarms.states(5),
  ];
}

/** The ledger, the DLQs, and what Lambda and Step Functions throttle in the account as a whole. */
export function sharedRow(scope: Construct, config: Config, row: Row): cloudwatch.IWidget[] {
  const account = (namespace: string, metricName: string, statistic: string) =>
    new cloudwatch.Metric({ namespace, metricName, statistic, period: fiveMinutes });
  const alarms = alarmsOf(scope, config, row);
  return [
    alarms.dlqs(8),
    new cloudwatch.GraphWidget({
      ...{ title: 'Lambda in this account', width: 8, height },
      left: [account('AWS/Lambda', 'Throttles', 'Sum')],
      right: [account('AWS/Lambda', 'ConcurrentExecutions', 'Maximum')],
    }),
    alarms.states(8),
  ];
}

interface Alarms {
  /** Of its DLQs, each with its graph: the names of queues are known to their stacks alone. */
  dlqs(width: number): cloudwatch.IWidget;
  states(width: number): cloudwatch.IWidget;
}

function alarmsOf(scope: Construct, { region, account }: Config, { name, alarms }: Row): Alarms {
  const known = alarms.map((each) => {
    const arn = `arn:aws:cloudwatch:${region}:${account}:alarm:${each}`;
    return { name: each, alarm: cloudwatch.Alarm.fromAlarmArn(scope, each, arn) };
  });
  const queues = known.filter((each) => each.name.endsWith('DlqNotEmpty'));
  return {
    dlqs: (width) =>
      new cloudwatch.Column(
        ...queues.map((each) => {
          const title = `${name}: ${each.name.slice(each.name.lastIndexOf('-') + 1)}`;
          const size = { width, height: Math.max(2, Math.floor(height / queues.length)) };
          return new cloudwatch.AlarmWidget({ title, alarm: each.alarm, ...size });
        }),
      ),
    states: (width) =>
      new cloudwatch.AlarmStatusWidget({
        ...{ title: `${name}: alarms`, width, height },
        alarms: known.map(({ alarm }) => alarm),
      }),
  };
}
