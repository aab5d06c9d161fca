import { readEnvironment } from '../environment.ts';
import { handle, lazily } from '../handle.ts';
import { completionDeps, jobReader, now, store, tellingLedgerOf, traceId, whereabouts } from '../ports.ts';
import { environment, type FailRunInput } from './contract.ts';
import { failRun } from './fail-run.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const book = tellingLedgerOf(env);
  return {
    ...book,
    ...completionDeps(book, env, () => env.STATE_MACHINE_ARN),
    readJob: jobReader(store(), env.OPS_BUCKET),
    now,
    ...whereabouts(env),
    traceId,
  };
});

const fields = ({ job, execution }: FailRunInput) => ({ job: job.name, runId: execution.name });
export const handler = handle('FailRun', fields, (input: FailRunInput) => failRun(deps(), input));
