/** What a string's escapes stand for. The string has been checked before. */
import { BACKSLASH } from './grammar.ts';

const U = 117;

/** By the letter behind the backslash. */
const single = new Map<number | undefined, number>(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, character]) => [letter.charCodeAt(0), character.charCodeAt(0)],
  ),
);

/** UTF-8 of one character, which is taken over before the next. */
const scratch = Buffer.alloc(4);

/** Gives the text of a string's content, `[from, to)`, in pieces of UTF-8. */
export function unescapeTo(
  bytes: Buffer,
  from: number,
  to: number,
  add: (piece: Buffer, from: number, to: number) => void,
): void {
  let at = from;
  while (at < to) {
    let mark = at;
    while (mark < to && bytes[mark] !== BACKSLASH) mark++;
    if (mark > at) add(bytes, at, mark);
    if (mark === to) return;
    const isCode = bytes[mark + 1] === U;
    const first = isCode ? codeAt(bytes, mark) : (single.get(bytes[mark + 1]) ?? 0);
    const isPair = isHigh(first);
    const character = isPair ? pairOf(first, codeAt(bytes, mark + 6)) : first;
    add(scratch, 0, encode(character));
    at = mark + (isPair ? 12 : isCode ? 6 : 2);
  }
}

export function unescaped(bytes: Buffer, from: number, to: number): string {
  let text = '';
  unescapeTo(bytes, from, to, (piece, start, end) => {
    text += piece.toString('utf8', start, end);
  });
  return text;
}

/** The code unit whose `\uXXXX` begins at `at`; NaN where the digits are none. */
export function codeAt(bytes: Buffer, at: number): number {
  let code = 0;
  for (let i = at + 2; i < at + 6; i++) code = code * 16 + digitOf(bytes[i] as number);
  return code;
}

function digitOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : Number.NaN;
}

export const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
export const isLow = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;
const pairOf = (high: number, low: number): number => 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);

/** Writes a character to `scratch` (RFC 3629, 3), and gives its length. */
function encode(character: number): number {
  if (character < 0x80) {
    scratch[0] = character;
    return 1;
  }
  const length = character < 0x800 ? 2 : character < 0x1_0000 ? 3 : 4;
  let rest = character;
  for (let i = length - 1; i > 0; i--) {
    scratch[i] = 0x80 | (rest & 0x3f);
    rest >>= 6;
  }
  scratch[0] = ((0xf00 >> length) & 0xff) | rest;
  return length;
}

/** Tells of a code unit whether the bytes hold an escape of it. One look at them serves all questions. */
export function escapesIn(bytes: Buffer): (code: number) => boolean {
  let found: Uint8Array | null = null;
  return (code) => {
    found ??= codesIn(bytes);
    return found[code] === 1;
  };
}

function codesIn(bytes: Buffer): Uint8Array {
  const found = new Uint8Array(0x1_0000);
  for (let at = bytes.indexOf(BACKSLASH); at !== -1; at = bytes.indexOf(BACKSLASH, at + 1)) {
    const code = bytes[at + 1] === U ? codeAt(bytes, at) : Number.NaN;
    if (!Number.isNaN(code)) found[code] = 1;
  }
  return found;
}
