/** The local cloud's own authority and server certificate: loopback names only, made by openssl. */

import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem.ts';
import { requireOpenssl } from './checks.ts';
import { run } from './process.ts';

export interface Certificate {
  /** PEM of the authority: what a client has to trust. */
  authority: string;
  certificate: string;
  key: string;
}

const days = 365;
const renewBeforeDays = 7;

const names = 'subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1';
const serverExtensions = [
  names,
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature,keyEncipherment',
  'extendedKeyUsage=serverAuth',
].join('\n');
// What this authority signs is good for loopback names alone, whatever happens to its key.
const authorityExtensions = [
  'basicConstraints=critical,CA:TRUE,pathlen:0',
  'keyUsage=critical,keyCertSign',
  'nameConstraints=critical,permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0',
];

/** Makes the pair where there is none, or where it is about to expire. */
export async function ensureCertificate(dir: string, environment: NodeJS.ProcessEnv): Promise<Certificate> {
  const pair: Certificate = {
    authority: join(dir, 'authority.pem'),
    certificate: join(dir, 'server.pem'),
    key: join(dir, 'server.key'),
  };
  if (isGood(pair)) return pair;
  await requireOpenssl(environment);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await make(dir, pair, environment);
  return pair;
}

function isGood(pair: Certificate): boolean {
  if (!Object.values(pair).every((file: string) => existsSync(file))) return false;
  const { validTo } = new X509Certificate(readFileSync(pair.certificate));
  return Date.parse(validTo) - Date.now() > renewBeforeDays * 86_400_000;
}

async function make(dir: string, pair: Certificate, env: NodeJS.ProcessEnv): Promise<void> {
  const authorityKey = join(dir, 'authority.key');
  const request = join(dir, 'server.csr');
  const extensions = join(dir, 'extensions');
  writeFileSync(extensions, serverExtensions);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const openssl = async (...args: string[]) => {
    const ended = await run('openssl', args, { env });
    if (ended.code !== 0)
      throw new Problem(`openssl ${args[0]} failed: ${ended.stderr.trim().split('\n').at(-1)}`);
  };
  await openssl(
    ...['req', '-x509', ...newKey, '-keyout', authorityKey, '-out', pair.authority, '-days', String(days)],
    ...['-subj', '/CN=Forebay local authority', ...authorityExtensions.flatMap((line) => ['-addext', line])],
  );
  await openssl('req', ...newKey, '-keyout', pair.key, '-out', request, '-subj', '/CN=localhost');
  await openssl(
    ...['x509', '-req', '-in', request, '-CA', pair.authority, '-CAkey', authorityKey, '-CAcreateserial'],
    ...['-out', pair.certificate, '-days', String(days), '-extfile', extensions],
  );
  chmodSync(pair.key, 0o600);
  // Nothing is signed twice: the authority's key goes as soon as its one certificate is there.
  for (const file of [authorityKey, request, extensions]) rmSync(file, { force: true });
}
