import type { Ledger } from '../../aws/interfaces.ts';
import { runName } from '../../core/backfill/lanes.ts';
import type { BackfillSliceRecord } from '../../core/backfill/model.ts';
import { readError, terminalNames } from '../../core/errors.ts';
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
    ...(run === null ? unopened(input) : outcomeOf(run, input.error)),
    ...{ startedAt: run?.startedAt ?? endedAt, endedAt },
  });
  return {};
}

type Caught = EndSliceInput['error'];

function outcomeOf({ status, error, runId }: RunRecord, caught: Caught): Outcome {
  if (status === 'COMPLETED' || status === 'PARTIAL') return { state: 'done', error: null, why: null };
  if (status === 'FAILED') return { state: 'failed', error, why: null };
  if (status === 'SKIPPED') return { state: 'skipped', error: null, why: 'nothing new: just that is loaded' };
  if (status === 'RUNNING' && wasStopped(caught)) return { state: 'failed', error: stopped, why: null };
  // What it was to do is not known yet: the next try finishes it as failed, or finds what it committed.
  return { state: 'busy', error: null, why: `run ${runId} did not end` };
}

/**
 * Who cancels a run stops its execution, and the sweeper closes it, before this task or behind it. Were it `busy`
 * here, the next round would publish what was cancelled. The cause is the execution as Step Functions describes it.
 */
const wasStopped = (caught: Caught): boolean =>
  /"Status":"(ABORTED|TIMED_OUT)"|ended with status (ABORTED|TIMED_OUT)/.test(caught?.Cause ?? '');

const stopped = { name: 'ExecutionEnded', message: 'its execution was stopped or timed out' };

/** A run that found its slice held has no record, and neither has one that could not be started. */
function unopened({ output, error: caught }: EndSliceInput): Outcome {
  const holder = (output as Partial<BusyRun> | null | undefined)?.holder?.runId;
  if (holder !== undefined) return { state: 'busy', error: null, why: `run ${holder} held it` };
  if (caught === undefined || caught.Error.includes('ExecutionAlreadyExists'))
    return { state: 'busy', error: null, why: 'another run held it' };
  if (wasStopped(caught)) return { state: 'failed', error: stopped, why: null };
  const error = readError(caught);
  if (isForGood(error.name)) return { state: 'failed', error, why: null };
  return { state: 'busy', error, why: `it could not be started: ${error.name}` };
}

/** All else that a start can meet, a quota above all, may be over in the next round; names of runs are derived. */
const isForGood = (name: string): boolean =>
  (terminalNames as readonly string[]).includes(name) ||
  /^States\.|AccessDenied|Invalid|DoesNotExist|Deleting/.test(name);
