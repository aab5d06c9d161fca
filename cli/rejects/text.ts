/** A record's bytes as people may see them on a terminal, and as JSON has them. */
import { isUtf8 } from 'node:buffer';
import { cell } from '../output.ts';

/** Without the character at the end that a cut has left incomplete. */
export function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const lead = bytes[bytes.length - back] ?? 0;
    if (lead >= 0xc0) return back < lengthOf(lead) ? bytes.subarray(0, -back) : bytes;
    if (lead < 0x80) return bytes;
  }
  return bytes;
}

const lengthOf = (lead: number): number => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1);

/** On one line; what is no UTF-8 as `\xff`, byte by byte, and what moves or turns other text around likewise. */
export function shown(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = lengthOf(bytes[at] ?? 0);
    const character = bytes.subarray(at, at + length);
    if (isUtf8(character)) {
      text += visible(character.toString('utf8'));
      at += character.length;
    } else {
      text += `\\x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`;
      at += 1;
    }
  }
  return text;
}

const visible = (character: string): string =>
  /\p{Cf}/u.test(character) ? `\\u{${character.codePointAt(0)?.toString(16)}}` : cell(character);

/** The text itself where it is UTF-8, and otherwise the bytes: JSON has no other way to be exact. */
export const inJson = (bytes: Buffer): { source: string } | { sourceBase64: string } =>
  isUtf8(bytes) ? { source: bytes.toString('utf8') } : { sourceBase64: bytes.toString('base64') };
