import type { SourceObject } from '../../core/shard.ts';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { jobReader, keep, ledgerOf, now, readJsonIfThere, store } from '../ports.ts';
import { type DiscoverInput, environment } from './contract.ts';
import { discover } from './discover.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  return {
    ...ledgerOf(env),
    now,
    readJob: jobReader(objects, env.OPS_BUCKET),
    list: (prefix: string) => objects.list(env.SOURCE_BUCKET, prefix),
    keepOps: (key: string, body: Buffer) => keep(objects, { bucket: env.OPS_BUCKET, key }, body),
    readListing: (key: string) => readJsonIfThere<SourceObject[]>(objects, { bucket: env.OPS_BUCKET, key }),
    sourceBucket: env.SOURCE_BUCKET,
    opsBucket: env.OPS_BUCKET,
  };
});

export const handler = handle('Discover', runFields, (input: DiscoverInput) => discover(deps(), input));
