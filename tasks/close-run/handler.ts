import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { completionDeps, jobReader, ledgerOf, now, store, whereabouts } from '../ports.ts';
import { closeRun } from './close-run.ts';
import { type CloseRunInput, environment } from './contract.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const book = ledgerOf(env);
  return {
    ...book,
    // CloseRun sends events alone: a run that it closes did not fail.
    ...completionDeps(book, { ...env, JOB_DLQ_URL: '' }, () => env.STATE_MACHINE_ARN),
    readJob: jobReader(store(), env.OPS_BUCKET),
    now,
    ...whereabouts(env),
  };
});

export const handler = handle('CloseRun', runFields, (input: CloseRunInput) =>
  closeRun(deps(), input.run, input.attempt),
);
