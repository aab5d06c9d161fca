import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ssm } from '../../aws/clients.ts';
import { secrets } from '../../aws/ssm.ts';
import { jobReader, ledgerOf, now, region, store } from '../ports.ts';
import type { environment } from './contract.ts';
import type { EnvelopeDeps } from './envelope.ts';

export function envelopeDeps(env: Record<(typeof environment)[number], string>): EnvelopeDeps {
  const objects = store();
  const parameters = secrets(ssm());
  return {
    ...ledgerOf(env),
    readJob: jobReader(objects, env.OPS_BUCKET),
    // The key is this run's own, and written once: it has no other version.
    readRaw: (raw, range) => objects.getRange(raw, range),
    putOps: (key, body) => objects.put({ bucket: env.OPS_BUCKET, key }, body),
    hashKey: remembered(async () => Buffer.from(await parameters.get(`${env.SECRETS_PATH}hash-key`), 'utf8')),
    withDirectory,
    readFile: (path) => readFile(path),
    now,
    opsBucket: env.OPS_BUCKET,
    region: region(),
  };
}

/**
 * Asked once by a warm function, and again after a failure. SSM answers an account 40 times a second, and a run has
 * thousands of shards; a key that is there is never replaced.
 */
export function remembered<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

/** A warm function keeps its disk: what one shard leaves would fill it. */
async function withDirectory<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `forebay-${randomUUID()}`);
  await mkdir(path, { recursive: true });
  try {
    return await use(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
