/** The privacy rules as SQL over a column's typed value. Null stays null. */
import { createHash } from 'node:crypto';
import type { Job, PrivacyRule } from '../job/model.ts';

/** What stands for every masked value. */
export const mask = '***';

/** Own fields alone: a column may be called `constructor`, which every object has. */
export const ruleOf = ({ privacy }: Pick<Job, 'privacy'>, column: string): PrivacyRule | null =>
  (Object.hasOwn(privacy, column) ? privacy[column] : undefined) ?? null;

/** `hashKey` is needed for `hash` alone. A dropped column has no SQL: it is not selected. */
export function protect(value: string, rule: PrivacyRule | null, hashKey: Buffer | null): string {
  if (rule === null) return value;
  if (rule === 'mask') return `CASE WHEN ${value} IS NOT NULL THEN '${mask}' END`;
  if (rule === 'drop' || hashKey === null) throw new Error(`no SQL for rule ${rule}`);
  return hmacSha256(`encode(CAST(${value} AS VARCHAR))`, hashKey);
}

const blockBytes = 64;

/** HMAC-SHA-256 (RFC 2104) in lower-case hex, put together from DuckDB's sha256, for a BLOB in SQL. */
export function hmacSha256(blob: string, key: Buffer): string {
  const short = key.length > blockBytes ? createHash('sha256').update(key).digest() : key;
  const block = Buffer.alloc(blockBytes);
  short.copy(block);
  const inner = blobLiteral(block.map((byte) => byte ^ 0x36));
  const outer = blobLiteral(block.map((byte) => byte ^ 0x5c));
  return `sha256(${outer} || unhex(sha256(${inner} || ${blob})))`;
}

export const blobLiteral = (bytes: Uint8Array): string => `unhex('${Buffer.from(bytes).toString('hex')}')`;
