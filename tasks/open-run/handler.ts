import { sfn } from '../../aws/clients.ts';
import { executions } from '../../aws/sfn.ts';
import { readEnvironment } from '../environment.ts';
import { endedError, failOpened } from '../fail-run/fail-run.ts';
import { handle, lazily } from '../handle.ts';
import { completionDeps, jobReader, now, store, tellingLedgerOf, traceId, whereabouts } from '../ports.ts';
import { environment, type OpenRunInput } from './contract.ts';
import { openRun } from './open-run.ts';
import { pinJobVersion } from './pin.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const [objects, book] = [store(), tellingLedgerOf(env)];
  const readJob = jobReader(objects, env.OPS_BUCKET);
  const completion = completionDeps(book, env, () => env.STATE_MACHINE_ARN);
  const failing = { ...book, ...completion, readJob, now, ...whereabouts(env), traceId };
  return {
    ...book,
    now,
    pinJobVersion: pinJobVersion(objects, env),
    describe: executions(sfn()).describe,
    failEnded: async (...[run, execution]: Parameters<Parameters<typeof openRun>[0]['failEnded']>) => {
      await failOpened(failing, run, endedError(execution));
    },
  };
});

const fields = ({ job, execution }: OpenRunInput) => ({ job: job.name, runId: execution.name });
export const handler = handle('OpenRun', fields, (input: OpenRunInput) => openRun(deps(), input));
