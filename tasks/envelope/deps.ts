import { readFile } from 'node:fs/promises';
import { kms, ssm } from '../../aws/clients.ts';
import { dataKeys } from '../../aws/kms.ts';
import { secrets } from '../../aws/ssm.ts';
import { withDirectory } from '../directory.ts';
import { ledgerOf, now, region, sliceReader, store } from '../ports.ts';
import type { environment } from './contract.ts';
import type { EnvelopeDeps } from './envelope.ts';

export function envelopeDeps(env: Record<(typeof environment)[number], string>): EnvelopeDeps {
  const objects = store();
  const parameters = secrets(ssm());
  const ops = (key: string) => ({ bucket: env.OPS_BUCKET, key });
  return {
    ...ledgerOf(env),
    readJob: sliceReader(objects, env.OPS_BUCKET),
    // The key is this run's own, and written once: it has no other version.
    readRaw: (object, range) => objects.getRange(object, range),
    putOps: (key, body) => objects.put(ops(key), body),
    keepOps: async (key, body) =>
      (await objects.put(ops(key), body, { ifNoneMatch: true })) ? body : objects.get(ops(key)),
    secretKey: remembered(async (name) => Buffer.from(await parameters.get(name), 'utf8')),
    dataKey: (job) => dataKeys(kms()).generate(env.PRIVACY_KEY_ARN, job),
    secretsPath: env.SECRETS_PATH,
    ...{ copy: objects.copy, head: objects.head },
    withDirectory,
    readFile: (path) => readFile(path),
    now,
    opsBucket: env.OPS_BUCKET,
    region: region(),
  };
}

/**
 * Each name is asked for once by a warm function, and again after a failure. SSM answers an account 40 times a
 * second, and a run has thousands of shards; a key that is there is never replaced.
 */
export function remembered<T>(ask: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (name) => {
    const known = answers.get(name);
    if (known !== undefined) return known;
    const answer = ask(name).catch((error: unknown) => {
      answers.delete(name);
      throw error;
    });
    answers.set(name, answer);
    return answer;
  };
}
