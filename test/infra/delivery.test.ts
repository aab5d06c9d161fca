import { describe, expect, test } from 'vitest';
import { arrivalsOf } from '../../infra/source.ts';
import { maxReceives, visibility } from '../../infra/timeouts.ts';
import {
  attribute,
  type Json,
  local,
  ofType,
  one,
  ordersJob,
  production,
  ref,
  synthesize,
  triggeredJob,
} from '../support/app.ts';
import { templatesOf } from '../support/policies.ts';

const orders = await ordersJob();
const manual = await ordersJob({ name: 'manual', schedule: null });
const triggered = await triggeredJob({ schedule: 'rate(1 day)', scheduleWindowMinutes: 15 });
const app = synthesize(production, [orders, manual, triggered]);
const { shared } = app;
const job = app.jobs.orders ?? expect.fail('the job has no stack');

const deliveryDlq = one(shared, 'AWS::SQS::Queue', 'DeliveryDlq');
const sweeper = one(shared, 'AWS::Lambda::Function', 'Sweep');
const machinePrefix = 'arn:aws:states:eu-central-1:123456789012:stateMachine:forebay-production-';

const queues = templatesOf(app).flatMap((template) =>
  ofType(template, 'AWS::SQS::Queue').map(
    (queue) => [`${template.stack} ${queue.id}`, queue, template] as const,
  ),
);

test('there are a job DLQ and a delivery DLQ, for each job a write queue and its DLQ, and for one that is triggered two more', () => {
  expect(queues.length).toBe(2 + 3 * 2 + 2);
});

describe.each(queues)('%s', (_, queue, template) => {
  test('is encrypted by SQS, and keeps a message for 14 days', () => {
    expect(queue.properties.SqsManagedSseEnabled).toBe(true);
    expect(queue.properties.MessageRetentionPeriod).toBe(14 * 24 * 60 * 60);
  });

  test('refuses whoever does not come by TLS', () => {
    const policy = ofType(template, 'AWS::SQS::QueuePolicy').find(({ properties }) =>
      properties.Queues.includes(ref(queue)),
    );
    expect(policy?.properties.PolicyDocument.Statement).toContainEqual({
      Action: 'sqs:*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Resource: attribute(queue, 'Arn'),
    });
  });
});

