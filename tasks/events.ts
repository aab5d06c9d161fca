/** The outbox's records of events, as the ledger and the job tell them. */
import type { BackfillRecord } from '../core/backfill/model.ts';
import type { Ending } from '../core/backfill/progress.ts';
import { runMetadata } from '../core/envelope/metadata.ts';
import type { ErrorRecord } from '../core/errors.ts';
import { type CompletionType, type EventType, eventId, eventSchemas } from '../core/events.ts';
import type { Job } from '../core/job/model.ts';
import type { OutboxRecord, RunRecord } from '../core/ledger.ts';
import type { RunRef } from '../core/run.ts';
import { majorOf, rejectsPrefix, tableName } from '../core/storage.ts';
import { runRef } from './run-ref.ts';

export interface EventContext {
  /** Glue database. */
  database: string;
  region: string;
  /** ISO 8601. */
  now: string;
}

/** A run has ended. */
export function completed(
  job: Job,
  run: RunRecord,
  type: CompletionType,
  context: EventContext & { error?: ErrorRecord },
): OutboxRecord {
  const committed = type !== 'JobFailed';
  return eventOf(job, runRef(run), type, context, {
    status: type === 'JobCompleted' ? 'COMPLETED' : type === 'JobPartial' ? 'PARTIAL' : 'FAILED',
    counts: committed ? run.counts : null,
    manifest: committed ? run.manifest : null,
    ...(context.error === undefined ? {} : { error: context.error }),
  });
}

/** A slice that is published is being loaded again: who has read it may wait for the next revision. */
export function reopened(
  job: Job,
  run: RunRef,
  published: { runId: string; revision: number },
  context: EventContext,
): OutboxRecord {
  const { runId, revision } = published;
  return eventOf(job, run, 'SliceReopened', context, {
    reason: 'loading',
    published: { runId, revision },
  });
}

/** What readers saw of a slice was erased on purpose; `run`: the one that had brought it. */
export function forgotten(job: Job, run: RunRecord, context: EventContext): OutboxRecord {
  const data = { reason: 'forgotten', published: null };
  // The run may have told that it reopened the slice itself: this is another event.
  return eventOf(job, runRef(run), 'SliceReopened', context, data, `${run.runId}/forgotten`);
}

/** Records, or the whole file, were not what the contract says: for who answers for the feed. */
export function violated(
  job: Job,
  run: RunRecord,
  violations: Record<string, number>,
  context: EventContext & { opsBucket: string; error?: ErrorRecord },
): OutboxRecord {
  return eventOf(job, runRef(run), 'ContractViolated', context, {
    status: context.error === undefined ? 'PARTIAL' : 'FAILED',
    violations,
    rejects: { bucket: context.opsBucket, prefix: rejectsPrefix(run.job, run.runId) },
    error: context.error ?? null,
  });
}

/** A backfill has ended. A slice that was begun and did not end counts as left. */
export function backfillCompleted(
  job: Job,
  record: BackfillRecord,
  { status, counts }: Ending,
  context: Pick<EventContext, 'region' | 'now'>,
): OutboxRecord {
  const { from, to, reprocess, fromRaw } = record.request;
  const { done, failed, busy, skipped, running, left } = counts;
  const of = { job: record.job, runId: record.id, time: record.startedAt, trigger: 'backfill' } as const;
  return outboxOf(job, of, 'BackfillCompleted', context, {
    job: record.job,
    backfillId: record.id,
    ...{ from, to, reprocess, source: fromRaw ? 'raw' : 'source', status },
    slices: { done, failed, busy, skipped, left: left + running },
  });
}

function eventOf(
  job: Job,
  run: RunRef,
  type: EventType,
  { database, region, now }: EventContext,
  data: Record<string, unknown>,
  of: string = run.runId,
): OutboxRecord {
  return outboxOf(
    job,
    { ...run, of },
    type,
    { region, now },
    {
      job: run.job,
      runId: run.runId,
      trigger: run.trigger,
      slice: run.slice,
      revision: run.revision,
      table: { database, name: tableName(run.job, majorOf(job)) },
      ...data,
    },
  );
}

/** `about.of`: what its id is made of, where that is not the run's. */
function outboxOf(
  job: Job,
  about: Pick<RunRef, 'job' | 'runId' | 'time' | 'trigger'> & { of?: string },
  type: EventType,
  { region, now }: Pick<EventContext, 'region' | 'now'>,
  data: Record<string, unknown>,
): OutboxRecord {
  const id = eventId(about.of ?? about.runId, type);
  const detail = eventSchemas[type].parse({
    metadata: { id, ...runMetadata(job, about, region), eventType: type },
    data: { schemaVersion: 1, ...data },
  });
  const body = JSON.stringify(detail);
  return { id, job: about.job, runId: about.runId, target: 'bus', body, createdAt: now };
}
