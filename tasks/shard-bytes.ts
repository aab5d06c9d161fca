import { ForebayError } from '../core/errors.ts';
import type { ObjectRef } from '../core/run.ts';
import type { ByteRange, Shard } from '../core/shard.ts';

export interface RawDeps {
  /** Of a raw object, or of what was unpacked from it. */
  readRaw(object: ObjectRef, range: ByteRange): Promise<Buffer>;
}

/** A shard's bytes, and those of its header, where there is one. */
export async function readShard(
  deps: RawDeps,
  shard: Shard,
): Promise<{ header: Buffer | null; bytes: Buffer }> {
  const object = shard.unpacked ?? shard.raw;
  const bytes = await readWhole(deps, object, shard);
  return { bytes, header: shard.header === null ? null : await readWhole(deps, object, shard.header) };
}

async function readWhole(deps: RawDeps, object: ObjectRef, range: ByteRange): Promise<Buffer> {
  const bytes = await deps.readRaw(object, range);
  if (bytes.length === range.length) return bytes;
  const what = `${object.key} gave ${bytes.length} of the ${range.length} bytes from ${range.offset}`;
  throw new ForebayError('ServiceUnavailable', `${what}; it is read again`);
}