describe('the write queue', () => {
  const queue = one(job, 'AWS::SQS::Queue', 'JobLakeQueue');
  const writer = one(job, 'AWS::Lambda::Function', 'JobTasksWriteLake');
  const mapping = one(job, 'AWS::Lambda::EventSourceMapping');

  test('gives a message to its DLQ after five receives', () => {
    const dlq = one(job, 'AWS::SQS::Queue', 'JobLakeDlq');
    const { RedrivePolicy } = queue.properties;
    expect(RedrivePolicy).toEqual({ deadLetterTargetArn: attribute(dlq, 'Arn'), maxReceiveCount: 5 });
    expect(maxReceives).toBe(5);
    expect(dlq.properties.RedrivePolicy).toBeUndefined();
  });

  test('hides a message for six times as long as its writer may take, a minute at most', () => {
    const { VisibilityTimeout } = queue.properties;
    expect(writer.properties.Timeout).toBeLessThanOrEqual(60);
    expect(VisibilityTimeout).toBeGreaterThanOrEqual(6 * writer.properties.Timeout);
    expect(VisibilityTimeout).toBe(visibility.toSeconds());
  });

  test('feeds its writer, which names the messages that failed, limited by the mapping and not by reserved concurrency', () => {
    const { EventSourceArn, FunctionName, FunctionResponseTypes, ScalingConfig } = mapping.properties;
    expect({ EventSourceArn, FunctionName }).toEqual({
      EventSourceArn: attribute(queue, 'Arn'),
      FunctionName: ref(writer),
    });
    expect(FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    expect(ScalingConfig).toEqual({ MaximumConcurrency: production.concurrency.writers });
    const reserving = templatesOf(app)
      .flatMap((template) => ofType(template, 'AWS::Lambda::Function'))
      .filter(({ properties }) => 'ReservedConcurrentExecutions' in properties);
    expect(reserving).toEqual([]);
  });

  test('tells its writer how many receives there are', () => {
    expect(writer.properties.Environment.Variables.MAX_RECEIVES).toBe(
      String(queue.properties.RedrivePolicy.maxReceiveCount),
    );
  });
});

describe('triggers', () => {
  const template = app.jobs.triggered ?? expect.fail('the job has no stack');
  const queue = one(template, 'AWS::SQS::Queue', 'JobTriggersQueue');
  const dlq = one(template, 'AWS::SQS::Queue', 'JobTriggersDlq');
  const trigger = one(template, 'AWS::Lambda::Function', 'JobTasksTrigger');
  const targets = [
    expect.objectContaining({
      Arn: attribute(queue, 'Arn'),
      DeadLetterConfig: { Arn: attribute(dlq, 'Arn') },
    }),
  ];

  test("come by a rule of the job's own for files in its part of the inbox, removals left out", () => {
    const rule = one(template, 'AWS::Events::Rule', 'JobTriggersArrivals').properties;
    expect(rule.EventBusName ?? 'default').toBe('default');
    expect(rule.EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [ref(one(shared, 'AWS::S3::Bucket', 'ZonesInbox'))] },
        object: { key: [{ prefix: 'triggered/' }] },
      },
    });
    expect(rule.Targets).toEqual(targets);
  });

  test("come by a rule on the stage's bus for commits of the jobs before, failures left out", () => {
    const rule = one(template, 'AWS::Events::Rule', 'JobTriggersAfter').properties;
    expect(rule.EventBusName).toBe(ref(one(shared, 'AWS::Events::EventBus')));
    expect(rule.EventPattern).toEqual({
      source: ['forebay'],
      'detail-type': ['JobCompleted', 'JobPartial'],
      detail: { data: { job: ['orders'] } },
    });
    expect(rule.Targets).toEqual(targets);
  });

  test('that fail five times lie in the DLQ of their job', () => {
    const deadLetterTargetArn = attribute(dlq, 'Arn');
    expect(queue.properties.RedrivePolicy).toEqual({ deadLetterTargetArn, maxReceiveCount: 5 });
    expect(queue.properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * trigger.properties.Timeout);
    expect(template.outputs).toMatchObject({ TriggersQueueUrl: ref(queue), TriggersDlqUrl: ref(dlq) });
  });

  test('come to their function in batches, which names those that failed', () => {
    const mapping = ofType(template, 'AWS::Lambda::EventSourceMapping').find(
      ({ properties }) => properties.FunctionName === ref(trigger),
    );
    expect(mapping?.properties).toMatchObject({
      EventSourceArn: attribute(queue, 'Arn'),
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  test('are told to their function as the job files have them', () => {
    const { TRIGGERS } = trigger.properties.Environment.Variables;
    const { name, cadence, timezone, source } = triggered.job;
    expect(JSON.parse(TRIGGERS)).toEqual({
      job: { name, cadence, timezone, source },
      arrival: { quietSeconds: 120, marker: '_SUCCESS' },
      onRevision: 'rerun',
      before: [{ name: 'orders', cadence: orders.job.cadence, timezone: orders.job.timezone }],
    });
  });

  test('are none of a job that has none', () => {
    expect(ofType(job, 'AWS::Events::Rule')).toEqual([]);
    expect(job.outputs.TriggersQueueUrl).toBeUndefined();
  });

  test('of files in a bucket of another account are refused: its events do not come here', async () => {
    const source = { kind: 's3' as const, bucket: 'partner-files', prefix: 'x/{slice}/' };
    const buckets = { 'partner-files': { bucket: 'theirs', account: '210987654321' } };
    const { job } = await triggeredJob({ source });
    const zones = {} as Parameters<typeof arrivalsOf>[0]['zones'];
    expect(
      arrivalsOf({ config: { ...production, buckets: { 'partner-files': { bucket: 'ours' } } }, zones }, job),
    ).toEqual({ bucket: 'ours', prefix: 'x/' });
    expect(() => arrivalsOf({ config: { ...production, buckets }, zones }, job)).toThrow(
      /^jobs\/triggered\.ts: arrival is given\. Allowed: none with source\.bucket "partner-files", which is account 210987654321's/,
    );
  });
});

describe('a schedule', () => {
  const schedule = one(job, 'AWS::Scheduler::Schedule', 'JobSchedule').properties;

  test("starts the machine by the job file's expression, in the job's timezone", () => {
    expect(schedule).toMatchObject({
      ScheduleExpression: 'cron(15 2 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Amsterdam',
      FlexibleTimeWindow: { Mode: 'OFF' },
    });
    expect(schedule.Target.Arn).toBe(ref(one(job, 'AWS::StepFunctions::StateMachine', 'JobMachine')));
    expect(schedule.StartDate ?? schedule.EndDate).toBeUndefined();
  });

  test('says for which time it starts, in the word that AWS Scheduler fills in', () => {
    expect(JSON.parse(schedule.Target.Input)).toEqual({
      trigger: 'schedule',
      scheduledTime: '<aws.scheduler.scheduled-time>',
    });
  });

  test('leaves what it cannot start in the delivery DLQ', () => {
    expect(schedule.Target.DeadLetterConfig).toEqual({ Arn: attribute(deliveryDlq, 'Arn') });
    expect(schedule.Target.RetryPolicy.MaximumEventAgeInSeconds).toBeLessThanOrEqual(24 * 60 * 60);
  });

  test('may start within its window, and is tried again for a day', () => {
    const template = app.jobs.triggered ?? expect.fail('the job has no stack');
    const { FlexibleTimeWindow, Target } = one(
      template,
      'AWS::Scheduler::Schedule',
      'JobSchedule',
    ).properties;
    expect(FlexibleTimeWindow).toEqual({ Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 });
    expect(Target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 });
  });

  test('is not there for a job without one', () => {
    const schedules = ofType(app.jobs.manual ?? job, 'AWS::Scheduler::Schedule');
    expect(schedules.filter(({ id }) => !id.startsWith('JobWatch'))).toEqual([]);
  });

  test("says on the local cloud, which fills nothing in, that the execution's start counts", () => {
    const onLaptop = synthesize(local, [orders]).jobs.orders ?? job;
    const { Input } = one(onLaptop, 'AWS::Scheduler::Schedule', 'JobSchedule').properties.Target;
    expect(JSON.parse(Input)).toEqual({ trigger: 'schedule', scheduledTime: 'execution-start' });
  });
});

describe('the sweeper', () => {
  test('is called from the default bus for each way of ending in which no Catch runs, of our machines alone', () => {
    const { EventBusName, EventPattern, State, Targets } = one(shared, 'AWS::Events::Rule').properties;
    expect(EventBusName ?? 'default').toBe('default');
    expect(State).toBe('ENABLED');
    expect(EventPattern).toEqual({
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        stateMachineArn: [{ prefix: machinePrefix }],
      },
    });
    expect(Targets).toEqual([
      expect.objectContaining({
        Arn: attribute(sweeper, 'Arn'),
        DeadLetterConfig: { Arn: attribute(deliveryDlq, 'Arn') },
      }),
    ]);
  });

  test('every machine has the prefix by which the rule and the sweeper know it', () => {
    for (const [name, template] of Object.entries(app.jobs)) {
      const arns = ofType(template, 'AWS::StepFunctions::StateMachine').map(
        ({ properties }) =>
          `arn:aws:states:eu-central-1:123456789012:stateMachine:${properties.StateMachineName}`,
      );
      // That of the job's backfills has what no job's name can have behind it.
      expect(arns.sort()).toEqual([machinePrefix + name, `${machinePrefix}${name}_backfill`]);
    }
    expect(sweeper.properties.Environment.Variables.STATE_MACHINE_ARN_PREFIX).toBe(machinePrefix);
    expect(shared.outputs.StateMachineArnPrefix).toBe(machinePrefix);
  });

  test('is called every few minutes as well, since status events are best effort', () => {
    const schedule = one(shared, 'AWS::Scheduler::Schedule').properties;
    expect(schedule.ScheduleExpression).toBe('rate(5 minutes)');
    expect(schedule.Target.Arn).toBe(attribute(sweeper, 'Arn'));
    expect(JSON.parse(schedule.Target.Input)).toEqual({ sweep: 'all' });
    expect(schedule.Target.DeadLetterConfig).toEqual({ Arn: attribute(deliveryDlq, 'Arn') });
    expect(sweeper.properties.Timeout).toBeLessThan(5 * 60);
  });

  test('knows how long a Catalog may still be at work', () => {
    const catalog = one(job, 'AWS::Lambda::Function', 'JobTasksCatalog');
    const seconds = Number(sweeper.properties.Environment.Variables.CATALOG_TIMEOUT);
    expect(seconds).toBeGreaterThanOrEqual(catalog.properties.Timeout);
  });
});

test("the bus is the stage's own", () => {
  expect(one(shared, 'AWS::Events::EventBus').properties.Name).toBe('forebay-production');
});

test.each(['JobMachine', 'JobBackfill'])(
  'a machine logs its errors without the data of an execution, and is traced: %s',
  (id) => {
    const { LoggingConfiguration, TracingConfiguration } = one(
      job,
      'AWS::StepFunctions::StateMachine',
      id,
    ).properties;
    const { IncludeExecutionData, Level }: Json = LoggingConfiguration;
    expect({ IncludeExecutionData, Level }).toEqual({ IncludeExecutionData: false, Level: 'ERROR' });
    expect(TracingConfiguration).toEqual({ Enabled: true });
  },
);
