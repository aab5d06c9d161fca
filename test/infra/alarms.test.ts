import { App } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { jobAlarms, sharedAlarms } from '../../core/alarms.ts';
import { versionOf } from '../../core/job/version.ts';
import { metricUnits } from '../../core/metrics.ts';
import { DashboardStack } from '../../infra/stacks/dashboard.ts';
import {
  attribute,
  evolvingJob,
  type Json,
  ofType,
  one,
  ordersJob,
  production,
  type Resource,
  ref,
  resolve,
  settlingJob,
  synthesize,
  triggeredJob,
} from '../support/app.ts';
import { templatesOf } from '../support/policies.ts';

const orders = await ordersJob();
const manual = await ordersJob({ name: 'manual', schedule: null, freshnessSeconds: null });
const more = [await settlingJob(), await evolvingJob(), await triggeredJob()];
const app = synthesize(production, [orders, manual, ...more]);
const { shared, dashboard } = app;
const job = app.jobs.orders ?? expect.fail('the job has no stack');

const triggered = app.jobs.triggered ?? expect.fail('the job has no stack');

const alarmsOf = (template: typeof job): Resource[] => ofType(template, 'AWS::CloudWatch::Alarm');
const every = templatesOf(app).flatMap(alarmsOf);
const named = (name: string): Json =>
  every.find(({ properties }) => properties.AlarmName === name)?.properties ??
  expect.fail(`no alarm ${name}`);

/** The name of an alarm without stage, job and part. */
const short = (prefix: string, { properties }: Resource): string =>
  properties.AlarmName.slice(prefix.length).replace(/-.*/, '');

test('each alarm of the list is made for a job, or for what all share, and no other', () => {
  const ofJob = alarmsOf(job).map((alarm) => short('forebay-production-orders-', alarm));
  // Only jobs that something starts have a queue of it.
  const ofTriggers = alarmsOf(triggered).map((alarm) => short('forebay-production-triggered-', alarm));
  expect(new Set([...ofJob, ...ofTriggers])).toEqual(new Set(jobAlarms));
  expect(ofJob).not.toContain('TriggersDlqNotEmpty');
  const ofShared = alarmsOf(shared).map((alarm) => short('forebay-production-', alarm));
  expect(new Set(ofShared)).toEqual(new Set(sharedAlarms));
});

test('no two alarms have one name, and each name begins with the stage', () => {
  const names = every.map(({ properties }) => properties.AlarmName);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^forebay-production-/);
});

test("each alarm goes to the stage's topic, says what to run, and looks at one metric", () => {
  const topic = one(shared, 'AWS::SNS::Topic');
  for (const { properties } of every) {
    const { AlarmName, AlarmActions, AlarmDescription, MetricName, Metrics, TreatMissingData } = properties;
    expect(AlarmActions, AlarmName).toEqual([ref(topic)]);
    expect(AlarmDescription, AlarmName).toMatch(/\. Run: (forebay|aws) /);
    expect(MetricName, AlarmName).toBeTypeOf('string');
    expect(Metrics, AlarmName).toBeUndefined();
    expect(['notBreaching', 'ignore'], AlarmName).toContain(TreatMissingData);
  }
});

test('an alarm on a metric of ours looks at one that is emitted, by the dimensions that it has', () => {
  const ours = every.filter(({ properties }) => properties.Namespace === 'Forebay');
  expect(ours.length).toBeGreaterThan(8);
  for (const { stack, properties } of ours) {
    expect(Object.keys(metricUnits)).toContain(properties.MetricName);
    expect(properties.Dimensions).toEqual([
      { Name: 'job', Value: stack.replace('Forebay-production-job-', '') },
      { Name: 'stage', Value: 'production' },
    ]);
  }
});

