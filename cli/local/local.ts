/** `forebay local`: the local cloud up, down, its status, and emptied. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Output } from '../output.ts';
import { Problem } from '../problem.ts';
import { portFrom, requireOpenssl, reservePort } from './checks.ts';
import { bootstrap, buildLayer, type DeployContext, deploy, synth } from './deploy.ts';
import { localEnvironment, readEnvFile, writeEnvFile } from './environment.ts';
import { type Home, homeFrom, root } from './home.ts';
import { run } from './process.ts';
import { findRunning, type Running, stopRunning, writeRunning } from './running.ts';
import { callServer, certificateIn, isHealthy, localAccount, startServer } from './server.ts';
import { ensureVenv } from './venv.ts';

export interface LocalDeps {
  environment: NodeJS.ProcessEnv;
  output: Output;
  /** Folder of the job files; `null`: the app's own. */
  jobs: string | null;
}

const context = (deps: LocalDeps): DeployContext => ({
  home: homeFrom(deps.environment),
  output: deps.output,
  jobs: deps.jobs === null ? null : resolve(deps.jobs),
});

/** The endpoint that the caller set; one that the launcher read from our own file is not it. */
export function foreignEndpoint(environment: NodeJS.ProcessEnv): string | null {
  return environment.FOREBAY_ENV_FILE ? null : environment.AWS_ENDPOINT_URL || null;
}

/** Everything up to a deployed app. What is there already is used: a second `up` deploys what has changed. */
export async function up(deps: LocalDeps): Promise<void> {
  const at = context(deps);
  const foreign = foreignEndpoint(deps.environment);
  if (foreign === null) await checkMachine(at.home, deps);
  await buildLayer(at, deps.environment);
  const { region } = await synth(at, localEnvironment(deps.environment, {}));
  const values = foreign === null ? await ensureServer(at.home, region, deps) : foreignValues(deps, region);
  const running = foreign === null ? await findRunning(at.home) : null;
  await deployTo(deps, values, running);
  deps.output.result({ endpoint: values.AWS_ENDPOINT_URL, region, pid: running?.pid ?? null }, (out) => {
    out.line(`${out.paint('green', 'up')}: ${values.AWS_ENDPOINT_URL} (${region})`);
    if (foreign === null)
      out.line(out.paint('dim', 'its objects live in memory: `forebay local down` loses them'));
  });
}

/** All that can be missing is asked before anything slow begins. */
async function checkMachine(home: Home, deps: LocalDeps): Promise<void> {
  await requireOpenssl(deps.environment);
  const port = portFrom(deps.environment);
  const running = await findRunning(home);
  if (running === null) await reservePort(port);
  else if (deps.environment.FOREBAY_PORT && running.port !== port) {
    throw new Problem(
      `the local cloud runs on port ${running.port} already: run \`forebay local down\` first to move it to ${port}`,
    );
  }
  await ensureVenv(home.venv, deps.environment, (text) => deps.output.progress(text));
}

async function ensureServer(home: Home, region: string, deps: LocalDeps): Promise<Record<string, string>> {
  const running = await findRunning(home);
  if (running !== null && existsSync(home.envFile)) {
    if (running.region === region && (await isHealthy(running.endpoint, certificateIn(home.tls).authority))) {
      return readEnvFile(home.envFile);
    }
  }
  await stopRunning(home);
  deps.output.progress('starting the local cloud');
  const server = await startServer({
    home: home.dir,
    venv: home.venv,
    port: portFrom(deps.environment),
    region,
  });
  const { pid, port, endpoint } = server;
  writeRunning(home, {
    ...{ pid, port, endpoint, region, bootstrapped: false },
    startedAt: new Date().toISOString(),
  });
  writeEnvFile(home.envFile, server.env);
  return server.env;
}

/** Another emulator, or a server that somebody else started: its settings are the caller's own. */
function foreignValues(deps: LocalDeps, region: string): Record<string, string> {
  const { AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = deps.environment;
  return {
    AWS_ENDPOINT_URL,
    AWS_ENDPOINT_URL_S3: deps.environment.AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL,
    AWS_ACCESS_KEY_ID: AWS_ACCESS_KEY_ID || 'test',
    AWS_SECRET_ACCESS_KEY: AWS_SECRET_ACCESS_KEY || 'test',
    AWS_REGION: region,
  };
}

async function deployTo(
  deps: LocalDeps,
  values: Record<string, string>,
  running: Running | null,
): Promise<void> {
  const at = context(deps);
  const env = localEnvironment(deps.environment, values);
  if (!running?.bootstrapped) {
    await bootstrap(at, env, { account: localAccount, region: values.AWS_REGION ?? '' });
    if (running !== null) writeRunning(at.home, { ...running, bootstrapped: true });
  }
  await deploy(at, env);
  deps.output.progress('making the keys that jobs need');
  const jobs = deps.jobs === null ? [] : ['--jobs', resolve(deps.jobs)];
  const made = await run(
    process.execPath,
    [`${root}/bin/forebay.mjs`, ...jobs, 'secrets', 'init', '--json'],
    { env },
  );
  if (made.code !== 0) throw new Problem(`secrets init failed: ${made.stderr.trim()}`);
}

export async function down(deps: LocalDeps): Promise<void> {
  if (foreignEndpoint(deps.environment) !== null) {
    throw new Problem(
      'AWS_ENDPOINT_URL is set, so that server is not ours to stop: unset it to stop our own',
    );
  }
  const stopped = await stopRunning(homeFrom(deps.environment));
  deps.output.result({ stopped: stopped !== null, pid: stopped?.pid ?? null }, (out) => {
    if (stopped === null) out.line('the local cloud was not running');
    else out.line(`stopped (pid ${stopped.pid}); what it stored is gone`);
  });
}

export interface LocalStatus {
  running: boolean;
  healthy: boolean;
  pid: number | null;
  endpoint: string | null;
  region: string | null;
  startedAt: string | null;
  stateDirectory: string;
  log: string;
}

export async function status(deps: LocalDeps): Promise<LocalStatus> {
  const home = homeFrom(deps.environment);
  const running = await findRunning(home);
  const healthy = running !== null && (await isHealthy(running.endpoint, certificateIn(home.tls).authority));
  return {
    running: running !== null,
    healthy,
    pid: running?.pid ?? null,
    endpoint: running?.endpoint ?? null,
    region: running?.region ?? null,
    startedAt: running?.startedAt ?? null,
    stateDirectory: home.dir,
    log: home.log,
  };
}

/** Empties the local cloud and deploys anew. */
export async function reset(deps: LocalDeps): Promise<void> {
  const home = homeFrom(deps.environment);
  if (foreignEndpoint(deps.environment) !== null) {
    throw new Problem(
      'AWS_ENDPOINT_URL is set, and only our own local cloud is ever emptied: unset it first',
    );
  }
  const running = await findRunning(home);
  if (running === null) throw new Problem('the local cloud is not running: `forebay local up` starts it');
  deps.output.progress('emptying the local cloud');
  const status = await callServer(
    'POST',
    `${running.endpoint}/_ministack/reset`,
    certificateIn(home.tls).authority,
  );
  if (status !== 200) {
    throw new Problem(
      `the local cloud answered ${status} to the reset: \`forebay local down\` and \`up\` do the same`,
    );
  }
  writeRunning(home, { ...running, bootstrapped: false });
  await up(deps);
}
