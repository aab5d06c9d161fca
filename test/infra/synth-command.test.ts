import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureLayer, local, root } from '../support/app.ts';

const scratch = mkdtempSync(join(tmpdir(), 'forebay-synth-command-'));
const wrongJobs = join(scratch, 'wrong-jobs');

beforeAll(() => {
  ensureLayer(local);
  cpSync(join(root, 'jobs'), wrongJobs, { recursive: true });
  const wrong = {
    name: 'Wrong Name',
    owner: 'sales',
    cadence: 'weekly',
    timezone: 'Mars/Olympus',
    source: { kind: 'inbox' },
  };
  const text = `import { defineJob } from 'forebay/core/job';\nexport default defineJob(${JSON.stringify(wrong)} as never);\n`;
  writeFileSync(join(wrongJobs, 'wrong.ts'), text);
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Finished {
  code: number | null;
  output: string;
  assembly: string;
}

/** The real `cdk synth`, with no credentials, no home, and a proxy at which nobody listens. */
function synth(name: string, ...context: string[]): Promise<Finished> {
  const home = join(scratch, `home-${name}`);
  const assembly = join(scratch, `out-${name}`);
  mkdirSync(home);
  const deadProxy = 'http://127.0.0.1:9';
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    HTTPS_PROXY: deadProxy,
    HTTP_PROXY: deadProxy,
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_COLOR: '1',
  };
  const args = ['synth', '--quiet', '-o', assembly, ...context.flatMap((each) => ['-c', each])];
  return new Promise((done, failed) => {
    const child = spawn(join(root, 'node_modules', '.bin', 'cdk'), args, { cwd: root, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', failed);
    child.once('close', (code) => done({ code, output, assembly }));
  });
}

const templatesIn = (assembly: string): string[] =>
  readdirSync(assembly).filter((name) => name.endsWith('.template.json'));

test('`cdk synth` needs no credentials and no network', async () => {
  const { code, output, assembly } = await synth('plain');
  expect(code, output).toBe(0);
  expect(templatesIn(assembly).sort()).toEqual([
    'Forebay-local-dashboard.template.json',
    'Forebay-local-job-orders.template.json',
    'Forebay-local.template.json',
  ]);
}, 120_000);

test('a wrong job file stops `cdk synth` with the file, each field, its value and what is allowed', async () => {
  const { code, output } = await synth('wrong', `jobs=${wrongJobs}`);
  expect(code).not.toBe(0);
  expect(output).toContain('wrong.ts');
  for (const field of ['name', 'cadence', 'timezone', 'format', 'contract'])
    expect(output).toMatch(new RegExp(`\\b${field}\\b`));
  for (const value of ['Wrong Name', 'weekly', 'Mars/Olympus']) expect(output).toContain(value);
  expect(output).toContain('hourly');
  expect(output).not.toMatch(/^\s+at /m);
  expect(output).not.toContain('node_modules');
}, 120_000);

test('a stage that there is not is one clear line', async () => {
  const { code, output } = await synth('stage', 'stage=nope');
  expect(code).not.toBe(0);
  const ours = output.split('\n').filter((line) => line.includes('nope'));
  expect(ours).toEqual(["there is no stage 'nope' in infra/config.ts; there are: local"]);
  expect(output).not.toMatch(/^\s+at /m);
}, 120_000);
