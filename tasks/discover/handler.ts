import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { completionDeps, jobReader, keep, ledgerOf, now, region, store } from '../ports.ts';
import { type DiscoverInput, environment } from './contract.ts';
import { discover } from './discover.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  const book = ledgerOf(env);
  return {
    ...book,
    // It tells the bus that a slice is loaded again, and starts nothing.
    ...completionDeps(book, { ...env, JOB_DLQ_URL: '' }, () => ''),
    now,
    readJob: jobReader(objects, env.OPS_BUCKET),
    list: (prefix: string) => objects.list(env.SOURCE_BUCKET, prefix),
    keepOps: (key: string, body: Buffer) => keep(objects, { bucket: env.OPS_BUCKET, key }, body),
    sourceBucket: env.SOURCE_BUCKET,
    opsBucket: env.OPS_BUCKET,
    database: env.DATABASE,
    region: region(),
  };
});

export const handler = handle('Discover', runFields, (input: DiscoverInput) => discover(deps(), input));
