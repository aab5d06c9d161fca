import { glue, sfn } from '../../aws/clients.ts';
import { isNamed } from '../../aws/errors.ts';
import { catalog } from '../../aws/glue.ts';
import type { Executions } from '../../aws/interfaces.ts';
import { executions } from '../../aws/sfn.ts';
import { backfillSuffix } from '../../core/backfill/model.ts';
import { manifestSchema } from '../../core/manifest.ts';
import type { ObjectRef } from '../../core/run.ts';
import { jobsOf, jobVersionsPrefix } from '../../core/storage.ts';
import { applyToCatalog, repairPartition } from '../catalog/catalog.ts';
import { log } from '../handle.ts';
import { completionDeps, jobReader, ledgerOf, now, readJson, store, traceId, whereabouts } from '../ports.ts';
import type { environment } from './contract.ts';
import { backfillOfExecution, runOfExecution } from './executions.ts';
import type { SweepDeps } from './sweep.ts';

const backfillMachine = (prefix: string, job: string): string => `${prefix}${job}${backfillSuffix}`;

/** A job that was removed keeps its slices and marks, and there is nothing to start for them; `false`: nor was there. */
export async function startUnlessRemoved(
  start: Executions['start'],
  ...asked: Parameters<Executions['start']>
): Promise<boolean> {
  try {
    return (await start(...asked)).started;
  } catch (error) {
    if (isNamed(error, 'StateMachineDoesNotExist')) return false;
    throw error;
  }
}

/** The sweeper may do what CloseRun, FailRun and Catalog may, for every job. */
export function sweepDeps(env: Record<(typeof environment)[number], string>): SweepDeps {
  const prefix = env.STATE_MACHINE_ARN_PREFIX;
  const [book, objects] = [ledgerOf(env), store()];
  const readManifest = async (ref: ObjectRef) => manifestSchema.parse(await readJson(objects, ref));
  const tables = { ...book, ...catalog(glue(), env.DATABASE), readManifest, lakeBucket: env.LAKE_BUCKET };
  return {
    ...book,
    ...completionDeps(book, env, (job) => `${prefix}${job}`),
    readJob: jobReader(objects, env.OPS_BUCKET),
    now,
    log,
    ...whereabouts(env),
    traceId,
    applyToCatalog: (run, manifest) => applyToCatalog(tables, run, manifest),
    repairPartition: (run) => repairPartition(tables, run),
    describe: executions(sfn()).describe,
    jobNames: async () =>
      jobsOf((await objects.list(env.OPS_BUCKET, jobVersionsPrefix)).map(({ key }) => key)),
    runningBackfills: (job) => executions(sfn()).listRunning(backfillMachine(prefix, job)),
    start: async (job, runId, request) => {
      await startUnlessRemoved(executions(sfn()).start, `${prefix}${job}`, runId, request);
    },
    startBackfill: (job, { id, from, to }) => {
      const input = { from, to, reprocess: 'none' };
      return startUnlessRemoved(executions(sfn()).start, backfillMachine(prefix, job), id, input);
    },
    allPendingOutbox: () => book.pendingOutbox(),
    runOf: runOfExecution(prefix),
    backfillOf: backfillOfExecution(prefix),
    catalogTimeoutSeconds: Number(env.CATALOG_TIMEOUT),
  };
}
