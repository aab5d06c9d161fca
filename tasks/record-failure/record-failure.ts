import type { Ledger } from '../../aws/interfaces.ts';
import { readError } from '../../core/errors.ts';
import type { RecordFailureInput, RecordFailureOutput } from './contract.ts';

export type RecordFailureDeps = Pick<
  Ledger,
  'putObject' | 'putShard' | 'putSink' | 'putSurvey' | 'putBucket' | 'putSettled'
>;

/**
 * Records what a Map's child failed of, and ends well: a failing child would abort its siblings. Reconcile
 * reads it and decides. What is recorded as done stays done.
 */
export async function recordFailure(
  deps: RecordFailureDeps,
  { run, failed, error: caught }: RecordFailureInput,
): Promise<RecordFailureOutput> {
  const error = readError(caught);
  const none = { status: 'failed', error, trace: null } as const;
  if ('object' in failed) {
    const { object: n, name } = failed;
    await deps.putObject(run.runId, { n, name, records: null, bytes: null, sha256: null, ...none });
  } else if ('sink' in failed) {
    const { shard: n, sink } = failed;
    await deps.putSink(run.runId, { n, sink, rows: null, bytes: null, sha256: null, key: null, ...none });
  } else if ('survey' in failed) {
    await deps.putSurvey(run.runId, { n: failed.survey, ...none });
  } else if ('bucket' in failed) {
    await deps.putBucket(run.runId, { n: failed.bucket, ids: null, repeats: null, losers: null, ...none });
  } else if ('settled' in failed) {
    await deps.putSettled(run.runId, { n: failed.settled, ...noCounts, ...none });
  } else {
    await deps.putShard(run.runId, { n: failed.shard, ...noCounts, ...none });
  }
  return {};
}

const noCounts = { rejected: null, filtered: null, batch: null, rejectsByCode: {} };
