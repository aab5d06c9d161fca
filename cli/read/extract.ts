/** A file through the Extract task itself, with this disk in the place of the cloud. */
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Job } from '../../core/job/model.ts';
import { planShards } from '../../core/plan.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import type { ByteRange, Scan, ScannedObject, Shard } from '../../core/shard.ts';
import { rawKey } from '../../core/storage.ts';
import { type ExtractDeps, extract } from '../../tasks/extract/extract.ts';
import { type LocalFile, withFile } from './file.ts';
import { refusing } from './refuse.ts';

export interface ExtractedFile {
  path: string;
  sha256: string;
  header: ByteRange | null;
  shards: Shard[];
  /** Of the file itself, or of what Extract put beside it. */
  read(object: ObjectRef, range: ByteRange): Promise<Buffer>;
}

/** Where a shard's bytes lie. */
export const objectOf = (shard: Shard): ObjectRef => shard.unpacked ?? shard.raw;

export interface Extraction {
  job: Job;
  run: RunRef;
  shardBytes: number;
  /** For what Extract puts beside the file. */
  directory: string;
}

/** All of the file is passed over before a single record is read: one that is refused has none. */
export async function extractFile(file: LocalFile, extraction: Extraction): Promise<ExtractedFile> {
  const { scanned, beside } = await refusing(file.path, 'all', 0, () => extracted(file, extraction));
  const { raw, scan } = scanned;
  // a raw copy would hold the same bytes: whoever looks for a record finds it in the file
  const inPlace = { ...scanned, raw: { ...raw, key: file.path }, scan: withHeader(scan, file.bytes) };
  return {
    ...{ path: file.path, sha256: raw.sha256, header: scan.header },
    shards: planShards([inPlace]),
    read({ key }, range) {
      const path = beside.get(key);
      return path === undefined ? file.read(range) : withFile(path, (other) => other.read(range));
    },
  };
}

/** A header is looked at even where nothing follows it: a shard without a record shows whether it is right. */
const withHeader = (scan: Scan, end: number): Scan =>
  scan.ranges.length > 0 || scan.header === null
    ? scan
    : { ...scan, ranges: [{ offset: end, length: 0, records: 0 }] };

async function extracted(file: LocalFile, { job, run, shardBytes, directory }: Extraction) {
  const name = basename(file.path);
  const itself = rawKey(run.job, run.slice, run.runId, name);
  /** By their keys: paths of what is put, and lengths. */
  const beside = new Map<string, string>();
  const lengths = new Map<string, number>();
  const scans: ScannedObject[] = [];
  const deps: ExtractDeps = {
    readJob: async () => job,
    read: async () => file.chunks(),
    async putStream({ key }, body) {
      if (key !== itself) beside.set(key, join(directory, `beside-${beside.size}`));
      lengths.set(key, await drain(body, beside.get(key)));
      return { created: true, versionId: null, compositeSha256: 'local' };
    },
    head: async ({ key }) => ({
      ...{ bytes: lengths.get(key) ?? 0, etag: '', versionId: null, checksumSha256: 'local' },
    }),
    putOps: async (_key, body) => scans.push(JSON.parse(body.toString('utf8')) as ScannedObject),
    putObject: async () => undefined,
    readScan: async () => null,
    now: () => new Date(),
    ...{ rawBucket: 'local', shardBytes, maxObjectBytes: Number.MAX_SAFE_INTEGER },
  };
  const object = {
    n: 0,
    bucket: 'local',
    key: file.path,
    versionId: null,
    etag: '',
    bytes: file.bytes,
    name,
  };
  await extract(deps, { run, object });
  const [scanned] = scans;
  if (scanned === undefined) throw new Error(`Extract kept no scan of ${file.path}`);
  return { scanned, beside };
}

/** Into a file, or nowhere: how many bytes there were. */
async function drain(body: AsyncIterable<Uint8Array>, path: string | undefined): Promise<number> {
  const handle = path === undefined ? null : await open(path, 'w');
  try {
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      await handle?.writeFile(chunk);
    }
    return bytes;
  } finally {
    await handle?.close();
  }
}
