import type { Ledger } from '../../aws/interfaces.ts';
import type { BackfillRecord } from '../../core/backfill/model.ts';
import { endingOf } from '../../core/backfill/progress.ts';
import { ForebayError } from '../../core/errors.ts';
import type { Job } from '../../core/job/model.ts';
import { type CompletionDeps, sendPending } from '../completion.ts';
import { backfillCompleted } from '../events.ts';
import type { BackfillRef } from '../plan-backfill/contract.ts';
import type { CloseBackfillOutput } from './contract.ts';

export interface CloseBackfillDeps
  extends Pick<Ledger, 'getBackfill' | 'listBackfillSlices' | 'closeBackfill'>,
    Pick<CompletionDeps, 'pendingOutbox' | 'send' | 'markSent'> {
  readJob(run: { job: string; jobVersion: string }): Promise<Job>;
  region: string;
  now(): Date;
}

/** Closes a backfill on which nobody works any more, once, whoever calls (its machine, or the sweeper), and tells of it. */
export async function closeBackfill(
  deps: CloseBackfillDeps,
  backfill: BackfillRef,
): Promise<CloseBackfillOutput> {
  const record = await opened(deps, backfill);
  if (record.status === 'RUNNING') {
    const ending = endingOf(record, await deps.listBackfillSlices(record.id));
    const endedAt = deps.now().toISOString();
    const event = backfillCompleted(await deps.readJob(record), record, ending, {
      region: deps.region,
      now: endedAt,
    });
    await deps.closeBackfill(backfill, { ...ending, endedAt, outbox: [event] });
  }
  await sendPending(deps, { job: record.job, runId: record.id });
  // Whether it was this call or another that closed it is read from what is stored.
  const { status, counts, error } = await opened(deps, backfill);
  return { backfill, status, counts, error };
}

async function opened(deps: CloseBackfillDeps, { job, id }: BackfillRef): Promise<BackfillRecord> {
  const record = await deps.getBackfill(job, id);
  if (record === null) throw new ForebayError('RunFenced', `backfill ${id} of ${job} is not in the ledger`);
  return record;
}
