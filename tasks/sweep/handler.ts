import { readEnvironment } from '../environment.ts';
import { handle, lazily } from '../handle.ts';
import { environment, type SweepInput } from './contract.ts';
import { sweepDeps } from './deps.ts';
import { sweep } from './sweep.ts';

const deps = lazily(() => sweepDeps(readEnvironment(environment)));

/** The execution's name is the run's id. */
const fields = (input: SweepInput) => ('detail' in input ? { execution: input.detail.executionArn } : {});
export const handler = handle('sweep', fields, (input: SweepInput) => sweep(deps(), input));
