import { manifestSchema } from '../../core/manifest.ts';
import type { ObjectRef } from '../../core/run.ts';
import type { SourceObject } from '../../core/shard.ts';
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
import type { environment } from './contract.ts';
import type { DiscoverDeps } from './discover.ts';

export function discoverDeps(env: Record<(typeof environment)[number], string>): DiscoverDeps {
  const [objects, book] = [store(), ledgerOf(env)];
  const inOps = (key: string) => ({ bucket: env.OPS_BUCKET, key });
  return {
    ...book,
    ...tellingDeps(book, env),
    now,
    readJob: jobReader(objects, env.OPS_BUCKET),
    list: (prefix) => objects.list(env.SOURCE_BUCKET, prefix),
    readManifest: async (ref: ObjectRef) => manifestSchema.parse(await readJson(objects, ref)),
    keepOps: (key, body) => keep(objects, inOps(key), body),
    readListing: (key) => readJsonIfThere<SourceObject[]>(objects, inOps(key)),
    sourceBucket: env.SOURCE_BUCKET,
    ...whereabouts(env),
  };
}
