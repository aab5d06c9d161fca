import type { Ledger } from '../../aws/interfaces.ts';
import { runName } from '../../core/backfill/lanes.ts';
import type { BackfillSliceRecord } from '../../core/backfill/model.ts';
import { readError } from '../../core/errors.ts';
import type { RunRecord } from '../../core/ledger.ts';
import type { BusyRun } from '../open-run/contract.ts';
import type { EndSliceInput, EndSliceOutput } from './contract.ts';

export interface EndSliceDeps extends Pick<Ledger, 'getRun' | 'putBackfillSlice'> {
  now(): Date;
}

type Outcome = Pick<BackfillSliceRecord, 'state' | 'error' | 'why'>;

/** Says what became of a slice, by the ledger's record of its run: what a state was told may be a lost answer. */
export async function endSlice(deps: EndSliceDeps, input: EndSliceInput): Promise<EndSliceOutput> {
  const { backfill, item, round } = input;
  const runId = runName(backfill.id, item.slice, round);
  const run = await deps.getRun(backfill.job, runId);
  const endedAt = deps.now().toISOString();
  await deps.putBackfillSlice(backfill.id, {
    ...{ n: item.n, slice: item.slice, attempt: round, runId },
    ...(run === null ? unopened(input) : outcomeOf(run)),
    ...{ startedAt: run?.startedAt ?? endedAt, endedAt },
  });
  return {};
}

function outcomeOf({ status, error, runId }: RunRecord): Outcome {
  if (status === 'COMPLETED' || status === 'PARTIAL') return { state: 'done', error: null, why: null };
  if (status === 'FAILED') return { state: 'failed', error, why: null };
  if (status === 'SKIPPED') return { state: 'skipped', error: null, why: 'nothing new: just that is loaded' };
  // Its execution was stopped: the next try finishes it as failed, or finds what it committed.
  return { state: 'busy', error: null, why: `run ${runId} did not end` };
}

/** A run that found its slice held has no record, and neither has one that could not be started. */
function unopened({ output, error }: EndSliceInput): Outcome {
  const holder = (output as Partial<BusyRun> | null | undefined)?.holder?.runId;
  if (holder !== undefined) return { state: 'busy', error: null, why: `run ${holder} held it` };
  if (error === undefined || error.Error.includes('ExecutionAlreadyExists'))
    return { state: 'busy', error: null, why: 'another run held it' };
  return { state: 'failed', error: readError(error), why: null };
}
