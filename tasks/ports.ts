/** Adapters and the deps that several tasks share, made from their environment. */

import * as clients from '../aws/clients.ts';
import { bus } from '../aws/eventbridge.ts';
import type { Ledger, ObjectStore } from '../aws/interfaces.ts';
import { ledger } from '../aws/ledger.ts';
import { objectStore } from '../aws/s3.ts';
import { executions } from '../aws/sfn.ts';
import { queue } from '../aws/sqs.ts';
import { evolves, type SliceColumns, withColumns } from '../core/contract/slice.ts';
import type { Job } from '../core/job/model.ts';
import type { OutboxRecord } from '../core/ledger.ts';
import type { ObjectRef } from '../core/run.ts';
import { columnsKey } from '../core/storage.ts';
import type { CompletionDeps } from './completion.ts';
import { addToLog } from './handle.ts';
import { readJobVersion } from './job-version.ts';
import { measureIn } from './metrics.ts';

export const store = (): ObjectStore => objectStore(clients.s3());

/** A task that knows nothing of slices, or of runs, has no table of them: asking for one is a fault of the program. */
export const ledgerOf = (env: { RUNS_TABLE?: string; SLICES_TABLE?: string }): Ledger =>
  ledger(clients.dynamodb(), { runs: env.RUNS_TABLE ?? '', slices: env.SLICES_TABLE ?? '' });

/** The same for a task that learns only by reading which slice its run is of: from then on its log says it. */
export const tellingLedgerOf = (env: { RUNS_TABLE: string; SLICES_TABLE: string }): Ledger => {
  const book = ledgerOf(env);
  return {
    ...book,
    getSlice: (job, slice) => {
      addToLog({ slice });
      return book.getSlice(job, slice);
    },
    getRun: async (job, runId) => {
      const run = await book.getRun(job, runId);
      if (run !== null) addToLog({ slice: run.slice });
      return run;
    },
  };
};

export const now = (): Date => new Date();

export const region = (): string => process.env.AWS_REGION ?? '';

export const jobReader =
  (objects: ObjectStore, opsBucket: string) =>
  (run: { job: string; jobVersion: string }): Promise<Job> =>
    readJobVersion((key) => objects.get({ bucket: opsBucket, key }), run);

/** The job with the contract of the run's slice, for whoever works behind Columns. */
export const sliceReader =
  (objects: ObjectStore, opsBucket: string) =>
  async (run: { job: string; jobVersion: string; runId: string }): Promise<Job> => {
    const job = await jobReader(objects, opsBucket)(run);
    if (!evolves(job.contract)) return job;
    const ref = { bucket: opsBucket, key: columnsKey(run.job, run.runId) };
    return withColumns(job, await readJson<SliceColumns>(objects, ref));
  };

export const readJson = async <T>(objects: ObjectStore, ref: ObjectRef): Promise<T> =>
  JSON.parse((await objects.get(ref)).toString('utf8')) as T;

/** The same of what may have expired; `null`: it is not there. */
export const readJsonIfThere = async <T>(objects: ObjectStore, ref: ObjectRef): Promise<T | null> =>
  (await objects.head(ref)) === null ? null : readJson<T>(objects, ref);

/** X-Ray's id of the trace that this call belongs to, as Lambda says it; `null` where it is not traced. */
export const traceId = (): string | null =>
  /Root=([^;]+)/.exec(process.env._X_AMZN_TRACE_ID ?? '')?.[1] ?? null;

/** Puts an object of JSON unless one is there, and gives the one that is there then. */
export async function keep(
  objects: Pick<ObjectStore, 'put' | 'get'>,
  ref: ObjectRef,
  body: Buffer,
): Promise<Buffer> {
  const put = await objects.put(ref, body, { ifNoneMatch: true, contentType: 'application/json' });
  return put ? body : objects.get(ref);
}

/** What events say of where things are. */
export const whereabouts = (env: { DATABASE: string; OPS_BUCKET: string }) => ({
  database: env.DATABASE,
  region: region(),
  opsBucket: env.OPS_BUCKET,
});
/** Copies an object of JSON within a bucket unless one is there; `false`: there is nothing to copy. */
export const keepCopy =
  (objects: ObjectStore, bucket: string) =>
  async (from: string, to: string): Promise<boolean> => {
    if ((await objects.head({ bucket, key: from })) === null) return false;
    await keep(objects, { bucket, key: to }, await objects.get({ bucket, key: from }));
    return true;
  };

interface CompletionEnvironment {
  BUS_NAME: string;
  JOB_DLQ_URL: string;
  STAGE: string;
}

/** `arnOf` gives the machine of a job. */
export function completionDeps(
  book: Ledger,
  env: CompletionEnvironment,
  arnOf: (job: string) => string,
): Omit<CompletionDeps, 'readJob'> {
  return {
    measure: measureIn(env.STAGE),
    pendingOutbox: book.pendingOutbox,
    markSent: book.markSent,
    getSlice: book.getSlice,
    send: (record) => send(env, record),
    start: async (job, runId, request) => {
      await executions(clients.sfn()).start(arnOf(job), runId, request);
    },
  };
}

/** Of a task that tells the bus of a run that goes on, and closes none. */
export const tellingDeps = (book: Ledger, env: { BUS_NAME: string }) => ({
  pendingOutbox: book.pendingOutbox,
  markSent: book.markSent,
  send: (record: OutboxRecord) => sendToBus(env.BUS_NAME, record),
});

const send = (env: CompletionEnvironment, record: OutboxRecord): Promise<void> =>
  record.target === 'job-dlq'
    ? queue(clients.sqs()).send(env.JOB_DLQ_URL, record.body)
    : sendToBus(env.BUS_NAME, record);

async function sendToBus(busName: string, record: OutboxRecord): Promise<void> {
  const { metadata } = JSON.parse(record.body) as { metadata: { eventType: string } };
  const event = {
    id: record.id,
    detailType: metadata.eventType,
    detail: record.body,
    time: record.createdAt,
  };
  return bus(clients.eventbridge(), busName).publish([event]);
}
