import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureCertificate } from '../../../cli/local/certificate.ts';
import { findPython, portFrom, requireOpenssl, reservePort } from '../../../cli/local/checks.ts';
import { localEnvironment, readEnvFile, writeEnvFile } from '../../../cli/local/environment.ts';
import { homeAt } from '../../../cli/local/home.ts';
import { foreignEndpoint } from '../../../cli/local/local.ts';
import { run } from '../../../cli/local/process.ts';
import { findRunning, writeRunning } from '../../../cli/local/running.ts';
import { Problem } from '../../../cli/problem.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forebay-local-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A PATH with nothing on it but these scripts. */
function pathWith(name: string, scripts: Record<string, string>): NodeJS.ProcessEnv {
  const bin = join(dir, name);
  mkdirSync(bin);
  symlinkSync('/bin/sh', join(bin, 'sh'));
  for (const [script, text] of Object.entries(scripts)) {
    writeFileSync(join(bin, script), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, script), 0o755);
  }
  return { PATH: bin };
}

const says = (version: string) => `case "$2" in *platform*) echo ${version};; *) exit 0;; esac`;

/** One line for people, with all of these parts. */
async function oneLine(attempt: Promise<unknown>, ...parts: Array<string | RegExp>): Promise<void> {
  const error = await attempt.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Problem);
  const { message } = error as Problem;
  expect(message).not.toContain('\n');
  for (const part of parts) expect(message).toMatch(part);
}

test('without any Python, one line says what to install or set', async () => {
  await oneLine(
    findPython(pathWith('none', {})),
    /Python 3\.10 or newer/,
    /none was found/,
    /FOREBAY_PYTHON/,
  );
});

test('an old Python is named, and a newer one further on is taken', async () => {
  const old = pathWith('old', { python3: says('3.9.18') });
  await oneLine(findPython(old), /python3 is 3\.9\.18/, /3\.10 or newer/);
  const both = pathWith('both', { python3: says('3.9.18'), 'python3.12': says('3.12.1') });
  expect(await findPython(both)).toBe('python3.12');
});

test('a Python without venv is told apart from one that is missing', async () => {
  const bare = pathWith('bare', { python3: 'case "$2" in *platform*) echo 3.11.2;; *) exit 1;; esac' });
  await oneLine(findPython(bare), /python3 has no venv module/, /python3-venv/);
});

test('without openssl, one line says so', async () => {
  await oneLine(requireOpenssl(pathWith('tls', {})), /needs openssl/, /install it/);
});

test('a port that is in use is one line that names FOREBAY_PORT', async () => {
  const other = createServer();
  const port = await new Promise<number>((resolve) => {
    other.listen(0, '127.0.0.1', () => {
      const address = other.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  await oneLine(reservePort(port), new RegExp(`port ${port} is in use`), /FOREBAY_PORT=/);
  other.close();
});

test('the port is 4566, or what FOREBAY_PORT says', () => {
  expect(portFrom({})).toBe(4566);
  expect(portFrom({ FOREBAY_PORT: '4600' })).toBe(4600);
  for (const FOREBAY_PORT of ['0', '65536', 'http', '12.5']) {
    expect(() => portFrom({ FOREBAY_PORT })).toThrow(/FOREBAY_PORT/);
  }
});

test('the certificate is for loopback names only, its key is for its owner only, and the authority signs no more', async () => {
  const tls = join(dir, 'certificate');
  const pair = await ensureCertificate(tls, process.env);
  const server = new X509Certificate(readFileSync(pair.certificate));
  const authority = new X509Certificate(readFileSync(pair.authority));
  expect(server.subjectAltName).toBe('DNS:localhost, DNS:*.localhost, IP Address:127.0.0.1');
  expect(server.ca).toBe(false);
  expect(server.verify(authority.publicKey)).toBe(true);
  expect(authority.ca).toBe(true);
  expect(statSync(pair.key).mode & 0o777).toBe(0o600);
  expect(existsSync(join(tls, 'authority.key'))).toBe(false);
  const printed = await run('openssl', ['x509', '-in', pair.authority, '-noout', '-ext', 'nameConstraints']);
  expect(printed.stdout).toMatch(/critical[\s\S]*Permitted:[\s\S]*DNS:localhost[\s\S]*IP:127\.0\.0\.0/);
  const before = server.fingerprint256;
  await ensureCertificate(tls, process.env);
  expect(new X509Certificate(readFileSync(pair.certificate)).fingerprint256).toBe(before);
});

test('the env file gives back what was written, in a shell, too', async () => {
  const file = join(dir, 'env');
  const values = { AWS_REGION: 'eu-west-1', NODE_EXTRA_CA_CERTS: "/home/o'neill/a b/$x.pem" };
  writeEnvFile(file, values);
  expect(readEnvFile(file)).toEqual(values);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const sourced = await run('sh', ['-c', `. '${file}'; printf %s "$NODE_EXTRA_CA_CERTS"`]);
  expect(sourced.stdout).toBe(values.NODE_EXTRA_CA_CERTS);
  expect(readEnvFile(join(dir, 'nowhere'))).toEqual({});
});

test("the local cloud's tools get none of the caller's other credentials", () => {
  const caller = { PATH: '/bin', AWS_PROFILE: 'prod', AWS_SESSION_TOKEN: 't', AWS_ACCESS_KEY_ID: 'AKIA' };
  const made = localEnvironment(caller, { AWS_ACCESS_KEY_ID: 'test' });
  expect(made).toMatchObject({ PATH: '/bin', AWS_ACCESS_KEY_ID: 'test' });
  expect(made).not.toHaveProperty('AWS_PROFILE');
  expect(made).not.toHaveProperty('AWS_SESSION_TOKEN');
});

test("an endpoint that the caller set is used; one that came from our own file is not taken for the caller's", () => {
  expect(foreignEndpoint({ AWS_ENDPOINT_URL: 'http://localhost:9' })).toBe('http://localhost:9');
  expect(foreignEndpoint({ AWS_ENDPOINT_URL: 'https://localhost:4566', FOREBAY_ENV_FILE: 'env' })).toBeNull();
  expect(foreignEndpoint({})).toBeNull();
});

test("a pid that belongs to another program by now is not taken for the server's", async () => {
  const home = homeAt(join(dir, 'pid'));
  const running = { port: 4566, endpoint: '', region: '', bootstrapped: true, startedAt: '' };
  writeRunning(home, { ...running, pid: process.pid });
  expect(await findRunning(home)).toBeNull();
  writeRunning(home, { ...running, pid: 2 ** 22 - 1 });
  expect(await findRunning(home)).toBeNull();
});
