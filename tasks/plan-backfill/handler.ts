import { readEnvironment } from '../environment.ts';
import { handle, lazily } from '../handle.ts';
import { pinJobVersion } from '../open-run/pin.ts';
import { keep, ledgerOf, store } from '../ports.ts';
import { environment, type PlanBackfillInput } from './contract.ts';
import { planRound } from './plan-backfill.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  const objects = store();
  const ops = (key: string) => ({ bucket: env.OPS_BUCKET, key });
  return {
    ...ledgerOf(env),
    pinJobVersion: pinJobVersion(objects, env),
    keepOps: (key: string, body: Buffer) => keep(objects, ops(key), body),
    readOps: (key: string) => objects.get(ops(key)),
    putOps: (key: string, body: Buffer) => objects.put(ops(key), body),
    opsBucket: env.OPS_BUCKET,
  };
});

const fields = ({ job, execution, round }: PlanBackfillInput) => ({
  job: job.name,
  backfill: execution.name,
  round,
});
export const handler = handle('PlanBackfill', fields, (input: PlanBackfillInput) => planRound(deps(), input));
