/** S3 in memory: the port's second adapter, which passes the same conformance suite. Buckets are there once used. */
import { createHash } from 'node:crypto';
import type { ObjectStore, StoredObject } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import type { ObjectRef } from '../../core/run.ts';

export interface Version extends StoredObject {
  body: Buffer;
}

const digest = (algorithm: 'md5' | 'sha256', bytes: Uint8Array): Buffer =>
  createHash(algorithm).update(bytes).digest();

/** `versions`: what is stored, for a test that goes on from there twice. */
export function memoryObjects(versions = new Map<string, Version[]>()): ObjectStore {
  /** Of each key, so that what one object is called does not depend on the others. */
  const counts = new Map<string, number>();
  const at = ({ bucket, key }: ObjectRef): string => `${bucket}/${key}`;
  const find = (ref: ObjectRef, versionId?: string | null): Version | null =>
    (versions.get(at(ref)) ?? []).findLast((each) => versionId == null || each.versionId === versionId) ??
    null;
  const read = (ref: ObjectRef, options: { versionId?: string | null; ifMatch?: string } = {}): Buffer => {
    const found = find(ref, options.versionId);
    if (found === null) throw Object.assign(new Error(`no ${at(ref)}`), { name: 'NoSuchKey' });
    if (options.ifMatch !== undefined && options.ifMatch !== found.etag) {
      throw new ForebayError('SourceChanged', `${at(ref)} is not the object that was listed any more`);
    }
    return Buffer.from(found.body);
  };
  const store = (ref: ObjectRef, body: Uint8Array, checksumSha256: string): Version => {
    const before = versions.get(at(ref)) ?? [];
    const count = (counts.get(at(ref)) ?? 0) + 1;
    counts.set(at(ref), count);
    const version = {
      ...{ body: Buffer.from(body), bytes: body.length, etag: digest('md5', body).toString('hex') },
      ...{ versionId: `v${count}`, checksumSha256 },
    };
    versions.set(at(ref), [...before, version]);
    return version;
  };
  const whole = (body: Uint8Array) => digest('sha256', body).toString('base64');
  return {
    get: async (ref, options) => read(ref, options),
    getRange: async (ref, { offset, length }, options) =>
      read(ref, options).subarray(offset, offset + length),
    stream: async (ref, options) => streamed(read(ref, options)),
    head: async (ref, options) => {
      const found = find(ref, options?.versionId);
      if (found === null) return null;
      const { bytes, etag, versionId, checksumSha256 } = found;
      return { bytes, etag, versionId, checksumSha256 };
    },
    list: async (bucket, prefix) =>
      [...versions]
        .filter(([place]) => place.startsWith(`${bucket}/${prefix}`))
        .map(([place, all]) => ({ key: place.slice(bucket.length + 1), last: all.at(-1) }))
        .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
        .map(({ key, last }) => ({ key, versionId: null, etag: last?.etag ?? '', bytes: last?.bytes ?? 0 })),
    listVersions: async (bucket, prefix) =>
      [...versions]
        .filter(([place]) => place.startsWith(`${bucket}/${prefix}`))
        .flatMap(([place, all]) =>
          all.map(({ versionId, bytes }) => ({
            ...{ key: place.slice(bucket.length + 1), versionId: versionId ?? 'null', bytes },
          })),
        ),
    deleteVersions: async (bucket, gone) => {
      for (const { key, versionId } of gone) {
        const place = at({ bucket, key });
        const left = (versions.get(place) ?? []).filter((each) => each.versionId !== versionId);
        if (left.length > 0) versions.set(place, left);
        else versions.delete(place);
      }
    },
    put: async (ref, body, options) => {
      if (options?.ifNoneMatch && find(ref) !== null) return false;
      store(ref, body, whole(body));
      return true;
    },
    copy: async (from, to) => {
      const body = read(from);
      store(to, body, whole(body));
      return { sha256: digest('sha256', body).toString('hex') };
    },
    putStream: async (ref, chunks, { partBytes, ifNoneMatch }) => {
      const body = await collect(chunks);
      const compositeSha256 = body.length <= partBytes ? whole(body) : composite(body, partBytes);
      if (ifNoneMatch && find(ref) !== null) return { created: false, versionId: null, compositeSha256 };
      return { created: true, versionId: store(ref, body, compositeSha256).versionId, compositeSha256 };
    },
  };
}

/** As S3 has it of an upload in parts: the sha256 of the parts' digests, and how many there are. */
function composite(body: Buffer, partBytes: number): string {
  const digests: Buffer[] = [];
  for (let from = 0; from < body.length; from += partBytes) {
    digests.push(digest('sha256', body.subarray(from, from + partBytes)));
  }
  return `${digest('sha256', Buffer.concat(digests)).toString('base64')}-${digests.length}`;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function* streamed(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 65_536) yield bytes.subarray(from, from + 65_536);
}
