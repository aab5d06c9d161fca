/** Runs by their id: a run's record lies with its job, which the caller need not name. */
import type { RunRecord } from '../core/ledger.ts';
import { type Session, unknownName } from './session.ts';

export interface FindRunDeps {
  getRun(job: string, runId: string): Promise<RunRecord | null>;
  listRuns(filter: { limit: number }): Promise<RunRecord[]>;
  jobNames(): Promise<string[]>;
}

/** Enough of an id to tell it from another; ids are ordered by time, so that their beginnings are alike. */
const shortest = 4;

/** The run of that id, or the one recent run whose id ends with it. */
export async function findRun(deps: FindRunDeps, id: string): Promise<RunRecord> {
  const recent = await deps.listRuns({ limit: 500 });
  const exact = recent.find((run) => run.runId === id);
  if (exact !== undefined) return exact;
  // Older ones are asked for by name, among all jobs that are known.
  const jobs = new Set([...(await deps.jobNames()), ...recent.map((run) => run.job)]);
  const found = await Promise.all([...jobs].map((job) => deps.getRun(job, id)));
  const older = found.find((run) => run !== null);
  if (older) return older;
  const ending = id.length < shortest ? [] : recent.filter((run) => run.runId.endsWith(id));
  const [only, another] = ending;
  if (only !== undefined && another === undefined) return only;
  throw unknownName(
    'run',
    id,
    recent.map((run) => run.runId),
  );
}

export async function runById(session: Session, id: string): Promise<RunRecord> {
  const { ledger } = await session.cloud();
  return findRun(
    {
      getRun: ledger.getRun,
      listRuns: ledger.listRuns,
      jobNames: async () => (await session.jobs()).map(({ job }) => job.name),
    },
    id,
  );
}
