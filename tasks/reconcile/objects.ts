import type { ObjectStore } from '../../aws/interfaces.ts';
import { idBytes, type NextIds } from '../../core/keys.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import { keysKey } from '../../core/storage.ts';

/** With one block for each of 10,000 shards this is 160 MB. */
const blockBytes = 1_024 * idBytes;

/** A shard's sorted ids, read in blocks, so that thousands of shards can be merged in bounded memory. */
export const idsOf =
  (objects: Pick<ObjectStore, 'head' | 'getRange'>, bucket: string) =>
  (run: RunRef, shard: number): NextIds => {
    const ref = { bucket, key: keysKey(run.job, run.runId, shard) };
    let size: number | undefined;
    let offset = 0;
    return async () => {
      size ??= (await objects.head(ref))?.bytes ?? 0;
      const block = await objects.getRange(ref, { offset, length: Math.min(blockBytes, size - offset) });
      offset += block.length;
      return block;
    };
  };

/** Puts an object that is written once; `false` where one with other bytes is there. */
export async function putOnce(
  objects: Pick<ObjectStore, 'put' | 'get'>,
  ref: ObjectRef,
  body: Buffer,
): Promise<boolean> {
  if (await objects.put(ref, body, { ifNoneMatch: true, contentType: 'application/json' })) return true;
  return body.equals(await objects.get(ref));
}
