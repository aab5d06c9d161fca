import type { Ledger } from '../../aws/interfaces.ts';
import { surveyShard } from '../../core/envelope/survey.ts';
import { recordFormat } from '../../core/formats/format.ts';
import type { Job } from '../../core/job/model.ts';
import type { RunRef } from '../../core/run.ts';
import { surveyKey } from '../../core/storage.ts';
import { type RawDeps, readShard } from '../shard-bytes.ts';
import { traceOf } from '../trace.ts';
import type { SurveyInput, SurveyOutput } from './contract.ts';

export interface SurveyDeps extends Pick<Ledger, 'putSurvey'>, RawDeps {
  readJob(run: RunRef): Promise<Job>;
  /** Puts an object into the ops bucket. */
  putOps(key: string, body: Buffer): Promise<unknown>;
  /** Gives a folder of its own, which is gone when `use` is done. */
  withDirectory<T>(use: (path: string) => Promise<T>): Promise<T>;
  now(): Date;
}

/** Surveys one shard. The ledger is written last: a repeat puts the same bytes before it. */
export async function survey(deps: SurveyDeps, { run, shard, attempt }: SurveyInput): Promise<SurveyOutput> {
  const startedAt = deps.now();
  // Its columns are decided: Plan takes an enveloped shard over only together with the decision.
  if (shard.from !== undefined) {
    const trace = traceOf(startedAt, deps.now(), attempt, {});
    await deps.putSurvey(run.runId, { n: shard.n, status: 'done', error: null, trace });
    return {};
  }
  const job = await deps.readJob(run);
  const { header, bytes } = await readShard(deps, shard);
  const format = recordFormat(job.format, shard, job.contract.names);
  const found = await deps.withDirectory((directory) =>
    surveyShard({ job, format, header, bytes, directory }),
  );
  await deps.putOps(surveyKey(run.job, run.runId, shard.n), Buffer.from(JSON.stringify(found)));
  const metrics = { records: shard.records, bytes: shard.length, columns: found.unread.length };
  await deps.putSurvey(run.runId, {
    ...{ n: shard.n, status: 'done', error: null },
    trace: traceOf(startedAt, deps.now(), attempt, metrics),
  });
  return {};
}
