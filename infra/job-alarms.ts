/** The alarms of one job. */
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Job, MaxRejects } from '../core/job/model.ts';
import type { MetricName } from '../core/metrics.ts';
import { type AlarmOwner, alarm, dlqAlarm, fiveMinutes, jobMetric, persisting } from './alarms.ts';

export interface Watched {
  job: Job;
  machine: sfn.IStateMachine;
  writeDlq: sqs.IQueue;
  /** `null`: nothing but its schedule and people start it. */
  triggersDlq: sqs.IQueue | null;
}

export class JobAlarms extends Construct {
  constructor(
    scope: Construct,
    id: string,
    owner: AlarmOwner,
    { job, machine, writeDlq, triggersDlq }: Watched,
  ) {
    super(scope, id);
    const { name } = job;
    const metric = (of: MetricName, statistic: 'Sum' | 'Maximum') =>
      jobMetric(owner.config, name, of, { statistic });
    alarm(this, 'RunFailed', owner, {
      name: 'RunFailed',
      description: `A run of ${name} failed. Run: forebay runs list ${name} --status FAILED, then forebay runs show with its id.`,
      metric: metric('RunsFailed', 'Sum'),
    });
    if (job.freshnessSeconds !== null)
      alarm(this, 'SlicesLate', owner, {
        name: 'SlicesLate',
        description: `A slice of ${name} is later than its freshness allows. Run: forebay status.`,
        // Two looks of the watch, so that one that comes a little later leaves no gap.
        metric: jobMetric(owner.config, name, 'MissingSlices', {
          statistic: 'Maximum',
          period: fiveMinutes.plus(fiveMinutes),
        }),
        // Where the watch is silent, what it said last still holds; that it fails is an alarm of its own.
        silence: 'says nothing',
      });
    const limit = rejectsLimit(job.contract.maxRejects);
    alarm(this, 'RejectsRising', owner, {
      name: 'RejectsRising',
      description: `A run of ${name} rejected ${limit.words}. Run: forebay runs list ${name} --status PARTIAL, then forebay rejects with its id.`,
      metric: metric(limit.metric, 'Maximum'),
      above: limit.above,
    });
    dlqAlarm(this, 'WriteDlqNotEmpty', owner, {
      name: 'WriteDlqNotEmpty',
      description: `Writes of ${name} were given up. Run: forebay dlq list ${name}.`,
      queue: writeDlq,
    });
    if (triggersDlq !== null)
      dlqAlarm(this, 'TriggersDlqNotEmpty', owner, {
        name: 'TriggersDlqNotEmpty',
        description: `What asks for runs of ${name} was given up, most often of a file that lies under no slice. Run: forebay dlq list ${name} --kind delivery.`,
        queue: triggersDlq,
      });
    alarm(this, 'MachineThrottled', owner, {
      name: 'MachineThrottled',
      description: `Step Functions has throttled the machine of ${name} for a quarter of an hour. Run: aws service-quotas list-service-quotas --service-code states.`,
      metric: machine.metricThrottled({ period: fiveMinutes }),
      periods: persisting,
    });
  }
}

/** Half of what the job allows, while it can still be published; 1 % where it allows any number. */
function rejectsLimit(maxRejects: MaxRejects | null): {
  metric: MetricName;
  above: number;
  words: string;
} {
  if (maxRejects !== null && 'count' in maxRejects) {
    const above = maxRejects.count / 2;
    return { metric: 'Rejects', above, words: `more than ${above} records, half of what the job allows` };
  }
  const above = maxRejects === null ? 0.01 : maxRejects.ratio / 2;
  const why = maxRejects === null ? 'and the job allows any number' : 'half of what the job allows';
  return { metric: 'RejectRatio', above, words: `more than ${above} of its records, ${why}` };
}
