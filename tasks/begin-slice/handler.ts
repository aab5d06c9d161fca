import { readEnvironment } from '../environment.ts';
import { backfillFields, handle, lazily } from '../handle.ts';
import { ledgerOf, now } from '../ports.ts';
import { beginSlice } from './begin-slice.ts';
import { type BeginSliceInput, environment } from './contract.ts';

const deps = lazily(() => ({ ...ledgerOf(readEnvironment(environment)), now }));

export const handler = handle('BeginSlice', backfillFields, (input: BeginSliceInput) =>
  beginSlice(deps(), input),
);
