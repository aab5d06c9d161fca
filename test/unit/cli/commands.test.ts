import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeEnvFile } from '../../../cli/local/environment.ts';
import { run } from '../../../cli/local/process.ts';
import { buildProgram, leaves } from '../../../cli/program.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

function program() {
  const texts = { out: '', err: '' };
  const built = buildProgram({
    environment: {},
    stdout: { write: (text) => (texts.out += text) },
    stderr: { write: (text) => (texts.err += text) },
  });
  return { built, texts };
}

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

describe('each command', () => {
  const commands = leaves(program().built);

  test.each(commands.map((command) => [pathOf(command), command] as const))(
    '%s takes --json, --jobs and --stage, and helps with an example of itself',
    async (path, command) => {
      expect(command.options.map(({ long }) => long)).toEqual(
        expect.arrayContaining(['--json', '--jobs', '--stage']),
      );
      const { built, texts } = program();
      await built.parseAsync(['node', ...path.split(' '), '--help']).catch(() => undefined);
      expect(texts.out).toMatch(/Usage: forebay /);
      const example = texts.out.slice(texts.out.indexOf('Examples:'));
      const words = path.replace('forebay ', '').split(' ');
      expect(example).toMatch(new RegExp(`\\$ .*forebay .*${words.join(' ')}`));
    },
  );

  test('is in docs/cli.md, and the docs name no other', () => {
    const docs = readFileSync(join(root, 'docs', 'cli.md'), 'utf8');
    const documented = [...docs.matchAll(/^### `forebay ([a-z ]+?)(?: [A-Z[].*)?`$/gm)].map(
      ([, name]) => name,
    );
    expect(documented.sort()).toEqual(
      commands.map((command) => pathOf(command).slice('forebay '.length)).sort(),
    );
  });

  test('has each of its own options in docs/cli.md', () => {
    const docs = readFileSync(join(root, 'docs', 'cli.md'), 'utf8');
    const missing = commands.flatMap((command) =>
      command.options.map(({ long }) => long ?? '').filter((long) => !docs.includes(long)),
    );
    expect(missing).toEqual([]);
  });
});

describe('the launcher', () => {
  let dir: string;
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS_|FOREBAY_|NO_COLOR|NODE_EXTRA)/.test(name)),
  );
  const forebay = (args: string[], environment: NodeJS.ProcessEnv = {}) =>
    run(process.execPath, [join(root, 'bin', 'forebay.mjs'), ...args], {
      env: { ...clean, FOREBAY_HOME: join(dir, 'home'), ...environment },
    });

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'forebay-launcher-'));
    mkdirSync(join(dir, 'home'));
    // Nobody listens on port 1: a command that is pointed there says so.
    writeEnvFile(join(dir, 'home', 'env'), {
      ...{ AWS_ENDPOINT_URL: 'https://localhost:1', AWS_REGION: 'eu-west-1' },
      ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    });
    writeFileSync(join(dir, 'a.csv'), 'id\n1\n');
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test.each([
    [['nothing-of-this-name'], /unknown command/],
    [['runs', 'list', '--status', 'BROKEN'], /Allowed choices/],
    [['load', 'ordrs', 'a.csv', '--slice', '2026-03-01'], /did you mean 'orders'/],
    [['load', 'orders', 'gone.csv', '--slice', '2026-3-1'], /no file gone\.csv\n.*write it as 2026-03-01/],
    [['--jobs', '/nowhere', 'jobs'], /there is no such folder/],
  ])('wrong usage (%j) is exit code 64 and one clear message', async (args, message) => {
    const { code, stderr } = await forebay(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(64);
  });

  test('points to the local cloud where the caller has chosen no account', async () => {
    const { code, stderr } = await forebay(['runs', 'list']);
    expect(stderr).toMatch(/https:\/\/localhost:1 does not answer: `forebay local status`/);
    expect(code).toBe(1);
  }, 60_000);

  test.each([
    ['an endpoint', { AWS_ENDPOINT_URL: 'http://localhost:2', AWS_REGION: 'eu-west-1' }, []],
    ['a stage', {}, ['--stage', 'prod']],
    ['a stage by the environment', { FOREBAY_STAGE: 'prod' }, []],
  ])(
    'leaves the local cloud alone where the caller has chosen %s',
    async (_, environment, args) => {
      const { code, stderr } = await forebay([...args, 'runs', 'list'], {
        AWS_EC2_METADATA_DISABLED: 'true',
        ...environment,
      });
      expect(stderr).not.toContain('localhost:1 ');
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(code).toBe(1);
    },
    60_000,
  );

  test('says that nothing runs, by text, JSON and exit code', async () => {
    const text = await forebay(['local', 'status']);
    expect(text.stdout).toMatch(/not running: `forebay local up` starts it/);
    expect(text.code).toBe(1);
    const json = await forebay(['local', 'status', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ running: false, healthy: false, pid: null });
    expect((await forebay(['local', 'down', '--json'])).stdout).toMatch(/"stopped": false/);
  }, 60_000);

  test('lists the job files without any cloud', async () => {
    const { code, stdout } = await forebay(['jobs', '--json'], { FOREBAY_STAGE: 'prod' });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ name: 'orders', cadence: 'daily', source: 'inbox', deployed: null }),
    );
  }, 60_000);
});
