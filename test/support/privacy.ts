/** What each privacy rule makes of a text, by node:crypto alone; and jobs that have such rules. */
import { createDecipheriv, createHmac } from 'node:crypto';
import { expect } from 'vitest';
import { parseType } from '../../core/contract/types.ts';
import type { Job, PrivacyRule } from '../../core/job/model.ts';
import { keys } from './envelope.ts';
import { job as plainJob } from './world.ts';

export const jobOf = (
  columns: Record<string, string>,
  privacy: Record<string, PrivacyRule>,
  contract: Partial<Job['contract']> = {},
): Job => ({
  ...plainJob,
  privacy,
  contract: {
    ...plainJob.contract,
    columns: Object.entries(columns).map(([name, word]) => {
      const [bare = '', from = null] = word.split(' = ');
      return { name, ...(parseType(bare) ?? expect.fail(`no type ${bare}`)), from };
    }),
    ...contract,
  },
});

export const secret = (name: 'hash' | 'token' | 'sharedToken') => keys[name] ?? Buffer.alloc(0);

/** As a stranger would who has the docs and the data key. */
export function decrypt(text: string, job: string, path: string): string {
  const [version, keyId, wrapped, iv = '', sealed = ''] = text.split(':');
  expect([version, keyId, Buffer.from(wrapped ?? '', 'base64url')]).toEqual([
    'fb1',
    keys.data?.keyId,
    keys.data?.wrapped,
  ]);
  const bytes = Buffer.from(sealed, 'base64url');
  const key = keys.data?.plaintext ?? Buffer.alloc(0);
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'));
  decipher.setAAD(Buffer.from(JSON.stringify(['fb1', job, path])));
  decipher.setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(0, -16)).toString('utf8') + decipher.final('utf8');
}

export const hashOf = (text: string): string =>
  createHmac('sha256', secret('hash')).update(text).digest('hex');

const base32hex = (bytes: Buffer) => {
  const number = BigInt(`0x${bytes.toString('hex')}`);
  // 256 bits and 4 zeros are 52 characters.
  return (number << 4n).toString(32).padStart(52, '0');
};
export const tokenOf = (key: Buffer, text: string) =>
  `tok_${base32hex(createHmac('sha256', key).update(text).digest()).slice(0, 28)}`;
