import { readEnvironment } from '../environment.ts';
import { backfillFields, handle, lazily } from '../handle.ts';
import { ledgerOf, now } from '../ports.ts';
import { type EndSliceInput, environment } from './contract.ts';
import { endSlice } from './end-slice.ts';

const deps = lazily(() => ({ ...ledgerOf(readEnvironment(environment)), now }));

export const handler = handle('EndSlice', backfillFields, (input: EndSliceInput) => endSlice(deps(), input));
