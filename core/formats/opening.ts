import { asBuffer } from './bytes.ts';
import { byteOrderMark } from './text.ts';

/** Takes a chunk with the offset of its first byte. */
export type Push = (chunk: Buffer, offset: number) => void;

/**
 * Hands a file's chunks on with their offsets, without a byte order mark. Its first four bytes tell the encoding, and
 * may come one by one. `end` hands on what is left and gives the file's length.
 */
export function behindMark(push: Push): { push(chunk: Uint8Array): void; end(): number } {
  let bytes = 0;
  let head: Buffer | null = Buffer.alloc(0);
  const open = (first: Buffer): void => {
    head = null;
    const mark = byteOrderMark(first);
    push(first.subarray(mark), mark);
  };
  return {
    push(chunk) {
      const offset = bytes;
      bytes += chunk.length;
      if (head === null) return push(asBuffer(chunk), offset);
      head = Buffer.concat([head, chunk]);
      if (head.length >= 4) open(head);
    },
    end() {
      if (head !== null) open(head);
      return bytes;
    },
  };
}
