import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { type DiscoverInput, environment } from './contract.ts';
import { discoverDeps } from './deps.ts';
import { discover } from './discover.ts';

const deps = lazily(() => discoverDeps(readEnvironment(environment)));

export const handler = handle('Discover', runFields, (input: DiscoverInput) => discover(deps(), input));
