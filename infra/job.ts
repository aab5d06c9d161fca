import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as assets from 'aws-cdk-lib/aws-s3-assets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Job as JobModel, JobVersion } from '../core/job/model.ts';
import { jobStagingPrefix, majorOf } from '../core/storage.ts';
import { jobMachine } from '../workflows/job-machine.ts';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import { JobAlarms } from './job-alarms.ts';
import { JobTasks } from './job-tasks.ts';
import { stateMachineName } from './names.ts';
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

/** All that one job has: its functions, its machine, its write queue with DLQ, its schedules and other triggers, its alarms. */
export class Job extends Construct {
  readonly stateMachine: sfn.StateMachine;
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
    this.stateMachine = new sfn.StateMachine(this, 'Machine', {
      stateMachineName: stateMachineName(config, version.job.name),
      definitionBody: sfn.DefinitionBody.fromChainable(
        jobMachine(this, {
          job: { name: version.job.name, version: version.version },
          functions: tasks.versions,
          columnFunctions: tasks.columnVersions,
          keyFunctions: tasks.keyVersions,
          listings: { bucket: shared.zones.ops.bucket, prefix: jobStagingPrefix(version.job.name) },
          queues: { lake: queue },
          tableMajor: majorOf(version.job),
          concurrency: config.concurrency,
          dispatchTimeout,
        }),
      ),
      timeout: Duration.hours(24),
      tracingEnabled: true,
      logs: {
        destination: new logs.LogGroup(this, 'MachineLog', {
          logGroupName: `/aws/vendedlogs/states/${stateMachineName(config, version.job.name)}`,
          retention: config.retention.logs,
          removalPolicy: config.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
        }),
        level: sfn.LogLevel.ERROR,
        includeExecutionData: false,
      },
    });
    explainMachine(this.stateMachine, shared);
    // CDK lets the ItemReader read the bucket, but not its key.
    shared.zones.ops.key.grantDecrypt(this.stateMachine);
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

/** What cdk-nag asks about a machine, and why it is so. */
function explainMachine(machine: sfn.StateMachine, { partition, region, account }: SharedStack): void {
  acknowledge(
    machine,
    'SF1',
    'A STANDARD execution keeps each of its events for 90 days; the log is for what failed, and holds no data.',
  );
  const reasons: Array<[pattern: (resource: string) => boolean, reason: string]> = [
    [
      (resource) => resource === '*',
      'Log delivery and X-Ray know no resources: AWS allows them all or none.',
    ],
    [
      (resource) => /\/staging\/[a-z0-9-]+\/\*$/.test(resource),
      "The listings of this job's runs, whose names are not known before they run.",
    ],
    [
      (resource) => resource.startsWith(`arn:${partition}:states:${region}:${account}:execution:`),
      'Executions of its own Maps, as AWS asks it of a machine with a Distributed Map.',
    ],
  ];
  for (const [covers, reason] of reasons) acknowledgeWildcards(machine, reason, covers);
}
