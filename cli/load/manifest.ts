import type { ObjectStore } from '../../aws/interfaces.ts';
import { manifestSchema } from '../../core/manifest.ts';
import { manifestKey } from '../../core/storage.ts';
import type { LoadedSource } from './load.ts';

/** What a committed run loaded: the source's objects, each with the digest of its raw copy. */
export async function readManifest(
  cloud: { store: Pick<ObjectStore, 'get'>; outputs: { OpsBucket: string } },
  job: string,
  runId: string,
): Promise<LoadedSource[]> {
  const bytes = await cloud.store.get({ bucket: cloud.outputs.OpsBucket, key: manifestKey(job, runId) });
  const manifest = manifestSchema.parse(JSON.parse(bytes.toString('utf8')));
  return manifest.raw.map(({ sha256, source }) => ({
    ...{ key: source.key, versionId: source.versionId, etag: source.etag, sha256 },
  }));
}
