/** What starts a job's runs beside its schedule: files that arrive, and commits of the jobs that it comes after. */
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type EventType, eventSource } from '../core/events.ts';
import type { Job } from '../core/job/model.ts';
import { environment, type Triggers as TriggersOfJob } from '../tasks/trigger/contract.ts';
import { readSlicesOf, useSlices } from './grants.ts';
import type { JobProps } from './job.ts';
import { type JobScope, small } from './job-scope.ts';
import { stateMachineArn } from './names.ts';
import { deadLetterQueue, workQueue } from './queues.ts';
import { arrivalsOf, grantSource } from './source.ts';
import type { Task } from './task.ts';
import { maxReceives, visibility } from './timeouts.ts';

/** Whether anything but its schedule and people start a job's runs. */
export const isTriggered = ({ arrival, after }: Job): boolean => arrival !== null || after.length > 0;

/** Commits of a run; a failed one asks for nothing. */
const commits: EventType[] = ['JobCompleted', 'JobPartial'];

/** A queue that gathers what asks for runs, with a DLQ, the rules that fill it, and the function that reads it. */
export class Triggers extends Construct {
  readonly queue: sqs.Queue;
  readonly dlq: sqs.Queue;

  constructor(scope: Construct, id: string, of: JobScope) {
    super(scope, id);
    const { job } = of.props.version;
    this.dlq = deadLetterQueue(this, 'Dlq');
    this.queue = workQueue(this, 'Queue', { visibility, maxReceives, deadLetterQueue: this.dlq });
    triggerTask(of, this.queue).function.addEventSource(
      // A batch of notices counts once for each slice, so few functions with much to read count least.
      new SqsEventSource(this.queue, { batchSize: 10, maxConcurrency: 2, reportBatchItemFailures: true }),
    );
    if (job.arrival !== null) this.#arrivals(of.props);
    if (job.after.length > 0) this.#after(of.props);
  }

  #arrivals({ shared, version }: JobProps): void {
    const { bucket, prefix } = arrivalsOf(shared, version.job);
    new events.Rule(this, 'Arrivals', {
      description: `Files that arrive for ${version.job.name}`,
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [bucket] },
          ...(prefix === '' ? {} : { object: { key: [{ prefix }] } }),
        },
      },
      targets: [this.#target()],
    });
  }

  #after({ shared, version }: JobProps): void {
    new events.Rule(this, 'After', {
      description: `Commits that ${version.job.name} comes after`,
      eventBus: shared.bus,
      eventPattern: {
        source: [eventSource],
        detailType: commits,
        detail: { data: { job: version.job.after } },
      },
      targets: [this.#target()],
    });
  }

  /** What cannot be delivered lies where what could not be done lies. */
  #target(): targets.SqsQueue {
    return new targets.SqsQueue(this.queue, { deadLetterQueue: this.dlq, retryAttempts: 185 });
  }
}

function triggerTask(of: JobScope, queue: sqs.Queue): Task {
  const { shared, version, before } = of.props;
  const { name, cadence, timezone, source, arrival, onRevision } = version.job;
  const triggers: TriggersOfJob = {
    ...{ job: { name, cadence, timezone, source }, arrival, onRevision },
    before: before.map((job) => ({ name: job.name, cadence: job.cadence, timezone: job.timezone })),
  };
  // A commit of a job without slices asks for each slice that there is: ten thousand calls want half a core.
  const task = of.task(
    'Trigger',
    'trigger',
    environment,
    { ...small, memoryMiB: 1_024 },
    {
      TRIGGERS: JSON.stringify(triggers),
      TRIGGERS_QUEUE_URL: queue.queueUrl,
    },
  );
  useSlices(task, shared.ledger, name, 'GetItem', 'UpdateItem', 'Query');
  readSlicesOf(
    task,
    shared.ledger,
    before.map((job) => job.name),
  );
  task.allow(['sqs:SendMessage'], [queue.queueArn]);
  task.allow(['states:StartExecution'], [stateMachineArn(shared.config, name)]);
  // To see whether a marker is there; without the right to read it.
  if (arrival?.marker != null) grantSource(task, shared, version.job, 'list');
  return task;
}
