/** The records that were rejected themselves, by the places that the rejects name. They are kept nowhere. */
import { httpStatus } from '../../aws/errors.ts';
import type { ObjectStore } from '../../aws/interfaces.ts';
import type { Encoding } from '../../core/job/model.ts';
import type { ByteRange, Reject } from '../../core/shard.ts';
import { rawKey } from '../../core/storage.ts';
import { unpack } from '../../core/unpack/unpack.ts';
import { Problem } from '../problem.ts';
import { piecesOf, readsFor } from './ranges.ts';
import { wholeCharacters } from './text.ts';

export interface SourceDeps extends Pick<ObjectStore, 'getRange' | 'stream' | 'head'> {
  rawBucket: string;
  /** What the job says of its files' text. */
  encoding(): Promise<Encoding | null>;
  /** Keys of the raw objects that the run's manifest names; none where it has no manifest. */
  rawKeys(): Promise<string[]>;
  note(text: string): void;
}

export interface WithSource {
  reject: Reject;
  /** The record's bytes, or the first of them; `null`: the object is not there any more. */
  bytes: Buffer | null;
  cut: boolean;
}

/** In the order of the rejects. `maxBytes`: of each record. */
export async function withSource(
  deps: SourceDeps,
  run: { job: string; slice: string },
  rejects: readonly Reject[],
  maxBytes: number,
): Promise<WithSource[]> {
  const byObject = new Map<string, number[]>();
  for (const [i, { object }] of rejects.entries()) byObject.set(object, [...(byObject.get(object) ?? []), i]);
  const found: Array<Buffer | null> = rejects.map(() => null);
  for (const [object, positions] of byObject) {
    const pieces = positions.map((i) => pieceOf(rejects[i] as Reject, maxBytes));
    const unpacked = rejects[positions[0] ?? 0]?.in === 'unpacked';
    const bytes = await read(deps, run, object, unpacked, pieces);
    for (const [n, i] of positions.entries()) found[i] = bytes?.[n] ?? null;
  }
  return rejects.map((reject, i) => {
    const [bytes, cut] = [found[i] ?? null, reject.length > maxBytes];
    return { reject, bytes: bytes !== null && cut ? wholeCharacters(bytes) : bytes, cut };
  });
}

const pieceOf = ({ offset, length }: Reject, maxBytes: number): ByteRange => ({
  offset,
  length: Math.min(length, maxBytes),
});

async function read(
  deps: SourceDeps,
  run: { job: string; slice: string },
  object: string,
  unpacked: boolean,
  pieces: readonly ByteRange[],
): Promise<Buffer[] | null> {
  const there = await allowed(deps, object, () => readRanges(deps, object, pieces));
  if (there !== null || !unpacked) return there;
  for (const raw of await rawOf(deps, run, object)) {
    const bytes = await allowed(deps, raw, () => unpackAgain(deps, raw, pieces));
    if (bytes === null) continue;
    deps.note(`${object} has expired: it was unpacked again, in memory, from ${raw}`);
    return bytes;
  }
  return null;
}

async function readRanges(
  { getRange, rawBucket }: SourceDeps,
  key: string,
  pieces: readonly ByteRange[],
): Promise<Buffer[]> {
  const found: Buffer[] = pieces.map(() => Buffer.alloc(0));
  for (const { offset, length, pieces: within } of readsFor(pieces)) {
    const bytes = await getRange({ bucket: rawBucket, key }, { offset, length });
    for (const i of within) {
      const piece = pieces[i] as ByteRange;
      found[i] = bytes.subarray(piece.offset - offset, piece.offset - offset + piece.length);
    }
  }
  return found;
}

/**
 * Where the raw object may lie: with the run that unpacked it, under the same name. A run that read from raw has
 * unpacked what another one had put there: that is in its manifest.
 */
async function rawOf(
  deps: SourceDeps,
  { job, slice }: { job: string; slice: string },
  unpacked: string,
): Promise<string[]> {
  const [, , runId = '', name = ''] = unpacked.split('/');
  const own = `${rawKey(job, slice, runId, '')}${name}`;
  const named = (await deps.rawKeys()).filter((key) => key !== own && key.endsWith(`/${name}`));
  return [own, ...named];
}

/** Up to the last record that is asked for, by the code that Extract unpacks with. */
async function unpackAgain(
  deps: SourceDeps,
  key: string,
  pieces: readonly ByteRange[],
): Promise<Buffer[] | null> {
  const ref = { bucket: deps.rawBucket, key };
  const found = await deps.head(ref);
  if (found === null) return null;
  const limits = { packedBytes: found.bytes, maxBytes: Number.MAX_SAFE_INTEGER };
  const source = await deps.stream(ref, { versionId: found.versionId });
  return piecesOf(unpack(source, { ...limits, encoding: await deps.encoding() }), pieces);
}

const gone = ['NoSuchKey', 'NotFound', 'NoSuchVersion'];

/** `null`: it is not there. Who may not read is told what is missing, in one line. */
async function allowed<T>(deps: SourceDeps, key: string, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    const { name, message } = error as Error;
    if (gone.includes(name)) return null;
    if (httpStatus(error) !== 403) throw error;
    const right = /to perform: ([a-z0-9]+:\w+)/.exec(message)?.[1] ?? 's3:GetObject';
    const needs = 's3:GetObject and s3:ListBucket on the raw bucket, and kms:Decrypt with its key';
    throw new Problem(
      `you lack ${right} for s3://${deps.rawBucket}/${key}: --show-source reads what came from the provider, which takes ${needs}`,
    );
  }
}
