import type { Ledger } from '../../aws/interfaces.ts';
import { type Evidence, failedIn } from '../../core/reconcile.ts';
import type { RunRef } from '../../core/run.ts';
import { failuresKey } from '../../core/storage.ts';

export interface FailuresDeps extends Pick<Ledger, 'setFailures'> {
  /** Puts an object into the ops bucket. */
  putOps(key: string, body: Buffer): Promise<unknown>;
  opsBucket: string;
}

/**
 * The run's error is the first cause, and of the others a number: ten thousand of them are more than its record
 * holds. All of them are listed in S3, and the record says where. A single one is the run's error itself.
 */
export async function keepFailures(deps: FailuresDeps, run: RunRef, evidence: Evidence): Promise<void> {
  const failed = failedIn(evidence);
  if (failed.length < 2) return;
  const key = failuresKey(run.job, run.runId);
  const body = failed.map((piece) => `${JSON.stringify(piece)}\n`).join('');
  await deps.putOps(key, Buffer.from(body));
  await deps.setFailures(run, { bucket: deps.opsBucket, key, count: failed.length });
}
