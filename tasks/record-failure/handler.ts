import { readEnvironment } from '../environment.ts';
import { handle, lazily, runFields } from '../handle.ts';
import { ledgerOf } from '../ports.ts';
import { environment, type RecordFailureInput } from './contract.ts';
import { recordFailure } from './record-failure.ts';

const deps = lazily(() => ledgerOf(readEnvironment(environment)));

const fields = (input: RecordFailureInput) => ({ ...runFields(input), ...input.failed });
export const handler = handle('RecordFailure', fields, (input: RecordFailureInput) =>
  recordFailure(deps(), input),
);
