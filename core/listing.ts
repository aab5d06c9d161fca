/** What belongs to a slice: the source's listing, in a fixed order and with a digest that tells two listings apart. */
import { createHash } from 'node:crypto';
import { ForebayError } from './errors.ts';
import type { Job } from './job/model.ts';
import type { LoadedObjects } from './ledger.ts';
import type { Manifest } from './manifest.ts';
import type { SourceObject } from './shard.ts';
import { inboxPrefix, nameOfRaw, rawKey } from './storage.ts';

export interface Listed {
  key: string;
  versionId: string | null;
  etag: string;
  bytes: number;
}

/** S3's limit, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1_024;

export const slicePrefix = ({ name, source }: Pick<Job, 'name' | 'source'>, slice: string): string =>
  source.kind === 'inbox' ? inboxPrefix(name, slice) : source.prefix.replaceAll('{slice}', slice);

/** A key that ends in a slash and has no bytes is a console's folder, not a file. */
export const isFolder = ({ key, bytes }: Pick<Listed, 'key' | 'bytes'>): boolean =>
  key.endsWith('/') && bytes === 0;

/** The object that says that a slice is complete. */
export const markerKey = (prefix: string, marker: string): string => `${prefix}${marker}`;

/**
 * The objects that one run loads; a marker, which says that they are all there, is none of them. A name is the key
 * without the prefix's own folders, so that two files of different sub-folders keep two names.
 */
export function sourceObjects(
  bucket: string,
  prefix: string,
  listed: readonly Listed[],
  marker: string | null = null,
): SourceObject[] {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  return listed
    .filter((object) => !isFolder(object) && (marker === null || object.key !== markerKey(prefix, marker)))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    .map((object, n) => ({ n, bucket, ...object, name: object.key.slice(folder.length) }));
}

/** The objects that a committed run loaded, as its manifest has them: from the raw zone, in their order. */
export const rawObjects = (raw: Manifest['raw']): SourceObject[] =>
  raw.map(({ key, versionId, bytes, sha256, source }, n) => ({
    ...{ n, ...source, bytes, name: nameOfRaw(key) },
    raw: { key, versionId, sha256 },
  }));

/** `ObjectNameInvalid` where a name gives no key in the raw zone. */
export function checkNames(
  job: string,
  slice: string,
  runId: string,
  objects: readonly SourceObject[],
): void {
  for (const { key, name } of objects) {
    const bytes = Buffer.byteLength(rawKey(job, slice, runId, name));
    if (bytes > MAX_KEY_BYTES) {
      const what = `its key in the raw zone has ${bytes} bytes, S3 allows ${MAX_KEY_BYTES}`;
      throw new ForebayError('ObjectNameInvalid', `${what}; give the file a shorter name: ${key}`);
    }
    if (name === '.' || name === '..') {
      throw new ForebayError(
        'ObjectNameInvalid',
        `the name is a way up, not a name; rename the file: ${key}`,
      );
    }
  }
}

/** Two listings have the same digest if the same objects are in them, each as it was. */
export function digestOf(objects: readonly SourceObject[]): LoadedObjects {
  const lines = objects.map(({ key, versionId, etag, bytes }) =>
    JSON.stringify([key, versionId ?? etag, bytes]),
  );
  return { digest: createHash('sha256').update(lines.join('\n')).digest('hex'), count: objects.length };
}
