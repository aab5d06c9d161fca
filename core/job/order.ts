/** What jobs ask of each other: known only where all of a folder are loaded. */
import type { Job } from './model.ts';
import { type Found, known, shown } from './problems.ts';

/** By the job's name, what is wrong with the jobs that it comes after. */
export function orderProblems(jobs: readonly Job[]): Map<string, Found[]> {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  return new Map(jobs.map((job) => [job.name, problemsOf(job, byName)]));
}

function problemsOf(job: Job, jobs: ReadonlyMap<string, Job>): Found[] {
  const found = job.after.flatMap((name, i): Found[] => {
    const field = `after.${i}`;
    const before = jobs.get(name);
    // That it is the job itself is told by the job's own rules.
    if (before === undefined)
      return [{ field, value: shown(name), allowed: known('a job of this folder', name, [...jobs.keys()]) }];
    if (job.cadence !== 'once' || before.cadence === 'once') return [];
    const allowed = `a job with cadence 'once', as this one has: there is always one more slice of ${name} to come`;
    return [{ field, value: shown(name), allowed }];
  });
  const cycle = cycleFrom(job, jobs);
  if (cycle === null || cycle.length === 2) return found;
  const allowed = `no cycle, in which each would wait for the others: ${cycle.join(' after ')}`;
  return [...found, { field: 'after', value: shown(job.after), allowed }];
}

/** The shortest way from a job by `after` back to itself, with it at both ends; `null`: there is none. */
function cycleFrom({ name }: Job, jobs: ReadonlyMap<string, Job>): string[] | null {
  const ways: string[][] = [[name]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of jobs.get(way.at(-1) ?? '')?.after ?? []) {
      if (next === name) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return null;
}
