import { readEnvironment } from '../environment.ts';
import { handle, lazily } from '../handle.ts';
import { measureIn } from '../metrics.ts';
import { ledgerOf, now } from '../ports.ts';
import { environment, type WatchInput } from './contract.ts';
import { watch } from './watch.ts';

const deps = lazily(() => {
  const env = readEnvironment(environment);
  return { ...ledgerOf(env), now, measure: measureIn(env.STAGE) };
});

const fields = ({ job }: WatchInput) => ({ job: job.name });
export const handler = handle('watch', fields, (input: WatchInput) => watch(deps(), input));
