import { ForebayError } from '../errors.ts';

const utf8 = Buffer.from([0xef, 0xbb, 0xbf]);
/** The longer before the shorter: UTF-32LE's begins with UTF-16LE's. */
const others: Array<[string, Buffer]> = [
  ['UTF-32LE', Buffer.from([0xff, 0xfe, 0, 0])],
  ['UTF-32BE', Buffer.from([0, 0, 0xfe, 0xff])],
  ['UTF-16LE', Buffer.from([0xff, 0xfe])],
  ['UTF-16BE', Buffer.from([0xfe, 0xff])],
];

/**
 * Length of the UTF-8 byte order mark that a file begins with, or 0. `EncodingUnsupported` for the marks of other
 * encodings (The Unicode Standard, 23.8). `start`: the file's first four bytes, or all where it has fewer.
 */
export function byteOrderMark(start: Uint8Array): number {
  const begins = (mark: Buffer) => mark.equals(start.subarray(0, mark.length));
  const other = others.find(([, mark]) => begins(mark));
  if (other !== undefined) {
    throw new ForebayError('EncodingUnsupported', `the file begins as ${other[0]}; deliver it as UTF-8`);
  }
  return begins(utf8) ? utf8.length : 0;
}
