/**
 * The words of JSON (RFC 8259, 3, 6 and 7) in bytes that are valid UTF-8. Each function gives the offset behind the
 * word; or, as its complement (which is negative), that of the byte at which it is none. None goes past a byte that
 * no word can hold, such as a line end.
 */
import { BACKSLASH, QUOTE } from './grammar.ts';
import { codeAt, isHigh, isLow } from './text.ts';

const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const E = 101;
const U = 117;

/** What may stand behind a backslash, but for `u`. */
const escaped = new Set<number | undefined>(Buffer.from('"\\/bfnrt'));

const words = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/** The offset of the first byte that is not plain text in a string: a quote, a backslash, or what must be escaped. */
export function plainEnd(bytes: Buffer, from: number): number {
  let at = from;
  let byte = bytes[at] as number;
  // behind the last byte there is nothing, which is not at least 32
  while (byte >= 32 && byte !== QUOTE && byte !== BACKSLASH) byte = bytes[++at] as number;
  return at;
}

/** Of a string's content, anywhere in it outside of an escape. The closing quote is passed. */
export function stringEnd(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    at = plainEnd(bytes, at);
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] !== BACKSLASH) return ~at;
    const behind = escapeEnd(bytes, at);
    if (behind < 0) return behind;
    at = behind;
  }
}

function escapeEnd(bytes: Buffer, at: number): number {
  if (escaped.has(bytes[at + 1])) return at + 2;
  if (!isCode(bytes, at)) return ~at;
  const code = codeAt(bytes, at);
  if (!isHigh(code)) return isLow(code) ? ~at : at + 6;
  return isCode(bytes, at + 6) && isLow(codeAt(bytes, at + 6)) ? at + 12 : ~at;
}

/** Whether `\uXXXX` is at this offset. */
export const isCode = (bytes: Buffer, at: number): boolean =>
  bytes[at] === BACKSLASH && bytes[at + 1] === U && !Number.isNaN(codeAt(bytes, at));

export function numberEnd(bytes: Buffer, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  at = bytes[at] === ZERO ? at + 1 : digitsEnd(bytes, at);
  if (at >= 0 && bytes[at] === POINT) at = digitsEnd(bytes, at + 1);
  if (at >= 0 && ((bytes[at] as number) | 32) === E) {
    const sign = bytes[at + 1];
    at = digitsEnd(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
  }
  return at;
}

function digitsEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at++;
  return at === from ? ~at : at;
}

export const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte <= NINE;

/** `true`, `false` or `null`. */
export function wordEnd(bytes: Buffer, at: number): number {
  for (const word of words) {
    if (word[0] !== bytes[at]) continue;
    for (let i = 1; i < word.length; i++) if (bytes[at + i] !== word[i]) return ~at;
    return at + word.length;
  }
  return ~at;
}
