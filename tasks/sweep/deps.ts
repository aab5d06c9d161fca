import { glue, sfn } from '../../aws/clients.ts';
import { catalog } from '../../aws/glue.ts';
import { executions } from '../../aws/sfn.ts';
import { manifestSchema } from '../../core/manifest.ts';
import type { ObjectRef } from '../../core/run.ts';
import { applyToCatalog, repairPartition } from '../catalog/catalog.ts';
import { log } from '../handle.ts';
import { completionDeps, jobReader, ledgerOf, now, readJson, region, store, traceId } from '../ports.ts';
import type { environment } from './contract.ts';
import { runOfExecution, type SweepDeps } from './sweep.ts';

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
    database: env.DATABASE,
    region: region(),
    traceId,
    applyToCatalog: (run, manifest) => applyToCatalog(tables, run, manifest),
    repairPartition: (run) => repairPartition(tables, run),
    describe: executions(sfn()).describe,
    allPendingOutbox: () => book.pendingOutbox(),
    runOf: runOfExecution(prefix),
    catalogTimeoutSeconds: Number(env.CATALOG_TIMEOUT),
  };
}
