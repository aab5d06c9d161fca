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

/** Version 5 and the variant set in the first 16 bytes of a SHA-1; `hash` is SQL for its hex. A UUID, or null. */
export const uuidFromSha1 = (hash: string): string =>
  `CASE WHEN ${hash} IS NOT NULL THEN CAST(concat(${hash}[1:12], '5', ${hash}[14:16], ` +
  `'89ab89ab89ab89ab'[strpos('0123456789abcdef', ${hash}[17])], ${hash}[18:32]) AS UUID) END`;
