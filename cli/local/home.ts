/** The local cloud's state directory: `.forebay`, or where FOREBAY_HOME says. Everything lies below it. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's own folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export interface Home {
  dir: string;
  venv: string;
  tls: string;
  /** Temporary files of the server: the code of its functions, among others. */
  tmp: string;
  log: string;
  deployLog: string;
  pidFile: string;
  envFile: string;
  cloudAssembly: string;
}

export function homeAt(dir: string, venv = join(dir, 'venv')): Home {
  mkdirSync(dir, { recursive: true });
  return {
    dir,
    venv,
    tls: join(dir, 'tls'),
    tmp: join(dir, 'tmp'),
    log: join(dir, 'ministack.log'),
    deployLog: join(dir, 'deploy.log'),
    pidFile: join(dir, 'ministack.json'),
    envFile: join(dir, 'env'),
    cloudAssembly: join(dir, 'cdk.out'),
  };
}

/** FOREBAY_HOME moves the whole of it; FOREBAY_VENV shares one virtual environment between several. */
export function homeFrom(environment: NodeJS.ProcessEnv): Home {
  return homeAt(
    resolve(environment.FOREBAY_HOME || join(root, '.forebay')),
    environment.FOREBAY_VENV ? resolve(environment.FOREBAY_VENV) : undefined,
  );
}
