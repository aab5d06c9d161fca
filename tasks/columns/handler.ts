import { glue } from '../../aws/clients.ts';
import { catalog } from '../../aws/glue.ts';
import type { SliceColumns } from '../../core/contract/slice.ts';
import type { RunRef } from '../../core/run.ts';
import { shardsKey, surveyKey } from '../../core/storage.ts';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { jobReader, keep, ledgerOf, now, readJson, readJsonIfThere, store } from '../ports.ts';
import { columns } from './columns.ts';
import { type ColumnsInput, environment } from './contract.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  const ops = (key: string) => ({ bucket: env.OPS_BUCKET, key });
  return {
    ...ledgerOf(env),
    ...{ now, getTable: catalog(glue(), env.DATABASE).getTable },
    readJob: jobReader(objects, env.OPS_BUCKET),
    readShards: (run: RunRef) => readJson<never>(objects, ops(shardsKey(run.job, run.runId))),
    readSurvey: (run: RunRef, n: number) => readJson<never>(objects, ops(surveyKey(run.job, run.runId, n))),
    readDecision: (key: string) => readJsonIfThere<SliceColumns>(objects, ops(key)),
    keepOps: (key: string, body: Buffer) => keep(objects, ops(key), body),
  };
});

export const handler = handle('Columns', runFields, (input: ColumnsInput) => columns(deps(), input));
