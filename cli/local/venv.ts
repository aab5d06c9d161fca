/** The virtual environment with the pinned local cloud. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem } from '../problem.ts';
import { findPython } from './checks.ts';
import { run } from './process.ts';

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

/** Makes the environment, or makes it anew where the requirements have changed. */
export async function ensureVenv(
  venv: string,
  environment: NodeJS.ProcessEnv,
  say: (text: string) => void,
): Promise<void> {
  if (venvIsReady(venv)) return;
  const python = await findPython(environment);
  say(`installing the local cloud into ${venv}`);
  rmSync(venv, { recursive: true, force: true });
  const made = await run(python, ['-m', 'venv', venv], { env: environment });
  if (made.code !== 0) {
    rmSync(venv, { recursive: true, force: true });
    throw new Problem(`${python} could not make a virtual environment in ${venv}: ${lastLine(made)}`);
  }
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  const installed = await run(venvPython(venv), args, { env: environment });
  if (installed.code !== 0) {
    rmSync(venv, { recursive: true, force: true });
    throw new Problem(
      `pip could not install the local cloud (is the network there?): ${lastLine(installed)}`,
    );
  }
  // The stamp comes last and at once: an interrupted installation is made anew.
  writeFileSync(`${stamp(venv)}.new`, digest());
  renameSync(`${stamp(venv)}.new`, stamp(venv));
}

function lastLine(ended: { stdout: string; stderr: string }): string {
  const lines = `${ended.stdout}\n${ended.stderr}`.trim().split('\n');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'no output';
}
