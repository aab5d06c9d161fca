/** cfn-lint over every template of the app: what CloudFormation's own schemas say, apart from the CDK. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { homeFrom } from '../../cli/local/home.ts';
import type { JobVersion } from '../../core/job/model.ts';
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

const cfnLint = join(homeFrom(process.env).venv, 'bin', 'cfn-lint');
const folder = mkdtempSync(join(tmpdir(), 'forebay-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bucket = { bucket: 'partner-bucket', account: '210987654321' };
const own = await ownJobs();
const jobs = [
  ...own,
  await settlingJob(),
  await evolvingJob(),
  await triggeredJob(),
  await ordersJob({
    name: 'partner',
    source: { kind: 's3', bucket: 'partner-files', prefix: 'out/{slice}/' },
    schedule: null,
  }),
];

/** Every kind of job on AWS, and the laptop's stage with one: the stages differ in what they keep, in all jobs alike. */
const stages: Array<{ config: Config; of: JobVersion[] }> = [
  { config: local, of: own },
  { config: { ...production, buckets: { 'partner-files': bucket } }, of: jobs },
];

interface Finding {
  rule: string;
  level: string;
  message: string;
  file: string;
}

/** Its exit code says which levels it found; its output is one JSON list. */
function lint(files: string[], region: string): Finding[] {
  const { stdout, stderr, error } = spawnSync(
    cfnLint,
    ['--format', 'json', '--regions', region, '--', ...files],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 ** 2,
    },
  );
  if (error !== undefined) throw new Error(`${cfnLint} could not be started: \`npm test\` installs it`);
  if (stderr !== '') throw new Error(stderr);
  const found = JSON.parse(stdout || '[]') as Array<{
    Rule: { Id: string };
    Level: string;
    Message: string;
    Filename: string;
  }>;
  return found.map(({ Rule, Level, Message, Filename }) => ({
    rule: Rule.Id,
    level: Level,
    message: Message,
    file: Filename,
  }));
}

/** The templates of a stage, as files of ours. */
const templatesOf = (config: Config, of: JobVersion[]): string[] =>
  withApp(config, of, (_, { directory }) =>
    readdirSync(directory)
      .filter((name) => name.endsWith('.template.json'))
      .map((name) => {
        const file = join(folder, name);
        writeFileSync(file, readFileSync(join(directory, name)));
        return file;
      }),
  );

test('the pinned cfn-lint is in the virtual environment', () => {
  const pinned = readFileSync(
    new URL('../../scripts/cfn-lint-requirements.txt', import.meta.url),
    'utf8',
  ).match(/^cfn-lint==(\S+)$/m);
  expect(execFileSync(cfnLint, ['--version'], { encoding: 'utf8' }).trim()).toBe(`cfn-lint ${pinned?.[1]}`);
});

test.each(stages)(
  'cfn-lint has nothing against the templates of stage $config.stage',
  ({ config, of }) => {
    const files = templatesOf(config, of);
    // What all share, the dashboard, and the jobs.
    expect(files.length).toBe(2 + of.length);
    // The CDK makes each function wait for its role beside its role's policy, so that it never runs without.
    const found = lint(files, config.region).filter(({ rule }) => rule !== 'W3005');
    expect(found).toEqual([]);
  },
  120_000,
);

test('cfn-lint sees a property that there is not, a type that is wrong and a reference to nothing', () => {
  const file = join(folder, 'wrong.template.json');
  const Resources = {
    Queue: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimout: 30 } },
    Table: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: 'soon' } },
    Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { Ref: 'Nothing' } } },
  };
  writeFileSync(file, JSON.stringify({ Resources }));
  const found = lint([file], local.region);
  expect(found.map(({ rule, level }) => `${level} ${rule}`).sort()).toEqual([
    'Error E1020',
    'Error E3002',
    'Error E3012',
  ]);
}, 60_000);
