import type { RunRef } from '../../core/run.ts';
import type { ScannedObject, Shard, SourceObject } from '../../core/shard.ts';
import { objectsKey } from '../../core/storage.ts';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { jobReader, keepCopy, ledgerOf, now, readJson, readJsonIfThere, store } from '../ports.ts';
import { environment, type PlanInput } from './contract.ts';
import { plan } from './plan.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  const ops = (key: string) => ({ bucket: env.OPS_BUCKET, key });
  return {
    ...ledgerOf(env),
    now,
    readJob: jobReader(objects, env.OPS_BUCKET),
    readObjects: (run: RunRef) => readJson<SourceObject[]>(objects, ops(objectsKey(run.job, run.runId))),
    readScan: (key: string) => readJsonIfThere<ScannedObject>(objects, ops(key)),
    readShards: (key: string) => readJsonIfThere<Shard[]>(objects, ops(key)),
    keepCopy: keepCopy(objects, env.OPS_BUCKET),
    putOps: (key: string, body: Buffer) => objects.put(ops(key), body),
    opsBucket: env.OPS_BUCKET,
  };
});

export const handler = handle('Plan', runFields, (input: PlanInput) => plan(deps(), input));
