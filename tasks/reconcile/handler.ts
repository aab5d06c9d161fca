import type { RunRef } from '../../core/run.ts';
import { scanKey, shardsKey } from '../../core/storage.ts';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { linesOf } from '../key-lists.ts';
import { keep, ledgerOf, now, readJson, sliceReader, store, traceId } from '../ports.ts';
import { environment, type ReconcileInput } from './contract.ts';
import { reconcileRun } from './reconcile.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  const ops = (key: string) => ({ bucket: env.OPS_BUCKET, key });
  return {
    ...ledgerOf(env),
    now,
    traceId,
    readJob: sliceReader(objects, env.OPS_BUCKET),
    readShards: (run: RunRef) => readJson<never>(objects, ops(shardsKey(run.job, run.runId))),
    readScan: (run: RunRef, n: number) => readJson<never>(objects, ops(scanKey(run.job, run.runId, n))),
    linesOf: linesOf(objects, env.OPS_BUCKET),
    keepManifest: (key: string, body: Buffer) => keep(objects, ops(key), body),
    putOps: (key: string, body: Buffer) => objects.put(ops(key), body),
    opsBucket: env.OPS_BUCKET,
  };
});

export const handler = handle('Reconcile', runFields, (input: ReconcileInput) => reconcileRun(deps(), input));
