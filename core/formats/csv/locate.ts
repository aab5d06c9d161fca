/** Where single records lie: for pointers in rejects. It takes no part in any count. */
import type { ByteRange } from '../../shard.ts';
import type { Dialect } from './dialect.ts';
import { RecordWalker } from './walk.ts';

/** How many bytes are walked at a time: so much is looked ahead of the record that is asked for. */
const STEP = 65_536;

/** Finds records of a shard by their numbers, asked for in ascending order: all of them take one pass. */
export function recordFinder(dialect: Dialect, shard: Buffer): (record: number) => ByteRange | null {
  let found: ByteRange[] = [];
  let first = 0;
  let walked = 0;
  const walker = new RecordWalker(dialect, Number.POSITIVE_INFINITY, (start, end) =>
    found.push({ offset: start, length: end - start }),
  );
  return (record) => {
    while (record >= first + found.length) {
      if (walked > shard.length) return null;
      first += found.length;
      found = [];
      walker.push(shard.subarray(walked, walked + STEP));
      walked += STEP;
      if (walked >= shard.length) {
        walker.end();
        walked = Number.POSITIVE_INFINITY;
      }
    }
    return found[record - first] ?? null;
  };
}
