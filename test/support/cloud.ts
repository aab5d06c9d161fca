/** A local cloud of a test's own, with the app deployed by the real CLI: its home is a folder that is gone behind it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Answer, cliPool } from './cli-pool.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export interface Cloud {
  home: string;
  /** What a client needs in its environment. */
  env: Record<string, string>;
  /** PEM of the authority that signed the server's certificate. */
  authority: Buffer;
  /** A command, in a process that other commands had before it. */
  forebay(...args: string[]): Promise<Answer>;
  /** The same by the launcher, in a process of its own, as a user starts it. */
  launched(...args: string[]): Promise<Answer>;
  /** The one JSON document that a command prints, which must succeed. */
  json<T>(...args: string[]): Promise<T>;
  stop(): Promise<void>;
}

/** `settings`: more of the environment that the CLI gets; a server that they name is used, and goes on behind it. */
export async function startCloud(jobs: string, settings: Record<string, string> = {}): Promise<Cloud> {
  const home = mkdtempSync(join(tmpdir(), 'forebay-e2e-'));
  const own = {
    FOREBAY_HOME: home,
    FOREBAY_VENV: join(root, '.forebay', 'venv'),
    FOREBAY_PORT: String(await freePort()),
  };
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS_|FOREBAY_|NODE_EXTRA)/.test(name)),
  );
  const environment = { ...clean, ...own, ...settings, NO_COLOR: '1' } as NodeJS.ProcessEnv;
  const launched = (...args: string[]) =>
    run(environment, [`${root}/bin/forebay.mjs`, '--jobs', jobs, ...args]);
  const foreign = settings.AWS_ENDPOINT_URL !== undefined;
  const down = async () => {
    if (!foreign) await launched('local', 'down');
  };
  const up = await launched('local', 'up');
  if (up.code !== 0) {
    await down();
    rmSync(home, { recursive: true, force: true });
    throw new Error(`local up failed:\n${up.stderr.slice(-4_000)}`);
  }
  const env = foreign ? settings : readEnv(join(home, 'env'));
  // As the launcher has it.
  const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const pool = cliPool({ env: { ...environment, ...quiet, ...env }, cwd: root });
  const forebay = (...args: string[]) => pool.run('--jobs', jobs, ...args);
  return {
    home,
    env,
    authority: readFileSync(env.NODE_EXTRA_CA_CERTS ?? ''),
    forebay,
    launched,
    json: async <T>(...args: string[]) => {
      const answer = await forebay('--json', ...args);
      if (answer.code !== 0)
        throw new Error(`forebay ${args.join(' ')} exited ${answer.code}: ${answer.stderr}`);
      return JSON.parse(answer.stdout) as T;
    },
    stop: async () => {
      pool.stop();
      await down();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function run(env: NodeJS.ProcessEnv, args: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { env, cwd: root, maxBuffer: 256 * 1024 ** 2 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      },
    );
  });
}

function readEnv(file: string): Record<string, string> {
  const pairs = readFileSync(file, 'utf8').matchAll(/^export (\w+)='(.*)'$/gm);
  return Object.fromEntries([...pairs].map(([, name = '', value = '']) => [name, value]));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
