/** The alarms of what all jobs share. */
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { alarm, dlqAlarm, fiveMinutes, persisting } from './alarms.ts';
import type { SharedStack } from './stacks/shared.ts';
import type { Task } from './task.ts';

type Shared = Pick<SharedStack, 'config' | 'alarmTopic' | 'jobDlq' | 'deliveryDlq' | 'ledger'>;

export class SharedAlarms extends Construct {
  constructor(scope: Construct, id: string, shared: Shared, tasks: { sweep: Task; watch: Task }) {
    super(scope, id);
    const owner = { config: shared.config, alarmTopic: shared.alarmTopic };
    dlqAlarm(this, 'JobDlqNotEmpty', owner, {
      name: 'JobDlqNotEmpty',
      description: 'Failed runs wait for somebody. Run: forebay dlq list.',
      queue: shared.jobDlq,
    });
    dlqAlarm(this, 'DeliveryDlqNotEmpty', owner, {
      name: 'DeliveryDlqNotEmpty',
      description: 'A schedule or an event was not delivered. Run: forebay dlq list.',
      queue: shared.deliveryDlq,
    });
    const errors = (name: 'SweepErrors' | 'WatchErrors', task: Task, description: string) =>
      alarm(this, name, owner, {
        ...{ name, description, periods: persisting },
        metric: task.function.metricErrors({ period: fiveMinutes }),
      });
    errors(
      'SweepErrors',
      tasks.sweep,
      'What crashes leave behind is not finished. Run: aws logs tail on the log group of the function Sweep; then forebay runs list --status RUNNING.',
    );
    errors(
      'WatchErrors',
      tasks.watch,
      'Late slices are not seen. Run: forebay status; then aws logs tail on the log group of the function Watch.',
    );
    // Concurrency is the account's, and so is the alarm. A function that fails makes its run fail, which rings itself.
    alarm(this, 'FunctionsThrottled', owner, {
      ...{ name: 'FunctionsThrottled', periods: persisting },
      description:
        'Lambda has throttled functions of the account for a quarter of an hour. Run: aws lambda get-account-settings; start fewer runs at once, or ask for a higher quota.',
      metric: lambda.Function.metricAllThrottles({ statistic: 'Sum', period: fiveMinutes }),
    });
    for (const [table, of] of Object.entries({ Slices: shared.ledger.slices, Runs: shared.ledger.runs })) {
      for (const way of ['Read', 'Write'] as const) {
        alarm(this, `${table}${way}s`, owner, {
          ...{ name: 'LedgerThrottled', part: `${table}-${way}s`, periods: persisting },
          description: `DynamoDB has throttled ${way.toLowerCase()}s of the table ${table} for a quarter of an hour. Run: forebay status; start fewer runs at once.`,
          metric: throttles(of, way),
        });
      }
    }
  }
}

/** Of a table alone: `ThrottledRequests` would have to be summed over operations, which is metric math. */
const throttles = ({ tableName }: dynamodb.ITableV2, way: 'Read' | 'Write'): cloudwatch.Metric =>
  new cloudwatch.Metric({
    namespace: 'AWS/DynamoDB',
    metricName: `${way}ThrottleEvents`,
    dimensionsMap: { TableName: tableName },
    statistic: 'Sum',
    period: fiveMinutes,
  });
