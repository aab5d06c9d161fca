import { readEnvironment } from '../environment.ts';
import { handle, lazily } from '../handle.ts';
import { completionDeps, jobReader, ledgerOf, now, region, store, traceId } from '../ports.ts';
import { environment, type FailRunInput } from './contract.ts';
import { failRun } from './fail-run.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const book = ledgerOf(env);
  return {
    ...book,
    ...completionDeps(book, env, () => env.STATE_MACHINE_ARN),
    readJob: jobReader(store(), env.OPS_BUCKET),
    now,
    database: env.DATABASE,
    region: region(),
    traceId,
  };
});

const fields = ({ job, execution }: FailRunInput) => ({ job: job.name, runId: execution.name });
export const handler = handle('FailRun', fields, (input: FailRunInput) => failRun(deps(), input));
