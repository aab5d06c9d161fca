import { glue, sfn } from '../../aws/clients.ts';
import { catalog } from '../../aws/glue.ts';
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
    startBackfill: async (job, { id, from, to }) => {
      const input = { from, to, reprocess: 'none' };
      return (await executions(sfn()).start(backfillMachine(prefix, job), id, input)).started;
    },
    allPendingOutbox: () => book.pendingOutbox(),
    runOf: runOfExecution(prefix),
    backfillOf: backfillOfExecution(prefix),
    catalogTimeoutSeconds: Number(env.CATALOG_TIMEOUT),
  };
}
