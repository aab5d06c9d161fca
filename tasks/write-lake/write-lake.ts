import * as z from 'zod';
import type { Ledger } from '../../aws/interfaces.ts';
import { describeError, type ErrorRecord, ForebayError } from '../../core/errors.ts';
import { writeFailureId } from '../../core/failure.ts';
import type { ObjectRef } from '../../core/run.ts';
import { partKey } from '../../core/storage.ts';
import { traceOf } from '../trace.ts';
import type { WriteMessage } from './contract.ts';

export interface WriteLakeDeps extends Pick<Ledger, 'getRun' | 'putSink' | 'putFailure' | 'closeFailure'> {
  /** Server-side copy, with the sha256 (hex) that S3 computed of the target. */
  copy(from: ObjectRef, to: ObjectRef): Promise<{ sha256: string }>;
  /** Rows and bytes of a Parquet object, by its own footer. */
  readFooter(ref: ObjectRef): Promise<{ rows: number; bytes: number }>;
  succeedTask(taskToken: string, output: unknown): Promise<'accepted' | 'gone'>;
  failTask(taskToken: string, error: ErrorRecord): Promise<'accepted' | 'gone'>;
  now(): Date;
  /** X-Ray's id of this call's trace; `null` where it has none. */
  traceId(): string | null;
  lakeBucket: string;
  /** The queue's maxReceiveCount: the receive of this number is the last. */
  maxReceives: number;
}

const runRef = z.object({ job: z.string(), runId: z.string(), slice: z.string() }).loose();
const message = z.object({
  schemaVersion: z.literal(1),
  taskToken: z.string().min(1),
  run: runRef,
  shard: z.object({ n: z.int().nonnegative() }),
  sink: z.literal('lake'),
  batch: z.object({
    bucket: z.string(),
    key: z.string(),
    rows: z.int().nonnegative(),
    bytes: z.int().nonnegative(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  // A message of before there were versions is for the first.
  major: z.int().positive().default(1),
});

export function readMessage(body: string): WriteMessage {
  try {
    return message.parse(JSON.parse(body)) as unknown as WriteMessage;
  } catch (error) {
    const what =
      'a message on the write queue is none that this version knows; discard it, or run the slice again';
    throw new ForebayError('MessageInvalid', what, { cause: error });
  }
}

/**
 * Brings one batch into the run's own prefix in the lake. While a batch and the lake have the same columns this
 * is a copy on the server's side, compared by sha256; the rows are counted in what lies in the lake. Repeating
 * it writes the identical object.
 */
export async function writeLake(
  deps: WriteLakeDeps,
  { run, shard, batch, major, taskToken }: WriteMessage,
  receive: number,
): Promise<void> {
  const startedAt = deps.now();
  // A message may outlive its run: then nobody waits for it, and nothing is to change.
  if ((await deps.getRun(run.job, run.runId))?.status !== 'RUNNING') return;
  const part = { bucket: deps.lakeBucket, key: partKey(run.job, run.slice, run.runId, shard.n, major) };
  const { sha256 } = await deps.copy({ bucket: batch.bucket, key: batch.key }, part);
  if (sha256 !== batch.sha256) {
    throw new ForebayError(
      'ChecksumMismatch',
      `${part.key} has sha256 ${sha256}, its batch has ${batch.sha256}`,
    );
  }
  const { rows, bytes } = await deps.readFooter(part);
  await deps.putSink(run.runId, {
    n: shard.n,
    sink: 'lake',
    status: 'done',
    rows,
    bytes,
    sha256,
    key: part.key,
    error: null,
    trace: traceOf(startedAt, deps.now(), receive - 1, { rows, bytes }),
  });
  if (receive > 1) await closeEarlier(deps, writeFailureId(run.job, run.runId, 'lake', shard.n), receive);
  await deps.succeedTask(taskToken, {});
}

/** An earlier receive of the message may have left its failure, which is none any more. */
async function closeEarlier(deps: WriteLakeDeps, id: string, receive: number): Promise<void> {
  const at = deps.now().toISOString();
  await deps.closeFailure(id, { how: 'written', at, by: 'forebay', reason: `receive ${receive} went well` });
}

/**
 * What a failed receive leaves behind: a failure record with its reason, since a message that SQS moves to the
 * DLQ brings none. At the last receive the waiting state is told, too, so that the run need not wait for its
 * timeout. Every error has the same number of receives: only so the message ends in the DLQ, where it is seen.
 */
export async function recordFailedReceive(
  deps: WriteLakeDeps,
  { run, shard, sink, batch, taskToken }: WriteMessage,
  receive: number,
  caught: unknown,
): Promise<void> {
  const error = describeError(caught);
  const now = deps.now().toISOString();
  await deps.putFailure({
    id: writeFailureId(run.job, run.runId, sink, shard.n),
    kind: 'write',
    job: run.job,
    slice: run.slice,
    runId: run.runId,
    shard: shard.n,
    sink,
    error,
    attempts: receive,
    firstFailedAt: now,
    lastFailedAt: now,
    trace: deps.traceId(),
    pointer: batch.key,
  });
  if (receive >= deps.maxReceives) await deps.failTask(taskToken, error);
}

export interface Received {
  id: string;
  body: string;
  receive: number;
}

/** Each message by itself: those that failed are named, and only they come again. */
export async function receiveBatch(
  deps: () => WriteLakeDeps,
  received: readonly Received[],
  write: (work: { message: WriteMessage; receive: number }) => Promise<void>,
): Promise<{ batchItemFailures: Array<{ itemIdentifier: string }> }> {
  const failed = await Promise.all(
    received.map(async ({ id, body, receive }) => {
      let message: WriteMessage | undefined;
      try {
        message = readMessage(body);
        await write({ message, receive });
        return [];
      } catch (error) {
        if (message !== undefined)
          await recordFailedReceive(deps(), message, receive, error).catch(() => undefined);
        return [{ itemIdentifier: id }];
      }
    }),
  );
  return { batchItemFailures: failed.flat() };
}
