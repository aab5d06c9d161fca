/** A failed run is done again though its failure is closed: there is nothing to settle but the slice. */
import type { Ledger } from '../../aws/interfaces.ts';
import type { RunRecord } from '../../core/ledger.ts';
import type { RunRequest } from '../../tasks/open-run/contract.ts';
import type { Started } from '../follow.ts';
import { Problem } from '../problem.ts';
import { committedSince } from './decide.ts';
import { isAnswer, rounds } from './redrive-run.ts';

export interface RetryDeps extends Pick<Ledger, 'getRun' | 'getSlice'> {
  /** By a new name each time. */
  start(job: string, request: RunRequest): Promise<Started>;
  /** The run at its end, or the one that was marked where its slice was held. */
  follow(started: Started): Promise<RunRecord>;
}

/** The run that did it, or that has committed the slice meanwhile. */
export async function retryRun(deps: RetryDeps, failed: RunRecord): Promise<RunRecord> {
  const { job, slice, runId } = failed;
  for (let round = 0; round < rounds; round++) {
    const started = await deps.start(job, { trigger: 'redrive', slice, resumes: runId });
    const came = await deps.follow(started);
    if (isAnswer(came, started.runId, failed)) return came;
    const by = await committedSince(deps, await deps.getSlice(job, slice), failed);
    const committed = by === null ? null : await deps.getRun(job, by);
    if (committed !== null) return committed;
  }
  throw new Problem(`others took slice ${slice} of ${job} all the time; run the command again`);
}
