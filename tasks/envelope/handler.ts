import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { type EnvelopeInput, environment } from './contract.ts';
import { envelopeDeps } from './deps.ts';
import { envelope } from './envelope.ts';

const deps = lazily(() => envelopeDeps(readEnvironment(environment)));

const fields = (input: EnvelopeInput) => ({ ...runFields(input), shard: input.shard.n });
export const handler = handle('Envelope', fields, (input: EnvelopeInput) => envelope(deps(), input));
