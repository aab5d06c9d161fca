/**
 * `encrypt`: a value as AES-256-GCM ciphertext that holds all that reading it takes, but for the KMS key:
 *
 *     fb1:<id of the KMS key>:<wrapped data key>:<IV>:<ciphertext and tag>
 *
 * The last three in base64url (RFC 4648, section 5) without padding. docs/adr/0011 has the reasons.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';

/** A key of 256 bits for one Envelope of one shard. */
export interface DataKey {
  /** Of the KMS key that wraps it. */
  keyId: string;
  plaintext: Buffer;
  /** As KMS encrypted it. */
  wrapped: Buffer;
  /** How many values it has encrypted. */
  used: bigint;
}

/** In KMS's encryption context it holds the job's name: policies can name it, and CloudTrail shows it. */
export const contextField = 'forebay:job';

const version = 'fb1';
const ivBytes = 12;
const tagBytes = 16;

/** What all values of a data key begin with. */
export const prefixOf = ({ keyId, wrapped }: Pick<DataKey, 'keyId' | 'wrapped'>): string =>
  `${version}:${keyId}:${wrapped.toString('base64url')}:`;

/**
 * The next IV of a data key, by the deterministic construction of NIST SP 800-38D, section 8.2.1: a fixed field of 32
 * bits, always 0, since nobody else encrypts with the key, and an invocation field of 64, which counts.
 */
export function nextIv(key: DataKey): Buffer {
  const iv = Buffer.alloc(ivBytes);
  iv.writeBigUInt64BE(key.used, 4);
  key.used += 1n;
  return iv;
}

/**
 * Additional authenticated data: a value read as that of another job, or of another column or part of one, is refused.
 */
export const additionalData = (job: string, path: string): Buffer =>
  Buffer.from(JSON.stringify([version, job, path]), 'utf8');

/** What follows {@link prefixOf}. */
export function seal(key: Buffer, iv: Buffer, additional: Buffer, text: string): string {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
  cipher.setAAD(additional);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${iv.toString('base64url')}:${sealed.toString('base64url')}`;
}

export interface Sealed {
  keyId: string;
  wrapped: Buffer;
  iv: Buffer;
  /** Ciphertext and tag. */
  sealed: Buffer;
}

/** The parts of an encrypted value; `null` where the text is none. */
export function parseSealed(text: string): Sealed | null {
  const [, keyId, ...parts] = /^fb1:([\w-]+):([\w-]+):([\w-]+):([\w-]+)$/.exec(text) ?? [];
  const [wrapped, iv, sealed] = parts.map((part) => Buffer.from(part, 'base64url'));
  if (keyId === undefined || wrapped === undefined || iv === undefined || sealed === undefined) return null;
  return iv.length === ivBytes && sealed.length >= tagBytes ? { keyId, wrapped, iv, sealed } : null;
}

/** The text; `null` where it was not encrypted with this key, job and column, or is not as it was. */
export function unseal(key: Buffer, { iv, sealed }: Sealed, additional: Buffer): string | null {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
  decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
