import type { ObjectStore } from '../../aws/interfaces.ts';
import { gate, readsAtOnce } from '../../core/at-once.ts';
import { ForebayError } from '../../core/errors.ts';
import { idBytes, type NextIds } from '../../core/keys.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import { keysKey } from '../../core/storage.ts';

/** What all shards' blocks may hold together: the one that is merged and the one behind it, of each. */
const memoryBytes = 512 * 1_024 ** 2;
/** Ids of a block: fewer are not worth a request, and more do not make it quicker. */
const [leastIds, mostIds] = [512, 131_072];

export interface ShardIds {
  /** Number of the shard. */
  n: number;
  /** How many ids there are of it. */
  ids: number;
}

/** The shards' sorted ids, read in blocks and one block ahead, so that thousands are merged in bounded memory. */
export const idsOf =
  (objects: Pick<ObjectStore, 'getRange'>, bucket: string) =>
  (run: RunRef, shards: readonly ShardIds[]): NextIds[] => {
    // The merge empties all its blocks at about the same time, and would then wait for thousands one by one.
    const through = gate(readsAtOnce);
    const share = Math.floor(memoryBytes / 2 / Math.max(1, shards.length) / idBytes);
    const blockBytes = Math.min(mostIds, Math.max(leastIds, share)) * idBytes;
    return shards.map(({ n, ids }) => {
      const ref = { bucket, key: keysKey(run.job, run.runId, n) };
      return inBlocks(ids * idBytes, blockBytes, (range) => through(() => readWhole(objects, ref, range)));
    });
  };

interface Range {
  offset: number;
  length: number;
}

function inBlocks(bytes: number, blockBytes: number, read: (range: Range) => Promise<Buffer>): NextIds {
  let offset = 0;
  const next = (): Promise<Buffer> => {
    const length = Math.min(blockBytes, bytes - offset);
    if (length === 0) return Promise.resolve(Buffer.alloc(0));
    const block = read({ offset, length });
    offset += length;
    // Who asks for it meets its failure; until then it must not count as unhandled.
    block.catch(() => undefined);
    return block;
  };
  let ahead: Promise<Buffer> | undefined;
  return async () => {
    const block = await (ahead ?? next());
    ahead = next();
    return block;
  };
}

async function readWhole(
  objects: Pick<ObjectStore, 'getRange'>,
  ref: ObjectRef,
  range: Range,
): Promise<Buffer> {
  const block = await objects.getRange(ref, range);
  if (block.length === range.length) return block;
  throw new ForebayError(
    'ShardIncomplete',
    `${ref.key} gave ${block.length} of the ${range.length} bytes from ${range.offset}; run the slice again`,
  );
}
