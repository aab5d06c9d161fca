import type { Ledger } from '../../aws/interfaces.ts';
import { runName, runNames } from '../../core/backfill/lanes.ts';
import type { BackfillSliceRecord, SliceAction } from '../../core/backfill/model.ts';
import type { SliceRecord } from '../../core/ledger.ts';
import type { RunRequest } from '../open-run/contract.ts';
import type { BeginSliceInput, BeginSliceOutput } from './contract.ts';

export interface BeginSliceDeps extends Pick<Ledger, 'getBackfill' | 'getSlice' | 'putBackfillSlice'> {
  now(): Date;
}

/** Begins a slice, unless its backfill was cancelled or the slice is as it should be already. */
export async function beginSlice(
  deps: BeginSliceDeps,
  { attempt: _attempt, ...input }: BeginSliceInput,
): Promise<BeginSliceOutput> {
  const { backfill, item, round } = input;
  const record = await deps.getBackfill(backfill.job, backfill.id);
  if (record?.status !== 'RUNNING' || record.cancelledAt !== null) return { ...input, begun: 'not' };
  const now = deps.now().toISOString();
  const slice = await deps.getSlice(backfill.job, item.slice);
  const over = endedBefore(input, slice);
  const begun = { n: item.n, slice: item.slice, attempt: round, startedAt: now, error: null };
  if (over !== null) {
    await deps.putBackfillSlice(backfill.id, { ...begun, ...over, endedAt: now });
    return { ...input, begun: 'not' };
  }
  const name = runName(backfill.id, item.slice, round);
  await deps.putBackfillSlice(backfill.id, {
    ...begun,
    ...{ state: 'running', runId: name, endedAt: null, why: null },
  });
  return { ...input, begun: 'run', name, request: requestOf(item.slice, item.action) };
}

type Over = Pick<BackfillSliceRecord, 'state' | 'runId' | 'why'>;

/** An earlier try may have committed though nobody told, and somebody else may have loaded what nobody had. */
function endedBefore({ backfill, item }: BeginSliceInput, slice: SliceRecord | null): Over | null {
  const by = slice?.committed?.runId ?? null;
  if (by?.startsWith(runNames(backfill.id, item.slice)))
    return { state: 'done', runId: by, why: 'an earlier try committed it' };
  if (by !== null && item.action === 'load')
    return { state: 'skipped', runId: by, why: `run ${by} loaded it since it was planned` };
  if (by === null && item.action === 'rebuild')
    return { state: 'skipped', runId: null, why: 'no committed run has raw objects of it any more' };
  return null;
}

const requestOf = (slice: string, action: SliceAction): RunRequest => ({
  trigger: 'backfill',
  slice,
  force: action !== 'load',
  ...(action === 'rebuild' ? { from: 'raw' } : {}),
});
