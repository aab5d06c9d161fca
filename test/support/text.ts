/** A file's text by the code that Extract unpacks it with. */
import type { Encoding } from '../../core/job/model.ts';
import type { Reject } from '../../core/shard.ts';
import { isPacked, unpack } from '../../core/unpack/unpack.ts';

const GiB = 1_024 ** 3;

/** In chunks of so many bytes. */
export async function* inChunks(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array, undefined> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

export async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** What is unpacked of a file, whether it needed that or not. */
export const unpacked = (
  file: Uint8Array,
  options: { encoding?: Encoding | null; chunk?: number; maxBytes?: number } = {},
): Promise<Buffer> => {
  const { encoding = 'utf-8', chunk = 65_536, maxBytes = GiB } = options;
  return collected(unpack(inChunks(file, chunk), { encoding, maxBytes, packedBytes: file.length }));
};

/** The bytes that a file's records lie in. */
export async function textOf(
  file: Uint8Array,
  encoding: Encoding | null,
): Promise<{ in: Reject['in']; bytes: Buffer }> {
  if (!isPacked(file, encoding)) return { in: 'raw', bytes: Buffer.from(file) };
  return { in: 'unpacked', bytes: await unpacked(file, { encoding }) };
}
