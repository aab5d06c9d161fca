import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { environment, type SettleInput } from './contract.ts';
import { settleDeps } from './deps.ts';
import { settle } from './settle.ts';

const deps = lazily(() => settleDeps(readEnvironment(environment)));

const fields = (input: SettleInput) => ({ ...runFields(input), shard: input.shard.n });
export const handler = handle('Settle', fields, (input: SettleInput) => settle(deps(), input));
