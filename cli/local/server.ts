/**
 * The local cloud's one process: MiniStack, enforced (each call is checked against its role's policy), behind
 * TLS, on loopback. Its S3 objects live in memory: a server that has stopped has lost them all.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../problem.ts';
import { type Certificate, ensureCertificate } from './certificate.ts';
import { reservePort } from './checks.ts';
import { homeAt } from './home.ts';
import { endGroup, isAlive } from './process.ts';
import { ensureVenv, venvPython } from './venv.ts';

export const localAccount = '000000000000';
export const defaultRegion = 'eu-west-1';

export interface StartOptions {
  /** State directory of its own: certificate, log, temporary files. */
  home: string;
  /** 0 or absent: any free one. */
  port?: number;
  /** Whether policies are enforced. Default: they are. */
  auth?: boolean;
  region?: string;
  /** A virtual environment to share; default `<home>/venv`. */
  venv?: string;
  /** More of the server's own environment, e.g. SFN_WAIT_SCALE. */
  env?: Record<string, string>;
  say?: (text: string) => void;
}

export interface LocalServer {
  pid: number;
  port: number;
  endpoint: string;
  /** What a client of it needs in its environment. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts a server and waits until it answers. It outlives this process unless it is stopped. */
export async function startServer(options: StartOptions): Promise<LocalServer> {
  const home = homeAt(options.home, options.venv);
  const say = options.say ?? (() => undefined);
  await ensureVenv(home.venv, process.env, say);
  const certificate = await ensureCertificate(home.tls, process.env);
  const port = await reservePort(options.port ?? 0);
  const region = options.region ?? defaultRegion;
  const endpoint = `https://localhost:${port}`;
  mkdirSync(home.tmp, { recursive: true });
  // Functions are unpacked there: without a package of its own, one further up would say what their files are.
  writeFileSync(join(home.tmp, 'package.json'), '{ "type": "commonjs" }\n');
  const env = { ...serverEnvironment(options, port, endpoint, certificate, home.tmp), ...options.env };
  const pid = spawnServer(venvPython(home.venv), port, env, home.log);
  await untilHealthy(pid, endpoint, certificate.authority, home.log);
  return { pid, port, endpoint, env: clientEnvironment(endpoint, region, certificate), stop };

  async function stop(): Promise<void> {
    await endGroup(pid);
    rmSync(home.tmp, { recursive: true, force: true });
  }
}

/** Nothing of the caller's environment gets in but what a program needs: functions inherit the server's. */
function serverEnvironment(
  options: StartOptions,
  port: number,
  endpoint: string,
  certificate: Certificate,
  tmp: string,
): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(kept),
    TMPDIR: tmp,
    AUTH: String(options.auth ?? true),
    USE_SSL: '1',
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    MINISTACK_HOST: 'localhost',
    MINISTACK_SSL_CERT: certificate.certificate,
    MINISTACK_SSL_KEY: certificate.key,
    MINISTACK_REGION: options.region ?? defaultRegion,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    NODE_EXTRA_CA_CERTS: certificate.authority,
    AWS_CA_BUNDLE: certificate.authority,
    LAMBDA_WARM_TTL_SECONDS: '900',
    // Backoffs of seconds protect a shared service; nobody shares this one. And it tries again what AWS would not.
    SFN_WAIT_SCALE: '0.01',
  };
}

/**
 * By Hypercorn's own command and not by MiniStack's, which also takes port 443 where it may. No workers: state
 * lives in the process. It leads a group, so that the functions that it starts end with it.
 */
function spawnServer(python: string, port: number, env: Record<string, string>, log: string): number {
  const out = openSync(log, 'w');
  const config = 'python:ministack.core.hypercorn_conf';
  const args = ['-m', 'hypercorn', '-c', config, '--bind', `127.0.0.1:${port}`, '--workers', '0'];
  const child = spawn(python, [...args, 'ministack.app:app'], {
    env,
    detached: true,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  child.unref();
  if (child.pid === undefined)
    throw new Problem(`${python} could not be started: remove its folder and try again`);
  return child.pid;
}

async function untilHealthy(pid: number, endpoint: string, authority: string, log: string): Promise<void> {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    if (await isHealthy(endpoint, authority)) return;
    if (!isAlive(pid)) throw new Problem(`the local cloud ended while it started; its log is ${log}`);
    await sleep(100);
  }
  await endGroup(pid);
  throw new Problem(`the local cloud did not answer within a minute; its log is ${log}`);
}

/** Whether a server that shows a certificate of this authority answers there. */
export async function isHealthy(endpoint: string, authority: string): Promise<boolean> {
  try {
    return (await callServer('GET', `${endpoint}/_ministack/health`, authority)) === 200;
  } catch {
    return false;
  }
}

/** One request to the server's own paths; resolves to the status. */
export function callServer(method: 'GET' | 'POST', url: string, authority: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const ca = readFileSync(authority);
    const sent = request(url, { method, ca, timeout: 30_000 }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
      answer.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in 30 s')));
    sent.on('error', reject);
    sent.end();
  });
}

export function clientEnvironment(
  endpoint: string,
  region: string,
  certificate: Certificate,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    NODE_EXTRA_CA_CERTS: certificate.authority,
    AWS_CA_BUNDLE: certificate.authority,
  };
}

export const certificateIn = (tls: string): Pick<Certificate, 'authority'> => ({
  authority: join(tls, 'authority.pem'),
});
