import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ObjectStore } from '../../../aws/interfaces.ts';
import { objectStore } from '../../../aws/s3.ts';
import { startCloud, type TestCloud } from '../../support/ministack.ts';

const MiB = 1024 * 1024;
const bucket = 'objects';
let cloud: TestCloud;
let client: S3Client;
let store: ObjectStore;

beforeAll(async () => {
  cloud = await startCloud({ auth: false });
  client = new S3Client({ ...cloud.client, forcePathStyle: true });
  store = objectStore(client);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await client.send(
    new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
}, 60_000);
afterAll(() => cloud?.stop());

const fresh = () => ({ bucket, key: randomUUID() });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

async function* chunks(bytes: Buffer, size: number, failAt = Number.POSITIVE_INFINITY) {
  for (let from = 0; from < bytes.length; from += size) {
    if (from >= failAt) throw new Error('the body broke');
    yield bytes.subarray(from, from + size);
  }
}

const uploadsLeft = async () =>
  (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? [];

test('what is put is got back, whole, by range and as a stream', async () => {
  const ref = fresh();
  const bytes = randomBytes(1000);
  expect(await store.put(ref, bytes)).toBe(true);
  expect(await store.get(ref)).toEqual(bytes);
  expect(await store.getRange(ref, { offset: 10, length: 20 })).toEqual(bytes.subarray(10, 30));
  expect(await store.getRange(ref, { offset: 10, length: 0 })).toEqual(Buffer.alloc(0));
  const parts: Uint8Array[] = [];
  for await (const part of await store.stream(ref)) parts.push(part);
  expect(Buffer.concat(parts)).toEqual(bytes);
  expect(await store.head(ref)).toMatchObject({
    bytes: 1000,
    checksumSha256: sha256(bytes).toString('base64'),
  });
});

test('what is not there has no head', async () => {
  expect(await store.head(fresh())).toBeNull();
});

test('F02 a key that is taken is not put again, and stays as it is', async () => {
  const ref = fresh();
  expect(await store.put(ref, Buffer.from('first'), { ifNoneMatch: true })).toBe(true);
  expect(await store.put(ref, Buffer.from('second'), { ifNoneMatch: true })).toBe(false);
  expect(String(await store.get(ref))).toBe('first');
});

test('F16 an object that is not the listed one any more is SourceChanged', async () => {
  const ref = fresh();
  await store.put(ref, Buffer.from('first'));
  const listed = await store.head(ref);
  expect(String(await store.get(ref, { ifMatch: listed?.etag ?? '' }))).toBe('first');
  await store.put(ref, Buffer.from('second'));
  await expect(store.stream(ref, { ifMatch: listed?.etag ?? '' })).rejects.toMatchObject({
    name: 'SourceChanged',
    persistence: 'terminal',
  });
});

test('a listing has every object, newest versions, in the order of the bytes of their keys', async () => {
  const prefix = `${randomUUID()}/`;
  // In UTF-16 the emoji sorts before U+FF5E, in UTF-8 behind it.
  const names = [...Array.from({ length: 1005 }, (_, i) => `n${i}`), 'é', '～', '😀', 'a b', "a'b", 'Z'];
  await Promise.all(names.map((name) => store.put({ bucket, key: prefix + name }, Buffer.from(name))));
  await store.put({ bucket, key: `${prefix}Z` }, Buffer.from('newer'));
  const listed = await store.list(bucket, prefix);
  const expected = names.map((name) => prefix + name).sort((a, b) => Buffer.from(a).compare(Buffer.from(b)));
  expect(listed.map(({ key }) => key)).toEqual(expected);
  expect(listed.find(({ key }) => key === `${prefix}Z`)?.bytes).toBe(5);
}, 30_000);

test.each([
  ['nothing', 0],
  ['less than a part', 100],
  ['exactly a part', 5 * MiB],
])('a stream of %s is one put with its whole checksum', async (_what, size) => {
  const ref = fresh();
  const bytes = randomBytes(size);
  const options = { partBytes: 5 * MiB, ifNoneMatch: true };
  const uploaded = await store.putStream(ref, chunks(bytes, 65_536), options);
  expect(uploaded).toMatchObject({ created: true, compositeSha256: sha256(bytes).toString('base64') });
  expect((await store.get(ref)).equals(bytes)).toBe(true);
});

test('a stream of several parts has the composite checksum, whatever the chunks', async () => {
  const bytes = randomBytes(12 * MiB + 7);
  const parts = [0, 5 * MiB, 10 * MiB].map((from) => bytes.subarray(from, from + 5 * MiB));
  const composite = `${sha256(Buffer.concat(parts.map(sha256))).toString('base64')}-3`;
  for (const size of [65_536, 7 * MiB]) {
    const ref = fresh();
    const options = { partBytes: 5 * MiB, ifNoneMatch: true };
    const uploaded = await store.putStream(ref, chunks(bytes, size), options);
    expect(uploaded).toMatchObject({ created: true, compositeSha256: composite });
    expect((await store.head(ref))?.checksumSha256).toBe(composite);
    expect(sha256(await store.get(ref))).toEqual(sha256(bytes));
  }
});

test('F02 a stream whose key is taken leaves the object as it is, and no upload behind', async () => {
  const ref = fresh();
  await store.put(ref, Buffer.from('first'));
  for (const size of [100, 6 * MiB]) {
    const options = { partBytes: 5 * MiB, ifNoneMatch: true };
    const { created } = await store.putStream(ref, chunks(randomBytes(size), 65_536), options);
    expect(created).toBe(false);
  }
  expect(String(await store.get(ref))).toBe('first');
  expect(await uploadsLeft()).toEqual([]);
});

test('F12 a stream that breaks leaves neither object nor upload', async () => {
  const ref = fresh();
  const body = chunks(randomBytes(12 * MiB), 65_536, 11 * MiB);
  const options = { partBytes: 5 * MiB, ifNoneMatch: true };
  await expect(store.putStream(ref, body, options)).rejects.toThrow('the body broke');
  expect(await store.head(ref)).toBeNull();
  expect(await uploadsLeft()).toEqual([]);
});

test('a copy answers with the checksum that S3 computed', async () => {
  const [from, to] = [{ bucket, key: `a b/é'+%/${randomUUID()}` }, fresh()];
  const bytes = randomBytes(1000);
  await store.put(from, bytes);
  expect(await store.copy(from, to)).toEqual({ sha256: sha256(bytes).toString('hex') });
  expect(await store.get(to)).toEqual(bytes);
});

test('an older version is read by its id', async () => {
  const ref = fresh();
  const first = await client.send(new PutObjectCommand({ Bucket: bucket, Key: ref.key, Body: 'first' }));
  await store.put(ref, Buffer.from('second'));
  expect(String(await store.get(ref, { versionId: first.VersionId ?? '' }))).toBe('first');
});

/** A server that answers each request with what `respond` says. */
async function withServer<T>(
  respond: Parameters<typeof createServer>[1],
  use: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  const server = createServer(respond).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as AddressInfo;
  const broken = new S3Client({
    ...{ endpoint: `http://127.0.0.1:${port}`, region: 'eu-west-1', forcePathStyle: true, maxAttempts: 2 },
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  try {
    return await use(objectStore(broken));
  } finally {
    broken.destroy();
    server.closeAllConnections();
    server.close();
  }
}

const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;

test('F24 SlowDown to the last attempt is Throttled, a transient error', async () => {
  let requests = 0;
  await withServer(
    (_request, response) => {
      requests += 1;
      response.writeHead(503, { 'content-type': 'application/xml' }).end(xml('SlowDown'));
    },
    async (broken) => {
      const failed = { name: 'Throttled', persistence: 'transient' };
      await expect(broken.get(fresh())).rejects.toMatchObject(failed);
    },
  );
  expect(requests).toBe(2);
});

test('a body that breaks off is ServiceUnavailable, not a short object', async () => {
  await withServer(
    (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('only this');
      setTimeout(() => response.destroy(), 20);
    },
    async (broken) => {
      const failed = { name: 'ServiceUnavailable', persistence: 'transient' };
      await expect(broken.get(fresh())).rejects.toMatchObject(failed);
    },
  );
});

test('F11 an upload whose completion answers 200 with an error inside is a failure', async () => {
  await withServer(
    (request, response) => {
      const [, query = ''] = (request.url ?? '').split('?');
      request.resume().on('end', () => {
        if (request.method === 'POST' && query.includes('uploads'))
          response.end(
            '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>',
          );
        else if (request.method === 'PUT') response.writeHead(200, { etag: '"e"' }).end();
        else if (request.method === 'POST') response.writeHead(200).end(xml('InternalError'));
        else response.writeHead(204).end();
      });
    },
    async (broken) => {
      const body = chunks(randomBytes(6 * MiB), 65_536);
      const options = { partBytes: 5 * MiB, ifNoneMatch: true };
      await expect(broken.putStream(fresh(), body, options)).rejects.toMatchObject({
        name: 'ServiceUnavailable',
      });
    },
  );
});
