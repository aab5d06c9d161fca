/** What follows a run's close: the outbox is sent, and the run that a mark asks for is started. */

import type { OutboxRecord, SliceRecord } from '../core/ledger.ts';
import type { RunRequest } from './open-run/contract.ts';

export interface CompletionDeps {
  pendingOutbox(run: { job: string; runId: string }): Promise<OutboxRecord[]>;
  send(record: OutboxRecord): Promise<void>;
  markSent(record: OutboxRecord): Promise<void>;
  getSlice(job: string, slice: string): Promise<SliceRecord | null>;
  start(job: string, runId: string, request: RunRequest): Promise<void>;
}

/** Safe to repeat at any point: events keep their ids, and a run of one name starts once. */
export async function complete(
  deps: CompletionDeps,
  run: { job: string; runId: string; slice: string },
): Promise<void> {
  await sendPending(deps, run);
  await startMarked(deps, run.job, run.slice);
}

/** Sends what the run has in the outbox. */
export async function sendPending(
  deps: Pick<CompletionDeps, 'pendingOutbox' | 'send' | 'markSent'>,
  run: { job: string; runId: string },
): Promise<void> {
  for (const record of await deps.pendingOutbox(run)) {
    await deps.send(record);
    // A crash here sends the record again, with the same id.
    await deps.markSent(record);
  }
}

/** Starts the run of the slice's mark. The mark stays until that run takes the lease. */
export async function startMarked(
  deps: Pick<CompletionDeps, 'getSlice' | 'start'>,
  job: string,
  slice: string,
): Promise<boolean> {
  const record = await deps.getSlice(job, slice);
  if (record?.mark == null || record.holder !== null) return false;
  const { runId, trigger, force } = record.mark;
  await deps.start(job, runId, { trigger, slice, force });
  return true;
}
