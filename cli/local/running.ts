/** Which server is ours: the pid file, and a check that the pid still is what it says. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Home } from './home.ts';
import { commandLine, endGroup, isAlive } from './process.ts';

export interface Running {
  pid: number;
  port: number;
  endpoint: string;
  region: string;
  /** Whether `cdk bootstrap` was done since it started or was emptied. */
  bootstrapped: boolean;
  /** ISO 8601. */
  startedAt: string;
}

export function writeRunning(home: Home, running: Running): void {
  writeFileSync(`${home.pidFile}.new`, `${JSON.stringify(running, null, 2)}\n`);
  renameSync(`${home.pidFile}.new`, home.pidFile);
}

/** The server of this home that is alive. A pid that was given to another program since is not taken for it. */
export async function findRunning(home: Home): Promise<Running | null> {
  if (!existsSync(home.pidFile)) return null;
  const running = JSON.parse(readFileSync(home.pidFile, 'utf8')) as Running;
  if (!isAlive(running.pid)) return null;
  const line = await commandLine(running.pid);
  const ours = line?.includes('ministack') && line.includes(`127.0.0.1:${running.port}`);
  return ours ? running : null;
}

export async function stopRunning(home: Home): Promise<Running | null> {
  const running = await findRunning(home);
  if (running !== null) await endGroup(running.pid);
  rmSync(home.pidFile, { force: true });
  rmSync(home.envFile, { force: true });
  rmSync(home.tmp, { recursive: true, force: true });
  return running;
}
