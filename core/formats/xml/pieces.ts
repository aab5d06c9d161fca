import { isUtf8 } from 'node:buffer';

/** Text of a stream of bytes, and how many of them it is. */
export interface Piece {
  text: string;
  bytes: number;
  /** `false`: one byte that is no UTF-8; its text is U+FFFD. */
  valid: boolean;
}

const CR = 13;

/**
 * Bytes, in chunks of any size, as text in pieces that end neither within a character nor between CR and LF, so that
 * a place in a piece's text is a place in the bytes.
 */
export class Utf8Pieces {
  #kept = Buffer.alloc(0);

  push(chunk: Buffer): Piece[] {
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    const whole = bytes.length - unfinished(bytes);
    // a copy: the chunk's memory is not ours
    this.#kept = Buffer.from(bytes.subarray(whole));
    return piecesOf(bytes.subarray(0, whole));
  }

  end(): Piece[] {
    const rest = this.#kept;
    this.#kept = Buffer.alloc(0);
    return piecesOf(rest);
  }
}

/** How many bytes at the end may go on in the next chunk: a character's first ones, or a CR. */
function unfinished(bytes: Buffer): number {
  if (bytes.at(-1) === CR) return 1;
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < lengthFrom(byte) ? back : 0;
  }
  return 0;
}

/** By a character's first byte (RFC 3629, 3). */
const lengthFrom = (first: number): number => (first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2);

function piecesOf(bytes: Buffer): Piece[] {
  if (bytes.length === 0) return [];
  if (isUtf8(bytes)) return [{ text: bytes.toString('utf8'), bytes: bytes.length, valid: true }];
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterAt(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    if (at > from) pieces.push({ text: bytes.toString('utf8', from, at), bytes: at - from, valid: true });
    pieces.push({ text: '\ufffd', bytes: 1, valid: false });
    at++;
    from = at;
  }
  if (from < bytes.length) {
    pieces.push({ text: bytes.toString('utf8', from), bytes: bytes.length - from, valid: true });
  }
  return pieces;
}

/** The length of the character that begins here; 0: none does. */
function characterAt(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = lengthFrom(first);
  return isUtf8(bytes.subarray(at, at + length)) && at + length <= bytes.length ? length : 0;
}
