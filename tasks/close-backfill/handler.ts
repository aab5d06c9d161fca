import { readEnvironment } from '../environment.ts';
import { backfillFields, handle, lazily } from '../handle.ts';
import { ledgerOf, now } from '../ports.ts';
import { closeBackfill } from './close-backfill.ts';
import { type CloseBackfillInput, environment } from './contract.ts';

const deps = lazily(() => ({ ...ledgerOf(readEnvironment(environment)), now }));

export const handler = handle('CloseBackfill', backfillFields, ({ backfill }: CloseBackfillInput) =>
  closeBackfill(deps(), backfill),
);
