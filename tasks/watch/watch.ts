import type { Ledger } from '../../aws/interfaces.ts';
import { missingSlices, type Watched, watchedSlices } from '../../core/freshness.ts';
import type { Measure } from '../metrics.ts';
import type { WatchInput, WatchOutput } from './contract.ts';

export interface WatchDeps extends Pick<Ledger, 'latestSlices' | 'getPause' | 'listFailures'> {
  now(): Date;
  measure: Measure;
}

/**
 * Measures what no run tells, since there is none: slices that should be there by now, and failures that wait for
 * somebody. It changes nothing, so that it may be repeated, or left out, at any time.
 */
export async function watch(deps: WatchDeps, { job }: WatchInput): Promise<WatchOutput> {
  const [missing, failures] = await Promise.all([missingOf(deps, job), deps.listFailures({ job: job.name })]);
  deps.measure(job.name, {
    OpenFailures: failures.length,
    // Who paused a job knows that its slices do not come: a 0 lets the alarm rest.
    ...(job.freshnessSeconds === null ? {} : { MissingSlices: missing ?? 0 }),
  });
  return { missing, failures: failures.length };
}

async function missingOf(deps: WatchDeps, job: Watched): Promise<number | null> {
  if (job.freshnessSeconds === null || (await deps.getPause(job.name)) !== null) return null;
  const known = await deps.latestSlices(job.name, watchedSlices);
  return missingSlices(job, known, deps.now().toISOString()).length;
}
