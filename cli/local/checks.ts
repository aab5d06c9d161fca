/** What the local cloud needs of the machine. Each missing thing is one line that says what to do. */
import { createServer } from 'node:net';
import { Problem } from '../problem.ts';
import { run } from './process.ts';

const oldestPython = [3, 10] as const;

/** A Python ≥ 3.10 that can make virtual environments. FOREBAY_PYTHON names one; else the PATH is searched. */
export async function findPython(environment: NodeJS.ProcessEnv): Promise<string> {
  const named = environment.FOREBAY_PYTHON;
  const candidates = named
    ? [named]
    : ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
  const seen: string[] = [];
  for (const candidate of candidates) {
    const version = await pythonVersion(candidate, environment);
    if (version === null) continue;
    seen.push(`${candidate} is ${version}`);
    if (!newEnough(version)) continue;
    await requireVenv(candidate, environment);
    return candidate;
  }
  const found = seen.length === 0 ? 'none was found' : seen.join(', ');
  throw new Problem(
    `the local cloud needs Python 3.10 or newer (${found}): install it, or set FOREBAY_PYTHON to its path`,
  );
}

async function pythonVersion(python: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const asked = await run(python, ['-c', 'import platform; print(platform.python_version())'], { env });
  return asked.code === 0 ? asked.stdout.trim() : null;
}

function newEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === oldestPython[0] && minor >= oldestPython[1];
}

/** Debian and Ubuntu ship Python without the part that makes environments. */
async function requireVenv(python: string, env: NodeJS.ProcessEnv): Promise<void> {
  const asked = await run(python, ['-c', 'import venv, ensurepip'], { env });
  if (asked.code !== 0) {
    throw new Problem(
      `${python} has no venv module: install it (on Debian and Ubuntu: apt install python3-venv)`,
    );
  }
}

export async function requireOpenssl(environment: NodeJS.ProcessEnv): Promise<void> {
  const asked = await run('openssl', ['version'], { env: environment });
  if (asked.code !== 0) {
    throw new Problem('the local cloud needs openssl on the PATH, for its certificate: install it');
  }
}

/** The port that FOREBAY_PORT names; 4566 where it names none. */
export function portFrom(environment: NodeJS.ProcessEnv): number {
  const text = environment.FOREBAY_PORT || '4566';
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new Problem(`FOREBAY_PORT is '${text}', which is not a port: set it to a number from 1 to 65535`);
  }
  return port;
}

/** Binds the port on loopback for a moment. 0: any free one. Resolves to the port. */
export function reservePort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(portProblem(port, error.code ?? error.message)),
    );
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      probe.close(() => resolve(taken));
    });
  });
}

function portProblem(port: number, code: string): Problem {
  const why = code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be listened on (${code})`;
  return new Problem(
    `port ${port} ${why}: set FOREBAY_PORT to a free one, for instance FOREBAY_PORT=${port + 100}`,
  );
}
