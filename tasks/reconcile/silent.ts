import type { Ledger } from '../../aws/interfaces.ts';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import type { ErrorRecord } from '../../core/errors.ts';
import { writeFailureId } from '../../core/failure.ts';
import type { Evidence } from '../../core/reconcile.ts';
import type { RunRef } from '../../core/run.ts';

export interface SilentDeps extends Pick<Ledger, 'getFailure' | 'putFailure'> {
  now(): Date;
  /** X-Ray's id of this call's trace; `null` where it has none. */
  traceId(): string | null;
}

const died: ErrorRecord = {
  name: 'ShardIncomplete',
  message: 'its writer ended without a word: see the log of write-lake, then redrive it',
};

/**
 * A writer records why it failed, unless it dies. Then its message goes to the DLQ without a reason, and the state
 * that waits for it times out: the failure of such a write is recorded here, so that it is found by its shard.
 */
export async function recordSilentWrites(
  deps: SilentDeps,
  run: RunRef,
  { shards, keys, sinks }: Evidence,
): Promise<void> {
  const batches = (keys?.settled ?? shards).flatMap(({ n, batch }) => (batch === null ? [] : [{ n, batch }]));
  const silent = Object.entries(sinks).flatMap(([sink, records]) => {
    const outcomes = new Map(records.map((record) => [record.n, record]));
    return batches
      .filter(({ n }) => outcomes.get(n)?.status !== 'done')
      .map(({ n, batch }) => ({ n, sink, batch, error: outcomes.get(n)?.error ?? died }));
  });
  await mapAtOnce(silent, readsAtOnce, async ({ n, sink, batch, error }) => {
    const id = writeFailureId(run.job, run.runId, sink, n);
    if ((await deps.getFailure(id)) !== null) return;
    const now = deps.now().toISOString();
    const { job, slice, runId } = run;
    await deps.putFailure({
      ...{ id, kind: 'write', job, slice, runId, shard: n, sink, error },
      ...{ attempts: 1, firstFailedAt: now, lastFailedAt: now, trace: deps.traceId(), pointer: batch.key },
    });
  });
}
