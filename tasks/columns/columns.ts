import type { Catalog, Ledger } from '../../aws/interfaces.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import { analyseContract } from '../../core/contract/analyse.ts';
import { decideColumns } from '../../core/contract/decide.ts';
import { withDuckDB } from '../../core/contract/duckdb.ts';
import type { SliceColumns } from '../../core/contract/slice.ts';
import { mergeSurveys, type Survey } from '../../core/contract/survey.ts';
import { nameKey } from '../../core/formats/names.ts';
import type { Job } from '../../core/job/model.ts';
import { surveyed } from '../../core/reconcile.ts';
import type { RunRef } from '../../core/run.ts';
import type { Shard } from '../../core/shard.ts';
import { columnsKey, majorOf, tableName } from '../../core/storage.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { ColumnsInput, ColumnsOutput } from './contract.ts';

export interface ColumnsDeps extends TraceDeps, Pick<Ledger, 'listSurveys'>, Pick<Catalog, 'getTable'> {
  readJob(run: RunRef): Promise<Job>;
  readShards(run: RunRef): Promise<Shard[]>;
  readSurvey(run: RunRef, n: number): Promise<Survey>;
  /** Puts an object into the ops bucket unless one is there, and gives the one that is there then. */
  keepOps(key: string, body: Buffer): Promise<Buffer>;
  /** What was decided before: by a former attempt, or by a failed run that this one resumes. */
  readDecision(key: string): Promise<SliceColumns | null>;
}

/**
 * Decides once for the slice which columns it has. The first decision stands: another slice may change the table
 * before a repeat, and by then shards may have been enveloped.
 */
export function columns(deps: ColumnsDeps, { attempt, ...planned }: ColumnsInput): Promise<ColumnsOutput> {
  const { run } = planned;
  return traced(deps, run, 'Columns', attempt, async () => {
    const key = columnsKey(run.job, run.runId);
    const kept = (await deps.readDecision(key)) ?? (await keepDecision(deps, run, key));
    return { output: planned, metrics: { columns: kept.added.length + kept.widened.length } };
  });
}

async function keepDecision(deps: ColumnsDeps, run: RunRef, key: string): Promise<SliceColumns> {
  const made = Buffer.from(JSON.stringify(await decide(deps, run)));
  return JSON.parse((await deps.keepOps(key, made)).toString('utf8')) as SliceColumns;
}

async function decide(deps: ColumnsDeps, run: RunRef): Promise<SliceColumns> {
  const [job, shards, records] = await Promise.all([
    deps.readJob(run),
    deps.readShards(run),
    deps.listSurveys(run.runId),
  ]);
  surveyed(run.runId, shards, records);
  const surveys = await mapAtOnce(shards, readsAtOnce, ({ n }) => deps.readSurvey(run, n));
  const table = await deps.getTable(tableName(run.job, majorOf(job)));
  const { analysed } = await withDuckDB((duck) => analyseContract(duck, job.contract));
  return decideColumns(
    job,
    analysed,
    table?.columns ?? [],
    mergeSurveys(surveys, nameKey(job.contract.names)),
  );
}
