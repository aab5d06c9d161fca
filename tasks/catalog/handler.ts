import { glue } from '../../aws/clients.ts';
import { catalog } from '../../aws/glue.ts';
import { manifestSchema } from '../../core/manifest.ts';
import type { ObjectRef } from '../../core/run.ts';
import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { ledgerOf, now, readJson, store } from '../ports.ts';
import { commitRun } from './catalog.ts';
import { type CatalogInput, environment } from './contract.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  return {
    ...ledgerOf(env),
    ...catalog(glue(), env.DATABASE),
    now,
    readManifest: async (ref: ObjectRef) => manifestSchema.parse(await readJson(objects, ref)),
    lakeBucket: env.LAKE_BUCKET,
  };
});

export const handler = handle('Catalog', runFields, (input: CatalogInput) => commitRun(deps(), input));
