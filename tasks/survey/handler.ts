import type { ObjectRef } from '../../core/run.ts';
import type { ByteRange } from '../../core/shard.ts';
import { withDirectory } from '../directory.ts';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { jobReader, ledgerOf, now, store } from '../ports.ts';
import { environment, type SurveyInput } from './contract.ts';
import { survey } from './survey.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  return {
    ...ledgerOf(env),
    ...{ now, withDirectory },
    readJob: jobReader(objects, env.OPS_BUCKET),
    readRaw: (object: ObjectRef, range: ByteRange) => objects.getRange(object, range),
    putOps: (key: string, body: Buffer) => objects.put({ bucket: env.OPS_BUCKET, key }, body),
  };
});

const fields = (input: SurveyInput) => ({ ...runFields(input), shard: input.shard.n });
export const handler = handle('Survey', fields, (input: SurveyInput) => survey(deps(), input));
