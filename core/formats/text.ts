import { ForebayError } from '../errors.ts';
import type { Encoding } from '../job/model.ts';

interface Mark {
  name: string;
  bytes: Buffer;
  /** `null`: no encoding that is read. */
  encoding: Encoding | null;
}

/** Byte order marks (The Unicode Standard, 23.8). The longer before the shorter: UTF-32LE's begins with UTF-16LE's. */
const marks: Mark[] = [
  { name: 'UTF-8', bytes: Buffer.from([0xef, 0xbb, 0xbf]), encoding: 'utf-8' },
  { name: 'UTF-32LE', bytes: Buffer.from([0xff, 0xfe, 0, 0]), encoding: null },
  { name: 'UTF-32BE', bytes: Buffer.from([0, 0, 0xfe, 0xff]), encoding: null },
  { name: 'UTF-16LE', bytes: Buffer.from([0xff, 0xfe]), encoding: 'utf-16le' },
  { name: 'UTF-16BE', bytes: Buffer.from([0xfe, 0xff]), encoding: 'utf-16be' },
];

/** The mark that a file begins with. `start`: the file's first four bytes or more, or all where it has fewer. */
export const markOf = (start: Uint8Array): Mark | null =>
  marks.find(({ bytes }) => bytes.equals(start.subarray(0, bytes.length))) ?? null;

export const unsupported = (name: string): ForebayError =>
  new ForebayError('EncodingUnsupported', `the file begins as ${name}; deliver it as UTF-8`);

/**
 * Length of the byte order mark of a file that is UTF-8, or 0. `EncodingUnsupported` for the marks of other
 * encodings: what has one of those is unpacked before it is read.
 */
export function byteOrderMark(start: Uint8Array): number {
  const mark = markOf(start);
  if (mark === null) return 0;
  if (mark.encoding !== 'utf-8') throw unsupported(mark.name);
  return mark.bytes.length;
}
