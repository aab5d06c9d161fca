import { createHash } from 'node:crypto';
import type { Ledger } from '../../aws/interfaces.ts';
import { runMetadata } from '../../core/envelope/metadata.ts';
import { envelopeShard, type ShardOutput } from '../../core/envelope/shard.ts';
import { ForebayError } from '../../core/errors.ts';
import { recordFormat } from '../../core/formats/format.ts';
import type { Job } from '../../core/job/model.ts';
import { keysOf } from '../../core/privacy/rules.ts';
import type { ObjectRef, RunRef } from '../../core/run.ts';
import type { Batch, ByteRange, Reject, Shard } from '../../core/shard.ts';
import { batchKey, keysKey, rejectsKey } from '../../core/storage.ts';
import { traceOf } from '../trace.ts';
import type { EnvelopeInput, EnvelopeOutput } from './contract.ts';
import { type KeyDeps, withKeys } from './keys.ts';

export interface EnvelopeDeps extends Pick<Ledger, 'putShard'>, KeyDeps {
  readJob(run: RunRef): Promise<Job>;
  /** Of a raw object, or of what was unpacked from it. */
  readRaw(object: ObjectRef, range: ByteRange): Promise<Buffer>;
  /** Puts an object into the ops bucket. */
  putOps(key: string, body: Uint8Array): Promise<unknown>;
  /** Puts an object into the ops bucket unless one is there, and gives the one that is there then. */
  keepOps(key: string, body: Buffer): Promise<Buffer>;
  /** Gives a folder of its own, which is gone when `use` is done. */
  withDirectory<T>(use: (path: string) => Promise<T>): Promise<T>;
  readFile(path: string): Promise<Buffer>;
  now(): Date;
  opsBucket: string;
  region: string;
}

/**
 * Envelopes one shard. The ledger is written last: whatever was put before it is put again, with the same
 * bytes, by a repeat. A batch with encrypted columns, whose data key no repeat has, is put once and stays.
 */
export async function envelope(
  deps: EnvelopeDeps,
  { run, shard, attempt }: EnvelopeInput,
): Promise<EnvelopeOutput> {
  const startedAt = deps.now();
  const job = await deps.readJob(run);
  return deps.withDirectory(async (directory) => {
    const output = await process(deps, job, run, shard, directory);
    const [first] = output.rejects;
    if (first !== undefined && job.contract.onBadRecord === 'fail') throw badRecord(first, run);
    const batch = await putBatch(deps, job, run, shard, output);
    await deps.putShard(run.runId, {
      n: shard.n,
      status: 'done',
      rejected: output.rejects.length,
      filtered: output.filtered,
      batch,
      rejectsByCode: byCode(output.rejects),
      error: null,
      trace: traceOf(startedAt, deps.now(), attempt, {
        records: output.rows + output.filtered + output.rejects.length,
        rows: output.rows,
        bytes: shard.length,
        rejected: output.rejects.length,
        filtered: output.filtered,
      }),
    });
    return { run, shard: { n: shard.n }, batch };
  });
}

async function process(
  deps: EnvelopeDeps,
  job: Job,
  run: RunRef,
  shard: Shard,
  directory: string,
): Promise<ShardOutput> {
  const object = shard.unpacked ?? shard.raw;
  const bytes = await readWhole(deps, object, shard);
  const header = shard.header === null ? null : await readWhole(deps, object, shard.header);
  return withKeys(deps, job, (keys) =>
    envelopeShard({
      job,
      run,
      format: recordFormat(job.format, shard),
      metadata: runMetadata(job, run, deps.region),
      raw: shard.raw,
      unpacked: shard.unpacked,
      header,
      bytes,
      offset: shard.offset,
      firstRecord: shard.firstRecord,
      keys,
      directory,
    }),
  );
}

async function readWhole(deps: EnvelopeDeps, object: ObjectRef, range: ByteRange): Promise<Buffer> {
  const bytes = await deps.readRaw(object, range);
  if (bytes.length === range.length) return bytes;
  const what = `${object.key} gave ${bytes.length} of the ${range.length} bytes from ${range.offset}`;
  throw new ForebayError('ServiceUnavailable', `${what}; it is read again`);
}

async function putBatch(
  deps: EnvelopeDeps,
  job: Job,
  run: RunRef,
  shard: Shard,
  output: ShardOutput,
): Promise<Batch> {
  const ops = (key: string): ObjectRef => ({ bucket: deps.opsBucket, key });
  const made = await deps.readFile(output.file);
  const key = batchKey(run.job, run.runId, shard.n);
  const once = keysOf(job).has('data');
  const body = once ? await deps.keepOps(key, made) : made;
  if (!once) await deps.putOps(key, made);
  if (output.ids !== null) {
    await deps.putOps(keysKey(run.job, run.runId, shard.n), await deps.readFile(output.ids));
  }
  if (output.rejects.length > 0) {
    const lines = output.rejects.map((reject) => `${JSON.stringify(reject)}\n`);
    await deps.putOps(rejectsKey(run.job, run.runId, shard.n), Buffer.from(lines.join('')));
  }
  const sha256 = createHash('sha256').update(body).digest('hex');
  return { ...ops(key), rows: output.rows, bytes: body.length, sha256 };
}

function byCode(rejects: readonly Reject[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of rejects) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

function badRecord({ code, column, record, offset, object }: Reject, run: RunRef): ForebayError {
  const where = `record ${record} at byte ${offset} of ${object}${column === null ? '' : `, column ${column}`}`;
  return new ForebayError(
    'BadRecord',
    `${code} in ${where}; job ${run.job} says onBadRecord: 'fail': correct the file, or let the job quarantine`,
  );
}
