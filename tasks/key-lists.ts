import type { ObjectStore } from '../aws/interfaces.ts';
import { gate, readsAtOnce } from '../core/at-once.ts';
import { ForebayError } from '../core/errors.ts';
import { lineBytes, type NextLines } from '../core/keys.ts';
import type { ObjectRef, RunRef } from '../core/run.ts';
import type { ByteRange } from '../core/shard.ts';
import { keysKey } from '../core/storage.ts';

/** What all shards' blocks may hold together: the one that is merged and the one behind it, of each. */
const memoryBytes = 512 * 1_024 ** 2;
/** Lines of a block: fewer are not worth a request, and more do not make it quicker. */
const [leastLines, mostLines] = [512, 131_072];

export interface ShardLines {
  /** Number of the shard. */
  n: number;
  /** The first of the lines that are wanted, and how many there are. */
  first: number;
  count: number;
}

/** Of the shards' sorted keys the wanted lines, in blocks and one block ahead: thousands merge in bounded memory. */
export const linesOf =
  (objects: Pick<ObjectStore, 'getRange'>, bucket: string) =>
  (run: RunRef, shards: readonly ShardLines[]): NextLines[] => {
    // The merge empties all its blocks at about the same time, and would then wait for thousands one by one.
    const through = gate(readsAtOnce);
    const share = Math.floor(memoryBytes / 2 / Math.max(1, shards.length) / lineBytes);
    const blockBytes = Math.min(mostLines, Math.max(leastLines, share)) * lineBytes;
    return shards.map(({ n, first, count }) => {
      const ref = { bucket, key: keysKey(run.job, run.runId, n) };
      const whole = { offset: first * lineBytes, length: count * lineBytes };
      return inBlocks(whole, blockBytes, (range) => through(() => readWhole(objects, ref, range)));
    });
  };

function inBlocks(
  whole: ByteRange,
  blockBytes: number,
  read: (range: ByteRange) => Promise<Buffer>,
): NextLines {
  let { offset } = whole;
  const end = whole.offset + whole.length;
  const next = (): Promise<Buffer> => {
    const length = Math.min(blockBytes, end - offset);
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

/** Fewer bytes than a range has mean that its object is not the one that the ledger tells of. */
export async function readWhole(
  objects: Pick<ObjectStore, 'getRange'>,
  ref: ObjectRef,
  range: ByteRange,
): Promise<Buffer> {
  const block = await objects.getRange(ref, range);
  if (block.length === range.length) return block;
  throw new ForebayError(
    'ShardIncomplete',
    `${ref.key} gave ${block.length} of the ${range.length} bytes from ${range.offset}; run the slice again`,
  );
}
