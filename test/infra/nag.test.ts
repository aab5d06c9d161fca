/** cdk-nag's AwsSolutions pack over every stack. What it may find has its reason beside the construct, in infra/. */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { expect, test } from 'vitest';
import { acknowledgeWildcards } from '../../infra/acknowledge.ts';
import type { Config } from '../../infra/config.ts';
import {
  evolvingJob,
  local,
  ordersJob,
  ownJobs,
  production,
  settlingJob,
  triggeredJob,
  withApp,
} from '../support/app.ts';

const jobs = [
  ...(await ownJobs()),
  await settlingJob(),
  await evolvingJob(),
  await triggeredJob(),
  await ordersJob({
    name: 'partner',
    source: { kind: 's3', bucket: 'partner-files', prefix: 'out/{slice}/' },
    schedule: null,
    privacy: { email: 'encrypt', note: { rule: 'tokenise', scope: 'shared' } },
  }),
];
const foreign = {
  bucket: 'partner-bucket',
  account: '210987654321',
  keyArn: 'arn:aws:kms:eu-central-1:210987654321:key/k',
};
const configs: Config[] = [local, { ...production, buckets: { 'partner-files': foreign } }];

interface Checked {
  findings: string[];
  /** Reasons by rule, of each construct that has any. */
  reasons: Array<{ path: string; rule: string; reason: string }>;
}

const checked = (config: Config): Checked =>
  withApp(config, jobs, (app) => ({ findings: findingsOf(app), reasons: reasonsBelow(app) }));

function findingsOf(scope: IConstruct): string[] {
  const { violations } = new AwsSolutionsChecks().validateScope(scope);
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => `${constructPath}: ${ruleName}`),
  );
}

const reasonsBelow = (scope: IConstruct): Checked['reasons'] =>
  scope.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .map(([rule, reason]) => ({ path: node.path, rule, reason })),
  );

const results = configs.map((config) => ({ stage: config.stage, ...checked(config) }));

test.each(results)('every stack of stage $stage passes the AwsSolutions pack', ({ findings }) => {
  expect(findings).toEqual([]);
});

test.each(results)('each reason of stage $stage is for one finding of one construct', ({ reasons }) => {
  expect(reasons.length).toBeGreaterThan(50);
  for (const { path, rule, reason } of reasons) {
    expect(path.split('/').length, `${path} is a whole stack`).toBeGreaterThan(1);
    expect(rule, path).toMatch(/AwsSolutions-(L1|SQS3|SF1|IAM5\[Resource::.*\*.*\])$/);
    expect(reason.length, `${path} ${rule}`).toBeGreaterThan(40);
  }
});

test('on AWS one pattern stands for every resource only where AWS knows no narrower: of machines, and of traces', () => {
  const onAws = results.find(({ stage }) => stage === 'production');
  const all = onAws?.reasons.filter(({ rule }) => rule.endsWith('IAM5[Resource::*]')) ?? [];
  const traces = /\/Role$/;
  expect(new Set(all.filter(({ path }) => traces.test(path)).map(({ reason }) => reason))).toEqual(
    new Set(['X-Ray knows no resources: AWS allows to send traces to all or none.']),
  );
  const others = all.filter(({ path }) => !traces.test(path));
  expect(others.map(({ path }) => path).sort()).toEqual(
    jobs
      .flatMap(({ job }) =>
        ['Backfill', 'Machine'].map((id) => `Forebay-production-job-${job.name}/Job/${id}`),
      )
      .sort(),
  );
});

test('a reason for one pattern leaves the others findings, also across stacks', () => {
  const app = new App({ analyticsReporting: false });
  const bucket = new Bucket(new Stack(app, 'Shared'), 'Bucket');
  const stack = new Stack(app, 'Job');
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const [mine, other] = ['mine/*', 'other/*'].map((key) => bucket.arnForObjects(key));
  role.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: [mine ?? '', other ?? ''] }));
  acknowledgeWildcards(role, 'Objects of its own, whose names it gives.', (found) =>
    found.endsWith('mine/*'),
  );
  app.synth();
  expect(findingsOf(stack)).toEqual([expect.stringMatching(/IAM5\[Resource::Shared:.*\/other\/\*\]$/)]);
});
