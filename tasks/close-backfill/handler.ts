import { readEnvironment } from '../environment.ts';
import { backfillFields, handle, lazily } from '../handle.ts';
import { jobReader, ledgerOf, now, region, store, tellingDeps } from '../ports.ts';
import { closeBackfill } from './close-backfill.ts';
import { type CloseBackfillInput, environment } from './contract.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const book = ledgerOf(env);
  const readJob = jobReader(store(), env.OPS_BUCKET);
  return { ...book, ...tellingDeps(book, env), readJob, region: region(), now };
});

export const handler = handle('CloseBackfill', backfillFields, ({ backfill }: CloseBackfillInput) =>
  closeBackfill(deps(), backfill),
);
