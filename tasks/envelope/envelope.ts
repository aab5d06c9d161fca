import { createHash } from 'node:crypto';
import type { Ledger } from '../../aws/interfaces.ts';
import { indexCells } from '../../core/buckets.ts';
import type { LeftOut } from '../../core/envelope/leave-out.ts';
import { runMetadata } from '../../core/envelope/metadata.ts';
import { envelopeShard, type ShardOutput } from '../../core/envelope/shard.ts';
import { ForebayError } from '../../core/errors.ts';
import { recordFormat } from '../../core/formats/format.ts';
import type { Job } from '../../core/job/model.ts';
import type { ShardRecord } from '../../core/ledger.ts';
import { keysOf } from '../../core/privacy/rules.ts';
import type { RunRef } from '../../core/run.ts';
import type { Batch, Reject, Shard } from '../../core/shard.ts';
import { batchKey, cellsKey, keysKey, rejectsKey } from '../../core/storage.ts';
import { type RawDeps, readShard } from '../shard-bytes.ts';
import { traceOf } from '../trace.ts';
import type { EnvelopeInput, EnvelopeOutput } from './contract.ts';
import { type KeyDeps, withKeys } from './keys.ts';
import { type EnvelopedShard, type TakeOverDeps, takeOver } from './take-over.ts';

/** What it takes to envelope a shard, whoever does it. */
export interface ShardDeps extends RawDeps, KeyDeps {
  readJob(run: RunRef): Promise<Job>;
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

export interface EnvelopeDeps extends ShardDeps, TakeOverDeps, Pick<Ledger, 'putShard'> {}

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
  const { from } = shard;
  const made =
    (from === undefined ? null : await takeOver(deps, job, run, shard, from)) ??
    (await envelopeAnew(deps, job, run, shard));
  const [rejected, filtered] = [made.rejected ?? 0, made.filtered ?? 0];
  const { batch } = made;
  const counts = { records: batch.rows + filtered + rejected, rows: batch.rows, rejected, filtered };
  const trace = traceOf(startedAt, deps.now(), attempt, { ...counts, bytes: shard.length });
  await deps.putShard(run.runId, { ...made, trace });
  return { run, shard: { n: shard.n }, batch };
}

async function envelopeAnew(
  deps: EnvelopeDeps,
  job: Job,
  run: RunRef,
  shard: Shard,
): Promise<Omit<EnvelopedShard, 'trace'>> {
  return deps.withDirectory(async (directory) => {
    const output = await envelopeBytes(deps, job, run, shard, directory);
    holdRejects(output.rejects, job, run);
    const batch = await putBatch(deps, job, batchKey(run.job, run.runId, shard.n), output);
    await putKeys(deps, job, run, shard.n, output);
    await putRejects(deps, rejectsKey(run.job, run.runId, shard.n), output.rejects);
    return {
      n: shard.n,
      status: 'done',
      rejected: output.rejects.length,
      filtered: output.filtered,
      batch,
      rejectsByCode: byCode(output.rejects),
      ...discardedOf(output),
      error: null,
    };
  });
}

/** The shard's records as the contract has them; `leaveOut`: but for those that the slice as a whole costs. */
export async function envelopeBytes(
  deps: ShardDeps,
  job: Job,
  run: RunRef,
  shard: Shard,
  directory: string,
  leaveOut?: LeftOut,
): Promise<ShardOutput> {
  const { header, bytes } = await readShard(deps, shard);
  return withKeys(deps, job, (keys) =>
    envelopeShard({
      job,
      run,
      format: recordFormat(job.format, shard, job.contract.names),
      metadata: runMetadata(job, run, deps.region),
      raw: shard.raw,
      unpacked: shard.unpacked,
      header,
      bytes,
      offset: shard.offset,
      firstRecord: shard.firstRecord,
      keys,
      directory,
      ...(leaveOut === undefined ? {} : { leaveOut }),
    }),
  );
}

/** What a job encrypts comes out differently each time, as its data key is new: what was put first stays. */
export async function putBatch(deps: ShardDeps, job: Job, key: string, output: ShardOutput): Promise<Batch> {
  const made = await deps.readFile(output.file);
  const once = keysOf(job).has('data');
  const body = once ? await deps.keepOps(key, made) : made;
  if (!once) await deps.putOps(key, made);
  const sha256 = createHash('sha256').update(body).digest('hex');
  return { bucket: deps.opsBucket, key, rows: output.rows, bytes: body.length, sha256 };
}

/** The keys, and for a job that settles repeated ones the index by which a bucket finds its own. */
async function putKeys(
  deps: ShardDeps,
  job: Job,
  run: RunRef,
  n: number,
  { ids }: ShardOutput,
): Promise<void> {
  if (ids === null) return;
  const lines = await deps.readFile(ids);
  await deps.putOps(keysKey(run.job, run.runId, n), lines);
  if (job.contract.onRepeatedKey === 'allow') return;
  await deps.putOps(cellsKey(run.job, run.runId, n), Buffer.from(JSON.stringify(indexCells(lines))));
}

export async function putRejects(deps: ShardDeps, key: string, rejects: readonly Reject[]): Promise<void> {
  if (rejects.length === 0) return;
  const lines = rejects.map((reject) => `${JSON.stringify(reject)}\n`);
  await deps.putOps(key, Buffer.from(lines.join('')));
}

export function byCode(rejects: readonly Reject[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of rejects) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** For the ledger, where there were some. */
export const discardedOf = ({ discarded }: ShardOutput): Pick<ShardRecord, 'discarded'> =>
  Object.keys(discarded).length > 0 ? { discarded } : {};

/** Whether the job goes on with what it rejects; `BadRecord` with the first one where not. */
export function holdRejects(rejects: readonly Reject[], { contract }: Job, run: RunRef): void {
  const [first] = rejects;
  if (first !== undefined && contract.onBadRecord === 'fail') throw badRecord(first, run, 'onBadRecord');
  const retyped = rejects.find(({ code }) => code === 'CastFailed');
  if (retyped !== undefined && contract.onRetypedColumn === 'fail') {
    throw badRecord(retyped, run, 'onRetypedColumn');
  }
}

function badRecord({ code, column, record, offset, object }: Reject, run: RunRef, policy: string) {
  const where = `record ${record} at byte ${offset} of ${object}${column === null ? '' : `, column ${column}`}`;
  return new ForebayError(
    'BadRecord',
    `${code} in ${where}; job ${run.job} says ${policy}: 'fail': correct the file, or let the job quarantine`,
  );
}
