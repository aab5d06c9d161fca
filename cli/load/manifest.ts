import type { ObjectStore } from '../../aws/interfaces.ts';
import { type Manifest, manifestSchema } from '../../core/manifest.ts';
import type { ObjectRef } from '../../core/run.ts';
import { manifestKey } from '../../core/storage.ts';
import type { LoadedSource } from './load.ts';

/** What a committed run loaded: the source's objects, each with the digest of its raw copy. */
export async function readManifest(
  cloud: { store: Pick<ObjectStore, 'get'>; outputs: { OpsBucket: string } },
  job: string,
  runId: string,
): Promise<LoadedSource[]> {
  const manifest = await read(cloud, { bucket: cloud.outputs.OpsBucket, key: manifestKey(job, runId) });
  return manifest.raw.map(({ sha256, source }) => ({
    ...{ key: source.key, versionId: source.versionId, etag: source.etag, sha256 },
  }));
}

/** Keys of the raw objects that a manifest names. */
export const rawKeysOf = async (
  cloud: { store: Pick<ObjectStore, 'get'> },
  manifest: ObjectRef,
): Promise<string[]> => (await read(cloud, manifest)).raw.map(({ key }) => key);

const read = async ({ store }: { store: Pick<ObjectStore, 'get'> }, ref: ObjectRef): Promise<Manifest> =>
  manifestSchema.parse(JSON.parse((await store.get(ref)).toString('utf8')));
