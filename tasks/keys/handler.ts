import type { RunRef } from '../../core/run.ts';
import { cellsKey } from '../../core/storage.ts';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { linesOf } from '../key-lists.ts';
import { jobReader, ledgerOf, now, readJson, store } from '../ports.ts';
import { environment, type KeysInput } from './contract.ts';
import { settleKeys } from './keys.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  const ops = (key: string) => ({ bucket: env.OPS_BUCKET, key });
  return {
    ...ledgerOf(env),
    now,
    readJob: jobReader(objects, env.OPS_BUCKET),
    readCells: (run: RunRef, n: number) => readJson<number[]>(objects, ops(cellsKey(run.job, run.runId, n))),
    linesOf: linesOf(objects, env.OPS_BUCKET),
    putOps: (key: string, body: Buffer) => objects.put(ops(key), body),
  };
});

const fields = (input: KeysInput) => ({ ...runFields(input), bucket: input.bucket.n });
export const handler = handle('Keys', fields, (input: KeysInput) => settleKeys(deps(), input));
