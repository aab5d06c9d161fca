import type { ObjectStore } from '../../aws/interfaces.ts';
import type { Job } from '../../core/job/model.ts';
import { jobVersionKey } from '../../core/storage.ts';
import { readJobVersion } from '../job-version.ts';

/** Copies the deployed job (`bucket/key` of its asset) to the ops bucket, where each version is kept for good. */
export const pinJobVersion =
  (objects: Pick<ObjectStore, 'get' | 'head' | 'put'>, env: { OPS_BUCKET: string; JOB_ASSET: string }) =>
  async ({ name, version }: { name: string; version: string }): Promise<Job> => {
    const pinned = { bucket: env.OPS_BUCKET, key: jobVersionKey(name, version) };
    const run = { job: name, jobVersion: version };
    if ((await objects.head(pinned)) === null) {
      const asset = await objects.get(assetOf(env.JOB_ASSET));
      // Its digest is checked before it is kept; another run may keep it first.
      await readJobVersion(async () => asset, run);
      await objects.put(pinned, asset, { ifNoneMatch: true, contentType: 'application/json' });
    }
    return readJobVersion(() => objects.get(pinned), run);
  };

function assetOf(asset: string): { bucket: string; key: string } {
  const slash = asset.indexOf('/');
  return { bucket: asset.slice(0, slash), key: asset.slice(slash + 1) };
}
