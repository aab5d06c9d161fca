/** The virtual environment with the pinned local cloud. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Problem } from '../problem.ts';
import { findPython } from './checks.ts';
import { isAlive, run } from './process.ts';

const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));
const digest = (): string => createHash('sha256').update(readFileSync(requirements)).digest('hex');
const stamp = (venv: string): string => join(venv, 'forebay-requirements.sha256');

export const venvPython = (venv: string): string => join(venv, 'bin', 'python');

/** Whether the environment holds just what the requirements say. */
export function venvIsReady(venv: string): boolean {
  return (
    existsSync(venvPython(venv)) && existsSync(stamp(venv)) && readFileSync(stamp(venv), 'utf8') === digest()
  );
}

/** Makes the environment, or makes it anew where the requirements have changed. One process at a time does. */
export async function ensureVenv(
  venv: string,
  environment: NodeJS.ProcessEnv,
  say: (text: string) => void,
): Promise<void> {
  if (venvIsReady(venv)) return;
  const python = await findPython(environment);
  const unlock = await lock(`${venv}.lock`);
  try {
    // Whoever held the lock may have made it.
    if (venvIsReady(venv)) return;
    say(`installing the local cloud into ${venv}`);
    await install(venv, python, environment);
  } catch (error) {
    rmSync(venv, { recursive: true, force: true });
    throw error;
  } finally {
    unlock();
  }
}

async function install(venv: string, python: string, environment: NodeJS.ProcessEnv): Promise<void> {
  rmSync(venv, { recursive: true, force: true });
  const made = await run(python, ['-m', 'venv', venv], { env: environment });
  if (made.code !== 0) {
    throw new Problem(`${python} could not make a virtual environment in ${venv}: ${lastLine(made)}`);
  }
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  const installed = await run(venvPython(venv), args, { env: environment });
  if (installed.code !== 0) {
    throw new Problem(
      `pip could not install the local cloud (is the network there?): ${lastLine(installed)}`,
    );
  }
  // The stamp comes last and at once: an interrupted installation is made anew.
  writeFileSync(`${stamp(venv)}.new`, digest());
  renameSync(`${stamp(venv)}.new`, stamp(venv));
}

/** Waits while another process that is alive holds the lock; one that has died holds it no more. */
async function lock(file: string): Promise<() => void> {
  mkdirSync(dirname(file), { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true });
    else await sleep(200);
  }
}

function lastLine(ended: { stdout: string; stderr: string }): string {
  const lines = `${ended.stdout}\n${ended.stderr}`.trim().split('\n');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'no output';
}
