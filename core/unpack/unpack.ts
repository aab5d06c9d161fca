/**
 * A file as the UTF-8 that scanners and readings know. What is UTF-8 already is read where it lies; gzip and other
 * encodings cannot be cut at a byte and read from there, so they are unpacked first. See docs/formats.md.
 */

import { ForebayError } from '../errors.ts';
import { asBuffer } from '../formats/bytes.ts';
import type { Encoding } from '../job/model.ts';
import { decoderOf } from './decode.ts';
import { startBytes, startOf } from './encoding.ts';
import { type GzipLimits, gunzip, isGzip } from './gzip.ts';
import { peek } from './peek.ts';

export interface Unpacking extends GzipLimits {
  /** What the job says; `null`: what the file's XML declaration says. */
  encoding: Encoding | null;
}

/** Whether a file can be read only once it is unpacked. `start`: its first `startBytes` or more, or all. */
export const isPacked = (start: Uint8Array, encoding: Encoding | null): boolean =>
  isGzip(start) || startOf(start, encoding).encoding !== 'utf-8';

/**
 * The text of a file in UTF-8, without a byte order mark: of gzip what is in it, then decoded. Throws what `gunzip`,
 * `startOf` and decoders throw, and `ObjectTooLarge` where the text is longer than `maxBytes`.
 */
export async function* unpack(
  source: AsyncIterable<Uint8Array>,
  how: Unpacking,
): AsyncGenerator<Buffer, undefined> {
  const { start, all } = await peek(source, startBytes);
  const bytes = isGzip(start) ? gunzip(all, how) : all;
  try {
    yield* marked(decoded(bytes, isGzip(start), how), how.maxBytes);
  } finally {
    await bytes.return(undefined);
  }
}

async function* decoded(
  source: AsyncIterable<Uint8Array>,
  unzipped: boolean,
  { encoding: given }: Unpacking,
): AsyncGenerator<Buffer, undefined> {
  const { start, all } = await peek(source, startBytes);
  if (unzipped && isGzip(start)) {
    throw new ForebayError('GzipInvalid', 'the file is gzip that holds gzip; deliver it packed once');
  }
  const { encoding, mark } = startOf(start, given);
  const decoder = decoderOf(encoding, mark);
  let skip = mark;
  for await (const chunk of all) {
    const bytes = asBuffer(chunk);
    const text = decoder.push(bytes.subarray(skip));
    skip -= Math.min(skip, bytes.length);
    if (text.length > 0) yield text;
  }
  decoder.end();
}

const utf8Mark = Buffer.from('\ufeff');

/**
 * A second mark is text. It would be taken for a mark where it comes first, so that it has one in front of it, as it
 * has in a file of plain UTF-8.
 */
async function* marked(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Buffer, undefined> {
  const { start, all } = await peek(source, utf8Mark.length);
  if (utf8Mark.equals(start.subarray(0, utf8Mark.length))) yield utf8Mark;
  let length = 0;
  for await (const chunk of all) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    yield chunk as Buffer;
  }
}

const tooLarge = (maxBytes: number): ForebayError =>
  new ForebayError(
    'ObjectTooLarge',
    `in UTF-8 it is longer than the ${maxBytes} bytes that one function finishes in its time; deliver it in smaller files`,
  );
