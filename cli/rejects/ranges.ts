/** Pieces of an object, read together where they lie near each other. */
import type { ByteRange } from '../../core/shard.ts';

/** Reading over so many bytes that nobody asked for is quicker than another request. */
const nearBytes = 64 * 1_024;
/** What one read brings at most, unless a single piece is larger. */
const readBytes = 8 * 1_024 * 1_024;

export interface Read extends ByteRange {
  /** Positions, in the list that was given, of the pieces that lie in it. */
  pieces: number[];
}

/** The fewest reads of bounded size that bring all the pieces, in the order of their offsets. */
export function readsFor(pieces: readonly ByteRange[]): Read[] {
  const reads: Read[] = [];
  const order = [...pieces.keys()].sort((a, b) => (pieces[a]?.offset ?? 0) - (pieces[b]?.offset ?? 0));
  for (const i of order) {
    const { offset, length } = pieces[i] as ByteRange;
    const last = reads.at(-1);
    const end = last === undefined ? 0 : last.offset + last.length;
    const grown = last === undefined ? 0 : Math.max(end, offset + length) - last.offset;
    if (last === undefined || offset > end + nearBytes || grown > readBytes) {
      reads.push({ offset, length, pieces: [i] });
      continue;
    }
    last.length = grown;
    last.pieces.push(i);
  }
  return reads;
}

/** The pieces of a text as it goes by; it is left where the last of them ends. What it does not have is short. */
export async function piecesOf(
  text: AsyncIterable<Uint8Array>,
  pieces: readonly ByteRange[],
): Promise<Buffer[]> {
  const found: Uint8Array[][] = pieces.map(() => []);
  const end = Math.max(0, ...pieces.map(({ offset, length }) => offset + length));
  let at = 0;
  for await (const chunk of text) {
    for (const [i, { offset, length }] of pieces.entries()) {
      const [from, to] = [Math.max(offset - at, 0), Math.min(offset + length - at, chunk.length)];
      // The chunk's memory may be used again for the next one.
      if (from < to) found[i]?.push(Buffer.from(chunk.subarray(from, to)));
    }
    at += chunk.length;
    if (at >= end) break;
  }
  return found.map((parts) => Buffer.concat(parts));
}
