import { manifestSchema } from '../../core/manifest.ts';
import type { ObjectRef } from '../../core/run.ts';
import type { SourceObject } from '../../core/shard.ts';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import {
  jobReader,
  keep,
  ledgerOf,
  now,
  readJson,
  readJsonIfThere,
  store,
  tellingDeps,
  whereabouts,
} from '../ports.ts';
import { type DiscoverInput, environment } from './contract.ts';
import { discover } from './discover.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  const book = ledgerOf(env);
  return {
    ...book,
    ...tellingDeps(book, env),
    now,
    readJob: jobReader(objects, env.OPS_BUCKET),
    list: (prefix: string) => objects.list(env.SOURCE_BUCKET, prefix),
    readManifest: async (ref: ObjectRef) => manifestSchema.parse(await readJson(objects, ref)),
    keepOps: (key: string, body: Buffer) => keep(objects, { bucket: env.OPS_BUCKET, key }, body),
    readListing: (key: string) => readJsonIfThere<SourceObject[]>(objects, { bucket: env.OPS_BUCKET, key }),
    sourceBucket: env.SOURCE_BUCKET,
    ...whereabouts(env),
  };
});

export const handler = handle('Discover', runFields, (input: DiscoverInput) => discover(deps(), input));
