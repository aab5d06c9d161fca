/** What follows a run's close: the outbox is sent, and the run that a mark asks for is started. */

import { runMetadata } from '../core/envelope/metadata.ts';
import type { ErrorRecord } from '../core/errors.ts';
import { type EventType, eventId, eventSchemas } from '../core/events.ts';
import type { Job } from '../core/job/model.ts';
import type { OutboxRecord, RunRecord, SliceRecord } from '../core/ledger.ts';
import { majorOf, tableName } from '../core/storage.ts';
import type { RunRequest } from './open-run/contract.ts';
import { runRef } from './run-ref.ts';

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
  for (const record of await deps.pendingOutbox(run)) {
    await deps.send(record);
    // A crash here sends the record again, with the same id.
    await deps.markSent(record);
  }
  await startMarked(deps, run.job, run.slice);
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

/** The outbox's record of a run's event, as the run's record and the job tell it. */
export function eventOf(
  job: Job,
  run: RunRecord,
  type: EventType,
  context: { database: string; region: string; now: string; error?: ErrorRecord },
): OutboxRecord {
  const committed = type !== 'JobFailed';
  const detail = eventSchemas[type].parse({
    metadata: {
      id: eventId(run.runId, type),
      ...runMetadata(job, runRef(run), context.region),
      eventType: type,
    },
    data: {
      schemaVersion: 1,
      job: run.job,
      runId: run.runId,
      trigger: run.trigger,
      slice: run.slice,
      revision: run.revision,
      table: { database: context.database, name: tableName(run.job, majorOf(job)) },
      status: type === 'JobCompleted' ? 'COMPLETED' : type === 'JobPartial' ? 'PARTIAL' : 'FAILED',
      counts: committed ? run.counts : null,
      manifest: committed ? run.manifest : null,
      ...(context.error === undefined ? {} : { error: context.error }),
    },
  });
  return {
    id: detail.metadata.id,
    job: run.job,
    runId: run.runId,
    target: 'bus',
    body: JSON.stringify(detail),
    createdAt: context.now,
  };
}
