/** The virtual environment with the pinned local cloud. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Problem } from '../problem.ts';
import { findPython } from './checks.ts';
import { isAlive, run } from './process.ts';

const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));
const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
/** `requirements.txt` is stamped `forebay-requirements.sha256`. */
const stamp = (venv: string, file: string): string => join(venv, `forebay-${basename(file, '.txt')}.sha256`);

export const venvPython = (venv: string): string => join(venv, 'bin', 'python');

/** Whether the environment holds just what the requirements say. */
export const venvIsReady = (venv: string): boolean => holds(venv, requirements);

const holds = (venv: string, file: string): boolean =>
  existsSync(venvPython(venv)) &&
  existsSync(stamp(venv, file)) &&
  readFileSync(stamp(venv, file), 'utf8') === digest(file);

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
    await make(venv, python, environment);
    await install(venv, requirements, environment);
  } catch (error) {
    rmSync(venv, { recursive: true, force: true });
    throw error;
  } finally {
    unlock();
  }
}

/** Adds to an environment that is there what one more file of requirements says, where it is not in it yet. */
export async function addRequirements(
  venv: string,
  file: string,
  environment: NodeJS.ProcessEnv,
  say: (text: string) => void,
): Promise<void> {
  if (holds(venv, file)) return;
  const unlock = await lock(`${venv}.lock`);
  try {
    if (holds(venv, file)) return;
    say(`installing ${basename(file)} into ${venv}`);
    await install(venv, file, environment);
  } finally {
    unlock();
  }
}

async function make(venv: string, python: string, environment: NodeJS.ProcessEnv): Promise<void> {
  rmSync(venv, { recursive: true, force: true });
  const made = await run(python, ['-m', 'venv', venv], { env: environment });
  if (made.code !== 0) {
    throw new Problem(`${python} could not make a virtual environment in ${venv}: ${lastLine(made)}`);
  }
}

async function install(venv: string, file: string, environment: NodeJS.ProcessEnv): Promise<void> {
  // Not compiled: half of the time went into modules that nothing ever imports.
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-compile'];
  const args = ['-m', 'pip', 'install', ...quiet, '-r', file];
  const installed = await run(venvPython(venv), args, { env: environment });
  if (installed.code !== 0) {
    throw new Problem(
      `pip could not install ${basename(file)} (is the network there?): ${lastLine(installed)}`,
    );
  }
  // The stamp comes last and at once: an interrupted installation is made anew.
  writeFileSync(`${stamp(venv, file)}.new`, digest(file));
  renameSync(`${stamp(venv, file)}.new`, stamp(venv, file));
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
