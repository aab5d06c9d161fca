/** Keys of the ledger's items, as DESIGN's storage layout names them. */
import type { BackfillStatus } from '../../core/backfill/model.ts';
import { jobKey, runPartitions } from '../../core/ledger-schema.ts';
import type { RunStatus } from '../../core/run.ts';

export interface Tables {
  slices: string;
  runs: string;
}

/** Children of one run are spread over this many partitions, so that no shard writes all to one. */
export const spread = 16;

const padded = (n: number): string => String(n).padStart(6, '0');

export { jobKey };
export const sliceKey = (job: string, slice: string) => ({ pk: jobKey(job), sk: `SLICE#${slice}` });
export const cursorKey = (job: string) => ({ pk: jobKey(job), sk: 'CURSOR' });
export const pauseKey = (job: string) => ({ pk: jobKey(job), sk: 'PAUSE' });
export const runKey = (job: string, runId: string) => ({ pk: jobKey(job), sk: `RUN#${runId}` });
/** Of the run's records, each by its own id: a run may tell several things. */
export const outboxPrefix = (runId: string): string => `OUTBOX#${runId}#`;
export const outboxKey = (job: string, runId: string, id: string) => ({
  pk: jobKey(job),
  sk: `${outboxPrefix(runId)}${id}`,
});
export const failureKey = (job: string, id: string) => ({ pk: jobKey(job), sk: `FAILURE#${id}` });

/** Below it all that was erased of one slice; no name of a slice is the beginning of another with `#` behind it. */
export const forgottenPrefix = (slice: string): string => `FORGOTTEN#${slice}#`;
export const forgottenKey = ({ job, slice, at }: { job: string; slice: string; at: string }) => ({
  pk: jobKey(job),
  sk: `${forgottenPrefix(slice)}${at}`,
});

export const childPartition = (runId: string, n: number) => `${runPartitions}${runId}#${n % spread}`;
export const objectKey = (runId: string, n: number) => ({
  pk: childPartition(runId, n),
  sk: `OBJECT#${padded(n)}`,
});
export const shardKey = (runId: string, n: number) => ({
  pk: childPartition(runId, n),
  sk: `SHARD#${padded(n)}`,
});
export const sinkKey = (runId: string, sink: string, n: number) => ({
  pk: childPartition(runId, n),
  sk: `SINK#${sink}#${padded(n)}`,
});

export const surveyRecordKey = (runId: string, n: number) => ({
  pk: childPartition(runId, n),
  sk: `SURVEY#${padded(n)}`,
});

export const bucketKey = (runId: string, n: number) => ({
  pk: childPartition(runId, n),
  sk: `BUCKET#${padded(n)}`,
});
export const settledKey = (runId: string, n: number) => ({
  pk: childPartition(runId, n),
  sk: `SETTLED#${padded(n)}`,
});

export const backfillPrefix = 'BACKFILL#';
export const backfillKey = (job: string, id: string) => ({ pk: jobKey(job), sk: `${backfillPrefix}${id}` });
/** A backfill's slices are spread as a run's shards are. */
export const backfillSliceKey = (id: string, n: number) => ({
  pk: childPartition(id, n),
  sk: `SLICE#${padded(n)}`,
});
export const backfillStatusKey = (status: BackfillStatus) => `${backfillPrefix}${status}`;

export const runStatusKey = (status: RunStatus) => `RUN#${status}`;
export const outboxPending = 'OUTBOX#PENDING';
export const outboxSent = 'OUTBOX#SENT';
export const failureOpen = 'FAILURE#OPEN';
export const failureClosed = 'FAILURE#CLOSED';
export const marked = 'MARKED';
