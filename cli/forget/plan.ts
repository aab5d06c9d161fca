/** What there is of a slice: the runs whose data it is, the tables that point to it, and where it lies. */
import type { Catalog, Ledger, ObjectStore } from '../../aws/interfaces.ts';
import type { Job } from '../../core/job/model.ts';
import type { ForgottenRecord, RunRecord, SliceRecord } from '../../core/ledger.ts';
import {
  type DataKind,
  type DataPrefix,
  inboxPrefix,
  majorOf,
  prefixesOfRun,
  tableName,
} from '../../core/storage.ts';

export interface PlanDeps
  extends Pick<Ledger, 'runsOfSlice'>,
    Pick<Catalog, 'getPartition'>,
    Pick<ObjectStore, 'listVersions'> {
  readJob(run: { job: string; jobVersion: string }): Promise<Job>;
  bucketOf(kind: DataKind): string;
}

type Found = ForgottenRecord['found'];

export interface ForgetPlan {
  job: string;
  slice: string;
  runs: RunRecord[];
  /** Whether the files in the inbox are ours to erase; `false`: they lie in somebody else's bucket. */
  fromInbox: boolean;
  /** Those whose partition of the slice points to one of the runs. */
  tables: string[];
  prefixes: DataPrefix[];
  found: Partial<Record<DataKind, Found>>;
}

/**
 * Runs of the slice as it was seen: one that takes it since has a higher fence, and its data is not what was asked
 * for. The job is asked as each run had it, so that a job whose file is gone, or says something else by now, is
 * forgotten as well.
 */
export async function planOf(deps: PlanDeps, { job, slice, fence }: SliceRecord): Promise<ForgetPlan> {
  const runs = (await deps.runsOfSlice(job, slice)).filter((run) => run.fence > 0 && run.fence <= fence);
  const versions = new Map(runs.map((run) => [run.jobVersion, run]));
  const jobs = await Promise.all([...versions.values()].map((run) => deps.readJob(run)));
  const majors = [...new Set(jobs.map(majorOf))].sort((a, b) => a - b);
  const fromInbox = jobs.some(({ source }) => source.kind === 'inbox');
  const prefixes = [
    ...(fromInbox ? [{ kind: 'inbox' as const, prefix: inboxPrefix(job, slice) }] : []),
    ...runs.flatMap(({ runId }) => prefixesOfRun(job, slice, runId, majors)),
  ];
  const tables = await pointing(deps, { job, slice }, runs, majors);
  return { job, slice, runs, fromInbox, tables, prefixes, found: await countAll(deps, prefixes) };
}

async function pointing(
  deps: PlanDeps,
  { job, slice }: { job: string; slice: string },
  runs: readonly RunRecord[],
  majors: readonly number[],
): Promise<string[]> {
  const tables: string[] = [];
  for (const table of majors.map((major) => tableName(job, major)))
    if (await pointsTo(deps, table, slice, runs)) tables.push(table);
  return tables;
}

export async function pointsTo(
  deps: Pick<Catalog, 'getPartition'>,
  table: string,
  slice: string,
  runs: ReadonlyArray<Pick<RunRecord, 'runId'>>,
): Promise<boolean> {
  const partition = await deps.getPartition(table, slice);
  return runs.some(({ runId }) => partition?.location.endsWith(`/run=${runId}/`));
}

async function countAll(deps: PlanDeps, prefixes: readonly DataPrefix[]): Promise<ForgetPlan['found']> {
  const found: ForgetPlan['found'] = {};
  for (const { kind, prefix } of prefixes) {
    const versions = await deps.listVersions(deps.bucketOf(kind), prefix);
    if (versions.length === 0) continue;
    found[kind] = sum([
      ...(found[kind] === undefined ? [] : [found[kind]]),
      {
        objects: new Set(versions.map(({ key }) => key)).size,
        versions: versions.length,
        bytes: versions.reduce((total, { bytes }) => total + bytes, 0),
      },
    ]);
  }
  return found;
}

export const sum = (parts: readonly Found[]): Found =>
  parts.reduce(
    (total, { objects, versions, bytes }) => ({
      objects: total.objects + objects,
      versions: total.versions + versions,
      bytes: total.bytes + bytes,
    }),
    { objects: 0, versions: 0, bytes: 0 },
  );
