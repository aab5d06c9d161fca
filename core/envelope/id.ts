/** Record ids: UUIDv5 (RFC 9562) over where the record came from, or over its key. */

import { v5 } from 'uuid';
import { sqlText } from '../contract/sql.ts';
import { blobLiteral } from '../privacy/hmac.ts';
import type { RunRef } from '../run.ts';

/** Forebay's namespace for ids of records. */
export const recordNamespace = '6f1c1f8e-3a94-5d0b-8c52-9b7f2f1d4e60';

/**
 * Namespace of the records without a key in a raw object: the UUIDv5 of `[job, slice, sha256 of the raw object]` as
 * JSON. A record's name in it is its number; so short a text costs SHA-1 one block instead of two.
 */
export const namespaceOfObject = (run: Pick<RunRef, 'job' | 'slice'>, rawSha256: string): string =>
  v5(JSON.stringify([run.job, run.slice, rawSha256]), recordNamespace);

/** Name of a record in its object's namespace: its number there. */
export const nameByNumber = (record: string): string => `CAST(${record} AS VARCHAR)`;

/** Name of a record with a key, as the JSON array of the job and the key's values in text, in the key's order. */
export function nameByKey(job: string, values: readonly string[]): string {
  const texts = values.map((value) => ` || ',' || CAST(to_json(CAST(${value} AS VARCHAR)) AS VARCHAR)`);
  return `${sqlText(`[${JSON.stringify(job)}`)}${texts.join('')} || ']'`;
}

/** SHA-1 of a namespace and a name in it (SQL for a VARCHAR), in hex, from which {@link uuidFromSha1} makes the id. */
export const sha1OfName = (namespace: string, name: string): string =>
  `sha1(${blobLiteral(Buffer.from(namespace.replaceAll('-', ''), 'hex'))} || encode(${name}))`;

/** Version 5 and the variant set in the first 16 bytes of a SHA-1; `hash` is SQL for its hex. Null of null. */
export function uuidFromSha1(hash: string): string {
  const part = (from: number, length: number) => `substring(${hash}, ${from}, ${length})`;
  const variant = `'89ab89ab89ab89ab'[strpos('0123456789abcdef', ${part(17, 1)})]`;
  const parts = [part(1, 8), part(9, 4), `'5'`, part(14, 3), variant, part(18, 3), part(21, 12)];
  const [a, b, version, c, v, d, e] = parts;
  return `CASE WHEN ${hash} IS NOT NULL THEN concat(${[a, `'-'`, b, `'-'`, version, c, `'-'`, v, d, `'-'`, e].join(', ')}) END`;
}
