import { createHash } from 'node:crypto';

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