test('a failed run, a late slice and a message in a DLQ ring at the first', () => {
  expect(named('forebay-production-orders-RunFailed')).toMatchObject({
    ...{ MetricName: 'RunsFailed', Statistic: 'Sum', Threshold: 1, EvaluationPeriods: 1 },
    ...{ ComparisonOperator: 'GreaterThanOrEqualToThreshold', TreatMissingData: 'notBreaching' },
  });
  // A watch that is silent makes no late slice come.
  expect(named('forebay-production-orders-SlicesLate')).toMatchObject({
    ...{ MetricName: 'MissingSlices', Statistic: 'Maximum', Threshold: 1, EvaluationPeriods: 1 },
    ...{ Period: 600, TreatMissingData: 'ignore' },
  });
  for (const [name, queue] of [
    ['orders-WriteDlqNotEmpty', one(job, 'AWS::SQS::Queue', 'JobLakeDlq')],
    ['triggered-TriggersDlqNotEmpty', one(triggered, 'AWS::SQS::Queue', 'JobTriggersDlq')],
    ['JobDlqNotEmpty', one(shared, 'AWS::SQS::Queue', 'JobDlq')],
    ['DeliveryDlqNotEmpty', one(shared, 'AWS::SQS::Queue', 'DeliveryDlq')],
  ] as const) {
    expect(named(`forebay-production-${name}`)).toMatchObject({
      ...{ MetricName: 'ApproximateNumberOfMessagesVisible', Statistic: 'Maximum', Threshold: 1 },
      Dimensions: [{ Name: 'QueueName', Value: attribute(queue, 'QueueName') }],
    });
  }
});

test('a job that expects no slices has no alarm about late ones', () => {
  const template = app.jobs.manual ?? job;
  expect(alarmsOf(template).filter(({ id }) => /Late/.test(id))).toEqual([]);
});

test('rejects ring above half of what the job allows, and above one in a hundred where it allows any number', () => {
  const cases = [
    ['any', null, 'RejectRatio', 0.01],
    ['ratio', { ratio: 0.01 }, 'RejectRatio', 0.005],
    ['count', { count: 10 }, 'Rejects', 5],
    ['none', { count: 0 }, 'Rejects', 0],
  ] as const;
  const { contract } = orders.job;
  const jobs = cases.map(([name, maxRejects]) =>
    versionOf({ ...orders.job, name, contract: { ...contract, maxRejects } }),
  );
  const limits = synthesize(production, jobs);
  for (const [name, , metric, above] of cases) {
    const template = limits.jobs[name] ?? job;
    expect(one(template, 'AWS::CloudWatch::Alarm', 'JobAlarmRejectsRising').properties).toMatchObject({
      ...{ MetricName: metric, Threshold: above, ComparisonOperator: 'GreaterThanThreshold' },
      ...{ Statistic: 'Maximum', EvaluationPeriods: 1, TreatMissingData: 'notBreaching' },
    });
  }
});

test('throttles of functions ring once for the account, whose concurrency it is, when they go on for a quarter of an hour', () => {
  const throttled = named('forebay-production-FunctionsThrottled');
  expect(throttled).toMatchObject({ Namespace: 'AWS/Lambda', MetricName: 'Throttles', Statistic: 'Sum' });
  expect(throttled.Dimensions).toBeUndefined();
  expect(throttled.Period * throttled.EvaluationPeriods).toBe(900);
});

