/** Extract from file to checksums and split points. S3 is played: it takes each part and gives its checksum back. */
import { createReadStream, statSync } from 'node:fs';
import type { S3Client } from '@aws-sdk/client-s3';
import type { StoredObject } from '../../../aws/interfaces.ts';
import { putStream } from '../../../aws/s3-upload.ts';
import { extract } from '../../../tasks/extract/extract.ts';
import { jobFrom, report } from '../case.ts';

const [file = '', jobFile = ''] = process.argv.slice(2);
const { job, version } = jobFrom(jobFile);
const { size } = statSync(file);
const MiB = 1_024 * 1_024;
const s3 = {
  send: async ({ input }: { input: { ChecksumSHA256?: string } }) => ({ UploadId: 'u', ...input }),
} as unknown as S3Client;
const stored = new Map<string, StoredObject>();
let found = { records: 0, shards: 0 };

await report(async () => {
  await extract(
    {
      readJob: async () => job,
      readScan: async () => null,
      read: async () => createReadStream(file, { highWaterMark: 65_536 }),
      putStream: async (ref, body, options) => {
        let bytes = 0;
        async function* counted() {
          for await (const chunk of body) {
            bytes += chunk.length;
            yield chunk;
          }
        }
        const uploaded = await putStream(s3, ref, counted(), options);
        const { compositeSha256: checksumSha256 } = uploaded;
        stored.set(ref.key, { bytes, etag: 'e', versionId: null, checksumSha256 });
        return uploaded;
      },
      head: async ({ key }) => stored.get(key) ?? null,
      putOps: async (_key, body) => {
        const { scan } = JSON.parse(body.toString());
        found = { records: scan.records, shards: scan.ranges.length };
      },
      putObject: async () => undefined,
      now: () => new Date(),
      ...{ rawBucket: 'raw', shardBytes: 64 * MiB, maxObjectBytes: 32 * 1_024 * MiB },
    },
    {
      run: {
        ...{ job: job.name, jobVersion: version, runId: 'bench', slice: '2026-03-01', fence: 1, revision: 1 },
        ...{ trigger: 'manual', force: false, time: '2026-03-02T01:15:00.000Z' },
      },
      object: { n: 0, bucket: 'inbox', key: 'a', name: 'a', versionId: null, etag: 'e', bytes: size },
    },
  );
  return `${found.records} records, ${found.shards} shards`;
});
