/** What every object store does, run against each adapter. Keys are fresh: stores may be shared. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../aws/interfaces.ts';
import { mapAtOnce } from '../../core/at-once.ts';

const MiB = 1024 * 1024;

export const fresh = (bucket: string) => ({ bucket, key: randomUUID() });

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

export async function* chunks(bytes: Buffer, size: number, failAt = Number.POSITIVE_INFINITY) {
  for (let from = 0; from < bytes.length; from += size) {
    if (from >= failAt) throw new Error('the body broke');
    yield bytes.subarray(from, from + size);
  }
}

export function objectConformance(name: string, use: () => ObjectStore, bucket: string): void {
  describe(name, () => {
    describe('whole objects', () => objects(use, bucket));
    describe('streams', () => streams(use, bucket));
    describe('versions', () => versions(use, bucket));
  });
}

function objects(use: () => ObjectStore, bucket: string): void {
  test('what is put is got back, whole, by range and as a stream', async () => {
    const ref = fresh(bucket);
    const bytes = randomBytes(1000);
    expect(await use().put(ref, bytes)).toBe(true);
    expect(await use().get(ref)).toEqual(bytes);
    expect(await use().getRange(ref, { offset: 10, length: 20 })).toEqual(bytes.subarray(10, 30));
    expect(await use().getRange(ref, { offset: 10, length: 0 })).toEqual(Buffer.alloc(0));
    const parts: Uint8Array[] = [];
    for await (const part of await use().stream(ref)) parts.push(part);
    expect(Buffer.concat(parts)).toEqual(bytes);
    expect(await use().head(ref)).toMatchObject({
      bytes: 1000,
      checksumSha256: sha256(bytes).toString('base64'),
    });
  });

  test('what is not there has no head', async () => {
    expect(await use().head(fresh(bucket))).toBeNull();
  });

  test('F02 a key that is taken is not put again, and stays as it is', async () => {
    const ref = fresh(bucket);
    expect(await use().put(ref, Buffer.from('first'), { ifNoneMatch: true })).toBe(true);
    expect(await use().put(ref, Buffer.from('second'), { ifNoneMatch: true })).toBe(false);
    expect(String(await use().get(ref))).toBe('first');
  });

  test('F16 an object that is not the listed one any more is SourceChanged', async () => {
    const ref = fresh(bucket);
    await use().put(ref, Buffer.from('first'));
    const listed = await use().head(ref);
    expect(String(await use().get(ref, { ifMatch: listed?.etag ?? '' }))).toBe('first');
    await use().put(ref, Buffer.from('second'));
    await expect(use().stream(ref, { ifMatch: listed?.etag ?? '' })).rejects.toMatchObject({
      name: 'SourceChanged',
      persistence: 'terminal',
    });
  });

  test('a listing has every object, newest versions, in the order of the bytes of their keys', async () => {
    const prefix = `${randomUUID()}/`;
    // In UTF-16 the emoji sorts before U+FF5E, in UTF-8 behind it.
    const names = [...Array.from({ length: 1005 }, (_, i) => `n${i}`), 'é', '～', '😀', 'a b', "a'b", 'Z'];
    await mapAtOnce(names, 50, (name) => use().put({ bucket, key: prefix + name }, Buffer.from(name)));
    await use().put({ bucket, key: `${prefix}Z` }, Buffer.from('newer'));
    const listed = await use().list(bucket, prefix);
    const expected = names
      .map((name) => prefix + name)
      .sort((a, b) => Buffer.from(a).compare(Buffer.from(b)));
    expect(listed.map(({ key }) => key)).toEqual(expected);
    expect(listed.find(({ key }) => key === `${prefix}Z`)?.bytes).toBe(5);
  }, 30_000);

  test('F27 a listing has each key as it was put, whatever characters are in it', async () => {
    const prefix = `${randomUUID()}/`;
    const names = [
      'control\u0001\u001f\u007f',
      'line\nend\r',
      '../up',
      '<&>]]>',
      'a+b%2Fc d',
      '?#',
      '"\'',
      '\ufffe',
    ];
    for (const name of names) await use().put({ bucket, key: prefix + name }, Buffer.from(name));
    const listed = await use().list(bucket, prefix);
    expect(new Set(listed.map(({ key }) => key))).toEqual(new Set(names.map((name) => prefix + name)));
  });

  test('a copy answers with the checksum that S3 computed', async () => {
    const [from, to] = [{ bucket, key: `a b/é'+%/${randomUUID()}` }, fresh(bucket)];
    const bytes = randomBytes(1000);
    await use().put(from, bytes);
    expect(await use().copy(from, to)).toEqual({ sha256: sha256(bytes).toString('hex') });
    expect(await use().get(to)).toEqual(bytes);
  });
}

function streams(use: () => ObjectStore, bucket: string): void {
  test.each([
    ['nothing', 0],
    ['less than a part', 100],
    ['exactly a part', 5 * MiB],
  ])('a stream of %s is one put with its whole checksum', async (_what, size) => {
    const ref = fresh(bucket);
    const bytes = randomBytes(size);
    const options = { partBytes: 5 * MiB, ifNoneMatch: true };
    const uploaded = await use().putStream(ref, chunks(bytes, 65_536), options);
    expect(uploaded).toMatchObject({ created: true, compositeSha256: sha256(bytes).toString('base64') });
    expect((await use().get(ref)).equals(bytes)).toBe(true);
  });

  test('a stream of several parts has the composite checksum, whatever the chunks', async () => {
    const bytes = randomBytes(12 * MiB + 7);
    const parts = [0, 5 * MiB, 10 * MiB].map((from) => bytes.subarray(from, from + 5 * MiB));
    const composite = `${sha256(Buffer.concat(parts.map(sha256))).toString('base64')}-3`;
    for (const size of [65_536, 7 * MiB]) {
      const ref = fresh(bucket);
      const options = { partBytes: 5 * MiB, ifNoneMatch: true };
      const uploaded = await use().putStream(ref, chunks(bytes, size), options);
      expect(uploaded).toMatchObject({ created: true, compositeSha256: composite });
      expect((await use().head(ref))?.checksumSha256).toBe(composite);
      expect(sha256(await use().get(ref))).toEqual(sha256(bytes));
    }
  });

  test('a stream whose key is taken leaves the object as it is', async () => {
    const ref = fresh(bucket);
    await use().put(ref, Buffer.from('first'));
    const options = { partBytes: 5 * MiB, ifNoneMatch: true };
    const { created } = await use().putStream(ref, chunks(randomBytes(100), 65_536), options);
    expect(created).toBe(false);
    expect(String(await use().get(ref))).toBe('first');
  });

  test('a stream that breaks leaves no object', async () => {
    const ref = fresh(bucket);
    const options = { partBytes: 5 * MiB, ifNoneMatch: true };
    const body = chunks(randomBytes(6 * MiB), 65_536, 5.5 * MiB);
    await expect(use().putStream(ref, body, options)).rejects.toThrow('the body broke');
    expect(await use().head(ref)).toBeNull();
  });
}

function versions(use: () => ObjectStore, bucket: string): void {
  test('versions that are deleted are gone for good, and all others stay', async () => {
    const prefix = `${randomUUID()}/`;
    const names = ['a', 'b', "odd é'+%&<", '😀'];
    for (const name of names) await use().put({ bucket, key: `${prefix}in/${name}` }, Buffer.from('first'));
    await use().put({ bucket, key: `${prefix}in/a` }, Buffer.from('second'));
    await use().put({ bucket, key: `${prefix}out` }, Buffer.from('stays'));
    const found = await use().listVersions(bucket, `${prefix}in/`);
    expect(found.map(({ key, bytes }) => [key, bytes]).sort()).toEqual(
      [...names.map((name) => [`${prefix}in/${name}`, 5]), [`${prefix}in/a`, 6]].sort(),
    );
    expect(new Set(found.map(({ key, versionId }) => `${key} ${versionId}`)).size).toBe(5);
    await use().deleteVersions(bucket, found);
    expect(await use().listVersions(bucket, `${prefix}in/`)).toEqual([]);
    expect(String(await use().get({ bucket, key: `${prefix}out` }))).toBe('stays');
    // What is gone already is deleted, too.
    await use().deleteVersions(bucket, found);
    await use().deleteVersions(bucket, []);
  });

  test('of one version that is deleted the others are left', async () => {
    const ref = fresh(bucket);
    await use().put(ref, Buffer.from('first'));
    const [first] = await use().listVersions(bucket, ref.key);
    await use().put(ref, Buffer.from('second'));
    if (first !== undefined) await use().deleteVersions(bucket, [first]);
    expect((await use().listVersions(bucket, ref.key)).map(({ bytes }) => bytes)).toEqual([6]);
    expect(String(await use().get(ref))).toBe('second');
  });
}
