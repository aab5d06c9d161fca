import { readEnvironment } from '../environment.ts';
import { handle, lazily } from '../handle.ts';
import { environment, type SweepInput } from './contract.ts';
import { sweepDeps } from './deps.ts';
import { sweep } from './sweep.ts';

const deps = lazily(() => sweepDeps(readEnvironment(environment)));

export const handler = handle(
  'sweep',
  () => ({}),
  (input: SweepInput) => sweep(deps(), input),
);
