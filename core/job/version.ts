import { createHash } from 'node:crypto';
import type { Job, JobVersion } from './model.ts';

/**
 * Canonical JSON: no white space, keys sorted by UTF-16 code units, numbers and texts as ECMAScript writes them
 * (RFC 8785, for values that are plain JSON).
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}

export const versionOf = (job: Job): JobVersion => ({
  job,
  version: createHash('sha256').update(canonicalJson(job)).digest('hex'),
});
