/** gzip (RFC 1952) as a stream, in bounded memory. What is not whole and sound to its last byte refuses the file. */
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ForebayError } from '../errors.ts';

export interface GzipLimits {
  /** The whole file's size. */
  packedBytes: number;
  /** More never comes out of it, however large it is. */
  maxBytes: number;
}

export const isGzip = (start: Uint8Array): boolean => start[0] === 0x1f && start[1] === 0x8b;

const MiB = 1_024 * 1_024;
/** Deflate comes to 1,032 to 1 on one byte without end; text seldom passes 30 to 1. */
const maxRatio = 200;
/** A few records that are all alike may well pass the ratio. */
const freeBytes = MiB;

/**
 * What is packed, all members of it one after another (RFC 1952, 2.2). Throws `GzipInvalid` where a member is cut
 * off or differs from its checksum or length, or where anything but a member follows one; `GzipTooLarge` at a limit.
 * Either may come behind bytes that were given already: they count only when the generator has ended well.
 *
 * The ratio is that of the whole file, so that what is refused does not depend on how its bytes come.
 */
export async function* gunzip(
  source: AsyncIterable<Uint8Array>,
  limits: GzipLimits,
): AsyncGenerator<Buffer, undefined> {
  const allowed = Math.min(limits.maxBytes, Math.max(freeBytes, maxRatio * limits.packedBytes));
  const inflater = createGunzip({ chunkSize: 65_536 });
  let fed = 0;
  let given = 0;
  const feeding = pipeline(async function* () {
    for await (const chunk of source) {
      fed += chunk.length;
      yield chunk;
    }
  }, inflater);
  // Whatever it fails with ends the loop below, too.
  feeding.catch(() => undefined);
  try {
    for await (const chunk of inflater as AsyncIterable<Buffer>) {
      given += chunk.length;
      if (given > allowed) throw tooLarge(allowed, limits);
      yield chunk;
    }
  } catch (error) {
    throw named(error, inflater.bytesWritten, fed);
  }
  // zlib takes a zero byte behind a member for the end, and passes over all that follows, be it another member.
  if (inflater.bytesWritten < fed) {
    throw invalid(`behind byte ${inflater.bytesWritten}, where a member ends, comes what is no member`);
  }
}

/** zlib's errors say what they met, never with the data's own bytes. `read`: before the piece that it was met in. */
function named(error: unknown, read: number, fed: number): unknown {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'Z_BUF_ERROR') return invalid(`it ends at byte ${fed}, within a member`);
  if (code === 'Z_DATA_ERROR' || code === 'Z_NEED_DICT')
    return invalid(`${message}, at or behind byte ${read}`);
  return error;
}

const invalid = (what: string): ForebayError =>
  new ForebayError('GzipInvalid', `the file is broken gzip: ${what}; deliver it again, whole`);

function tooLarge(allowed: number, { packedBytes, maxBytes }: GzipLimits): ForebayError {
  const what = `${packedBytes} bytes of gzip unpack to more than ${allowed}`;
  return new ForebayError(
    'GzipTooLarge',
    allowed === maxBytes
      ? `${what}, which is what one function finishes in its time; deliver it in smaller files`
      : `${what}, ${maxRatio} times as much and more; if it is no mistake, deliver it unpacked`,
  );
}
