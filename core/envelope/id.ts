/** Record ids: UUIDv5 (RFC 9562) over where the record came from, or over its key. */

import { sqlText } from '../contract/duckdb.ts';
import { blobLiteral } from '../privacy/rules.ts';
import type { RunRef } from '../run.ts';

/** Forebay's namespace for ids of records. */
export const recordNamespace = '6f1c1f8e-3a94-5d0b-8c52-9b7f2f1d4e60';

/** Name of a record without a key, as the JSON array `[job, slice, sha256 of the raw object, record number]`. */
export function nameByPlace(run: Pick<RunRef, 'job' | 'slice'>, rawSha256: string, record: string): string {
  const prefix = JSON.stringify([run.job, run.slice, rawSha256]).slice(0, -1);
  return `${sqlText(`${prefix},`)} || CAST(${record} AS VARCHAR) || ']'`;
}

/** Name of a record with a key, as the JSON array of the job and the key's values in text, in the key's order. */
export function nameByKey(job: string, values: readonly string[]): string {
  const texts = values.map((value) => ` || ',' || CAST(to_json(CAST(${value} AS VARCHAR)) AS VARCHAR)`);
  return `${sqlText(`[${JSON.stringify(job)}`)}${texts.join('')} || ']'`;
}

/** SHA-1 of namespace and name, in hex, from which {@link uuidFromSha1} makes the id. */
export const sha1OfName = (name: string): string =>
  `sha1(${blobLiteral(Buffer.from(recordNamespace.replaceAll('-', ''), 'hex'))} || encode(${name}))`;

/** Version 5 and the variant set in the first 16 bytes of a SHA-1; `hash` is SQL for its hex. Null of null. */
export function uuidFromSha1(hash: string): string {
  const part = (from: number, length: number) => `substring(${hash}, ${from}, ${length})`;
  const variant = `'89ab89ab89ab89ab'[strpos('0123456789abcdef', ${part(17, 1)})]`;
  const parts = [part(1, 8), part(9, 4), `'5'`, part(14, 3), variant, part(18, 3), part(21, 12)];
  const [a, b, version, c, v, d, e] = parts;
  return `CASE WHEN ${hash} IS NOT NULL THEN concat(${[a, `'-'`, b, `'-'`, version, c, `'-'`, v, d, `'-'`, e].join(', ')}) END`;
}
