/** `forebay read`: a local file by a job or by a format alone. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { ForebayError } from '../../core/errors.ts';
import type { Format, Job, JobVersion } from '../../core/job/model.ts';
import { JobFileError } from '../../core/job/problems.ts';
import { holdLimits } from '../../core/reconcile.ts';
import type { RunRef } from '../../core/run.ts';
import type { ReadOptions } from '../commands/read.ts';
import { chooseSlice } from '../commands/run.ts';
import { wrongUsage } from '../problem.ts';
import type { Session } from '../session.ts';
import { withJob } from './envelope.ts';
import { type ExtractedFile, extractFile } from './extract.ts';
import { type LocalFile, withFile } from './file.ts';
import { type FormatOptions, givenFields, toCheckedFormat } from './flags.ts';
import { withFolder } from './folder.ts';
import { type Lines, limitedLines } from './lines.ts';
import { formatJob, localRun } from './local-run.ts';
import { plainMetadata, plainReading } from './plain.ts';
import { openRejects } from './rejects.ts';
import { type Account, type Reading, readShards } from './shards.ts';
import { summaryLine } from './summary.ts';

type Options = ReadOptions & FormatOptions & { limit: number };

/** Of a file in one go: it bounds the memory, and each shard costs a start of the engine. */
const shardBytes = 8 * 1_024 * 1_024;

export async function readFile(session: Session, path: string, options: Options): Promise<void> {
  const version = await jobOf(session, options);
  const started = performance.now();
  await withFile(path, async (file) => {
    const rejects = await openRejects(options.rejects, file.path);
    try {
      const account = await withFolder((directory) =>
        readAll(session, file, version, { ...options, directory }, rejects.put),
      );
      const ms = performance.now() - started;
      session.output.note(summaryLine({ ...account, bytes: file.bytes, ms }));
      if (version !== null) warn(session, version.job, account);
    } finally {
      await rejects.close();
    }
  });
}

async function jobOf(session: Session, { job, jobFile }: Options): Promise<JobVersion | null> {
  if (job !== undefined) return session.job(job);
  if (jobFile === undefined) return null;
  const { loadJobFile } = await import('../../core/job/load.ts');
  return loadJobFile(resolve(jobFile)).catch((error: unknown) => {
    throw error instanceof JobFileError ? wrongUsage(error.message) : error;
  });
}

async function readAll(
  session: Session,
  file: LocalFile,
  given: JobVersion | null,
  options: Options & { directory: string },
  putRejects: (lines: Uint8Array) => Promise<unknown>,
): Promise<Account> {
  const time = new Date();
  const version = given ?? formatJob(await toCheckedFormat(options.format ?? '', givenFields(options)));
  const { job } = version;
  const run = localRun(version, chooseSlice(job, options.slice, time), time.toISOString());
  const { directory, limit, envelope = false } = options;
  const extracted = await extractFile(file, { job, run, shardBytes, directory });
  const lines = limitedLines(session.output, limit);
  const read = (reading: Reading) => readShards(extracted, reading, putRejects);
  const note = (text: string) => session.output.note(text);
  const account =
    given === null
      ? await read(withoutJob(extracted, job.format, lines, envelope ? run : null))
      : await withJob(extracted, { job, run, directory, envelope, note }, lines, read);
  await file.unchanged();
  await lines.end();
  return account;
}

function withoutJob(file: ExtractedFile, format: Format, lines: Lines, run: RunRef | null): Reading {
  const around = run && plainMetadata(file, run, userInfo().username);
  return plainReading(file, format, lines, around);
}

/** A run decides by its counts whether it publishes; a reading prints what there is, and says what a run would do. */
function warn({ output }: Session, job: Job, account: Account): void {
  const fails = wouldFail(job, account);
  if (fails !== null) output.note(`a run of ${job.name} would fail by this file: ${fails}`);
}

function wouldFail({ contract, format }: Job, account: Account): string | null {
  const { records, filtered, rejected, rejectsByCode } = account;
  if (records === 0) return format.required ? 'SourceEmpty' : null;
  if (rejectsByCode.ColumnUnexpected && contract.onNewColumn === 'fail') return 'ColumnUnexpected';
  if (rejected > 0 && contract.onBadRecord === 'fail') return 'BadRecord';
  if (rejectsByCode.CastFailed && contract.onRetypedColumn === 'fail') return 'BadRecord';
  const counts = { read: records, written: records - filtered - rejected, rejected, filtered };
  try {
    holdLimits(counts, contract, 'local');
    return null;
  } catch (error) {
    if (error instanceof ForebayError) return error.name;
    throw error;
  }
}
