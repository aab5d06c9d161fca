import { Duration } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as assets from 'aws-cdk-lib/aws-s3-assets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Job as JobModel, JobVersion } from '../core/job/model.ts';
import { jobStagingPrefix, majorOf } from '../core/storage.ts';
import { backfillMachine } from '../workflows/backfill-machine.ts';
import { jobMachine } from '../workflows/job-machine.ts';
import { JobAlarms } from './job-alarms.ts';
import { JobTasks } from './job-tasks.ts';
import { machine } from './machine.ts';
import { backfillMachineName, endRuleArn, executionArns, stateMachineName } from './names.ts';
import { deadLetterQueue, workQueue } from './queues.ts';
import { scheduleJob } from './schedule.ts';
import type { SharedStack } from './stacks/shared.ts';
import { dispatchTimeout, maxReceives, visibility } from './timeouts.ts';
import { isTriggered, Triggers } from './triggers.ts';
import { watchJob } from './watch.ts';

export interface JobProps {
  version: JobVersion;
  /** The jobs that it comes after. */
  before: readonly JobModel[];
  shared: SharedStack;
  bundles: Map<string, string>;
  /** The job's canonical JSON. */
  asset: assets.Asset;
}

/** All that one job has: its machine and that of its backfills, with their functions, its write queue, its triggers, its alarms. */
export class Job extends Construct {
  readonly stateMachine: sfn.StateMachine;
  readonly backfillMachine: sfn.StateMachine;
  readonly writeDlq: sqs.Queue;
  /** `null`: only its schedule and people start it. */
  readonly triggers: Triggers | null;

  constructor(scope: Construct, id: string, props: JobProps) {
    super(scope, id);
    const { shared, version } = props;
    const { config } = shared;
    const tasks = new JobTasks(this, 'Tasks', props);
    this.writeDlq = deadLetterQueue(this, 'LakeDlq');
    const queue = workQueue(this, 'LakeQueue', { visibility, maxReceives, deadLetterQueue: this.writeDlq });
    tasks.writeLake.function.addEventSource(
      new SqsEventSource(queue, {
        batchSize: 1,
        // Not reserved concurrency, which would burn receives of messages that find no room.
        maxConcurrency: Math.max(2, config.concurrency.writers),
        reportBatchItemFailures: true,
      }),
    );
    const listings = { bucket: shared.zones.ops.bucket, prefix: jobStagingPrefix(version.job.name) };
    const job = { name: version.job.name, version: version.version };
    this.stateMachine = machine(this, 'Machine', shared, {
      name: stateMachineName(config, job.name),
      timeout: Duration.hours(24),
      definition: jobMachine(this, {
        job,
        functions: tasks.versions,
        columnFunctions: tasks.columnVersions,
        keyFunctions: tasks.keyVersions,
        listings,
        queues: { lake: queue },
        tableMajor: majorOf(version.job),
        concurrency: config.concurrency,
        dispatchTimeout,
      }),
    });
    this.backfillMachine = machine(this, 'Backfill', shared, {
      name: backfillMachineName(config, job.name),
      // A backfill of ten thousand slices, one behind the other, takes weeks.
      timeout: Duration.days(90),
      definition: backfillMachine(this, {
        job,
        functions: tasks.backfillVersions,
        listings,
        runs: {
          machine: this.stateMachine,
          executions: executionArns(config, job.name),
          endRule: endRuleArn(config),
        },
      }),
    });
    if (version.job.schedule !== null)
      scheduleJob(this, config, version.job, this.stateMachine, shared.deliveryDlq);
    this.triggers = isTriggered(version.job) ? new Triggers(this, 'Triggers', tasks.of) : null;
    watchJob(this, shared, version.job);
    const { alarmTopic } = shared;
    const triggersDlq = this.triggers?.dlq ?? null;
    const watched = { job: version.job, machine: this.stateMachine, writeDlq: this.writeDlq, triggersDlq };
    new JobAlarms(this, 'Alarm', { config, alarmTopic, job: version.job.name }, watched);
  }
}
