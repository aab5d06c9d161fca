import type { Job } from '../../core/job/model.ts';
import { hashKeyName, sharedTokenKeyName, tokenKeyName } from '../../core/outputs.ts';
import { type KeyName, keysOf, type PrivacyKeys } from '../../core/privacy/rules.ts';
import type { DataKey } from '../../core/privacy/seal.ts';

export interface KeyDeps {
  /** A key that the job, or the stage, has for good. */
  secretKey(name: string): Promise<Buffer>;
  /** A new one each time, bound to the job. */
  dataKey(job: string): Promise<DataKey>;
  secretsPath: string;
}

/**
 * Runs `use` with the keys that the job's privacy rules take, and asks for no other. A data key is for one shard, once,
 * and is overwritten behind it.
 */
export async function withKeys<T>(
  { secretKey, dataKey, secretsPath }: KeyDeps,
  job: Job,
  use: (keys: PrivacyKeys) => Promise<T>,
): Promise<T> {
  const needed = keysOf(job);
  const secret = async (key: KeyName, name: string) => (needed.has(key) ? secretKey(name) : null);
  const keys: PrivacyKeys = {
    hash: await secret('hash', hashKeyName(secretsPath, job.name)),
    token: await secret('token', tokenKeyName(secretsPath, job.name)),
    sharedToken: await secret('sharedToken', sharedTokenKeyName(secretsPath)),
    data: needed.has('data') ? await dataKey(job.name) : null,
  };
  try {
    return await use(keys);
  } finally {
    keys.data?.plaintext.fill(0);
  }
}
