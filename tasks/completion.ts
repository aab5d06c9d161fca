/** What follows a run's close: the outbox is sent, the run is measured, and the run that a mark asks for is started. */

import { tellsEnd } from '../core/events.ts';
import type { Job } from '../core/job/model.ts';
import type { OutboxRecord, RunRecord, SliceRecord } from '../core/ledger.ts';
import { committedMeasures, failedMeasures } from '../core/metrics.ts';
import type { Measure } from './metrics.ts';
import type { RunRequest } from './open-run/contract.ts';

export interface CompletionDeps {
  pendingOutbox(run: { job: string; runId: string }): Promise<OutboxRecord[]>;
  send(record: OutboxRecord): Promise<void>;
  markSent(record: OutboxRecord): Promise<void>;
  getSlice(job: string, slice: string): Promise<SliceRecord | null>;
  start(job: string, runId: string, request: RunRequest): Promise<void>;
  readJob(run: { job: string; jobVersion: string }): Promise<Job>;
  measure: Measure;
}

/** Of a closed run. Safe to repeat at any point: events keep their ids, and a run of one name starts once. */
export async function complete(deps: CompletionDeps, run: RunRecord): Promise<void> {
  for (const record of await deps.pendingOutbox(run)) await deliver(deps, record, run);
  await startMarked(deps, run.job, run.slice);
}

/** Sends what a run that goes on has in the outbox. */
export async function sendPending(
  deps: Pick<CompletionDeps, 'pendingOutbox' | 'send' | 'markSent'>,
  run: { job: string; runId: string },
): Promise<void> {
  for (const record of await deps.pendingOutbox(run)) {
    await deps.send(record);
    // As below, but that nothing has ended.
    await deps.markSent(record);
  }
}

type DeliveryDeps = Pick<CompletionDeps, 'send' | 'markSent' | 'readJob' | 'measure'>;

/** Sends a record and, with the event that tells how a run ended, measures that run. */
export async function deliver(
  deps: DeliveryDeps,
  record: OutboxRecord,
  run: RunRecord | null,
): Promise<void> {
  await deps.send(record);
  if (run !== null && tellsEnd(record)) await measureRun(deps, run);
  // A crash here sends the record again, with the same id, and measures the run twice: better than not at all.
  await deps.markSent(record);
}

async function measureRun(deps: DeliveryDeps, run: RunRecord): Promise<void> {
  const measures = run.status === 'FAILED' ? failedMeasures : committedMeasures(await deps.readJob(run), run);
  deps.measure(run.job, measures, { runId: run.runId, slice: run.slice });
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