describe('the topic of alarms', () => {
  const topic = one(shared, 'AWS::SNS::Topic');
  const policy: Json[] = one(shared, 'AWS::SNS::TopicPolicy').properties.PolicyDocument.Statement;

  test('is encrypted with a key of ours, and its ARN is an output', () => {
    expect(topic.properties.KmsMasterKeyId).toBe(attribute(one(shared, 'AWS::KMS::Key', 'AlarmKey'), 'Arn'));
    expect(shared.outputs.AlarmTopicArn).toBe(ref(topic));
  });

  test('refuses whoever does not come by TLS, and takes alarms of this account alone', () => {
    expect(policy).toContainEqual(
      expect.objectContaining({
        ...{ Effect: 'Deny', Action: 'sns:Publish', Principal: '*' },
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
    expect(policy.filter(({ Effect }) => Effect === 'Allow')).toEqual([
      expect.objectContaining({
        ...{ Action: 'sns:Publish', Principal: { Service: 'cloudwatch.amazonaws.com' } },
        Condition: {
          ArnLike: { 'aws:SourceArn': 'arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*' },
        },
      }),
    ]);
  });
});

describe('the watch', () => {
  const watch = one(shared, 'AWS::Lambda::Function', 'Watch');
  const scheduleOf = (name: string) =>
    one(app.jobs[name] ?? job, 'AWS::Scheduler::Schedule', 'JobWatch').properties;

  test('is called every five minutes for each job, with the facts of the version that is deployed', () => {
    const { ScheduleExpression, Target } = scheduleOf('orders');
    expect(ScheduleExpression).toBe('rate(5 minutes)');
    expect(Target.Arn).toBe(attribute(watch, 'Arn'));
    const { name, cadence, timezone, lagSeconds, freshnessSeconds } = orders.job;
    expect(JSON.parse(Target.Input)).toEqual({
      job: { name, cadence, timezone, lagSeconds, freshnessSeconds },
    });
    expect(JSON.parse(scheduleOf('manual').Target.Input).job.freshnessSeconds).toBeNull();
  });
});

describe('the dashboard', () => {
  const { DashboardName, DashboardBody } = one(dashboard, 'AWS::CloudWatch::Dashboard').properties;
  const { widgets } = JSON.parse(DashboardBody) as { widgets: Json[] };
  const titled = (text: string) => widgets.filter(({ properties }) => properties.title.startsWith(text));

  test('is one page of the stage, and depends on no other stack', () => {
    expect(DashboardName).toBe('forebay-production');
    expect(DashboardBody).not.toContain('<');
  });

  test('has a row for each job: runs, records, lateness, the DLQ and its alarms', () => {
    for (const name of Object.keys(app.jobs)) {
      const row = titled(`${name}: `);
      const dlqs = ['WriteDlqNotEmpty', ...(name === 'triggered' ? ['TriggersDlqNotEmpty'] : [])];
      const titles = ['runs', 'records', 'lateness', ...dlqs, 'alarms'];
      expect(row.map(({ properties }) => properties.title)).toEqual(titles.map((what) => `${name}: ${what}`));
      const isDlq = ({ properties }: Json) => properties.title.endsWith('DlqNotEmpty');
      expect(new Set(row.filter((each) => !isDlq(each)).map(({ y }) => y)).size, name).toBe(1);
      // Several stand below each other.
      expect(new Set(row.filter(isDlq).map(({ x }) => x)).size, name).toBe(1);
      const states = row.at(-1)?.properties.alarms as string[];
      expect(states.map((arn) => arn.split(':alarm:')[1]).sort()).toEqual(
        alarmsOf(app.jobs[name] ?? job)
          .map(({ properties }) => properties.AlarmName)
          .sort(),
      );
    }
  });

  test('draws metrics that are emitted, and alarms that there are', () => {
    const drawn: Json[] = widgets.flatMap(({ properties }) => properties.metrics ?? []);
    const ours = drawn.filter(([namespace]) => namespace === 'Forebay').map(([, name]) => name);
    expect(new Set(ours)).toEqual(
      new Set([
        ...['RunsCompleted', 'RunsFailed', 'Records', 'Rejects', 'Filtered', 'Lateness'],
        ...['MissingSlices', 'OpenFailures'],
      ]),
    );
    const shown: string[] = widgets.flatMap(({ properties }) => [
      ...(properties.alarms ?? []),
      ...(properties.annotations?.alarms ?? []),
    ]);
    const known = new Set(every.map(({ properties }) => properties.AlarmName));
    for (const arn of shown) {
      expect(arn).toMatch(/^arn:aws:cloudwatch:eu-central-1:123456789012:alarm:/);
      expect(known).toContain(arn.split(':alarm:')[1]);
    }
  });
});

test('a hundred jobs have two pages, each with no more than the 500 widgets that CloudWatch takes', () => {
  const all = { name: 'all jobs', alarms: ['forebay-production-JobDlqNotEmpty'] };
  const jobs = Array.from({ length: 100 }, (_, n) => ({
    name: `feed-${n}`,
    alarms: [`forebay-production-feed-${n}-WriteDlqNotEmpty`],
  }));
  const app = new App({ analyticsReporting: false });
  const env = { account: production.account, region: production.region };
  new DashboardStack(app, 'Many', { config: production, shared: all, jobs }, { env });
  const { Resources } = app.synth().getStackByName('Many').template as Json;
  const pages = Object.values<Json>(Resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Dashboard')
    .map(({ Properties }) => resolve(Properties.DashboardBody, 'Many', new Map(), production));
  // Three for what all share, and five for each job.
  expect(pages.map((body) => JSON.parse(body).widgets.length)).toEqual([3 + 5 * 90, 5 * 10]);
});
