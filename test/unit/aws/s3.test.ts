import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ObjectStore } from '../../../aws/interfaces.ts';
import { objectStore } from '../../../aws/s3.ts';
import { chunks, fresh as freshIn, objectConformance } from '../../conformance/objects.ts';
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

const fresh = () => freshIn(bucket);

const uploadsLeft = async () =>
  (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? [];

objectConformance('objects in S3', () => store, bucket);

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

test('an older version is read by its id', async () => {
  const ref = fresh();
  const first = await client.send(new PutObjectCommand({ Bucket: bucket, Key: ref.key, Body: 'first' }));
  await store.put(ref, Buffer.from('second'));
  expect(String(await store.get(ref, { versionId: first.VersionId ?? '' }))).toBe('first');
});

test('F05 more versions than one call takes are deleted, delete markers among them', async () => {
  const prefix = `${randomBytes(8).toString('hex')}/`;
  const keys = Array.from({ length: 1_003 }, (_, i) => `${prefix}${i}`);
  for (let from = 0; from < keys.length; from += 50)
    await Promise.all(keys.slice(from, from + 50).map((key) => store.put({ bucket, key }, Buffer.from('x'))));
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${prefix}7` }));
  const found = await store.listVersions(bucket, prefix);
  expect(found.length).toBe(1_004);
  expect(found.filter(({ key, bytes }) => key === `${prefix}7` && bytes === 0).length).toBe(1);
  await store.deleteVersions(bucket, found);
  expect(await store.listVersions(bucket, prefix)).toEqual([]);
}, 60_000);

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

test('F05 versions that a call with status 200 did not delete are told by their codes', async () => {
  const refused = '<Error><Key>a</Key><Code>AccessDenied</Code><Message>record text</Message></Error>';
  await withServer(
    (_request, response) => response.end(`<DeleteResult>${refused}</DeleteResult>`),
    async (broken) => {
      const versions = ['a', 'b'].map((key) => ({ key, versionId: 'v', bytes: 1 }));
      await expect(broken.deleteVersions(bucket, versions)).rejects.toThrow(
        /^ServiceUnavailable: S3 refused to delete 1 of 2 versions in objects \(AccessDenied\)/,
      );
    },
  );
});

test('F27 a version whose key has control characters is found, and deleted by a call of its own', async () => {
  const asked: string[] = [];
  const version = '<Version><Key>a%01%0D+b</Key><VersionId>v1</VersionId><Size>3</Size></Version>';
  await withServer(
    (request, response) => {
      asked.push(`${request.method} ${request.url?.replace(/\?.*/, '')}`);
      if (request.method === 'DELETE') response.writeHead(204).end();
      else
        response.end(`<ListVersionsResult><EncodingType>url</EncodingType>${version}</ListVersionsResult>`);
    },
    async (broken) => {
      const found = await broken.listVersions(bucket, 'a');
      expect(found).toEqual([{ key: 'a\u0001\r b', versionId: 'v1', bytes: 3 }]);
      await broken.deleteVersions(bucket, found);
    },
  );
  expect(asked.slice(1)).toEqual(['DELETE /objects/a%01%0D%20b']);
});
