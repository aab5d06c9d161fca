import type { ExecutionState, Ledger } from '../../aws/interfaces.ts';
import { ForebayError } from '../../core/errors.ts';
import { executionName } from '../../core/execution-name.ts';
import type { Job } from '../../core/job/model.ts';
import type { Mark, RunRecord, SliceRecord } from '../../core/ledger.ts';
import { parseSlice, sliceForScheduledTime } from '../../core/slice.ts';
import { runRef } from '../run-ref.ts';
import { readRequest } from '../run-request.ts';
import { type TraceDeps, traced } from '../trace.ts';
import type { OpenRunInput, OpenRunOutput, RunRequest } from './contract.ts';
import { resumed } from './resumed.ts';

export interface OpenRunDeps
  extends TraceDeps,
    Pick<Ledger, 'getSlice' | 'acquire' | 'mark' | 'getRun' | 'getPause'> {
  /** Copies the deployed job to the ops bucket, unless this version is there, and gives it. */
  pinJobVersion(job: { name: string; version: string }): Promise<Job>;
  describe(executionArn: string): Promise<ExecutionState | null>;
  /** Finishes a run whose execution has ended, as FailRun does. */
  failEnded(run: RunRecord, execution: ExecutionState | null): Promise<void>;
}

/** Each round somebody else made progress; this many in a row is a fault, not bad luck. */
const rounds = 20;

/**
 * Names the slice, pins the job version and takes the slice's lease. A living holder is left its mark and the
 * answer is `busy`; the run of a holder that has ended is finished first.
 */
export function openRun(deps: OpenRunDeps, input: OpenRunInput): Promise<OpenRunOutput> {
  const run = { job: input.job.name, runId: input.execution.name };
  const asked = { ...input, request: readRequest(input.request) };
  return traced(deps, run, 'OpenRun', input.attempt, async () => ({
    output: await open(deps, asked),
    metrics: {},
  }));
}

async function open(deps: OpenRunDeps, input: OpenRunInput): Promise<OpenRunOutput> {
  const job = await deps.pinJobVersion(input.job);
  const slice = sliceOf(job, input.request, input.execution.startTime);
  if (await isPaused(deps, input))
    return { outcome: 'paused', run: { job: job.name, runId: input.execution.name, slice } };
  for (let round = 0; round < rounds; round++) {
    const seen = await deps.getSlice(job.name, slice);
    const output =
      seen?.holder == null ? await take(deps, input, slice, seen) : await meet(deps, input, seen);
    if (output !== null) return output;
  }
  throw new ForebayError(
    'LedgerConflict',
    `slice ${slice} of ${job.name} changed hands ${rounds} times; try again`,
  );
}

function sliceOf(job: Job, request: RunRequest, startTime: string): string {
  if (request.trigger === 'schedule') {
    const { scheduledTime } = request;
    // A local cloud's Scheduler does not fill in the scheduled time: its schedules say so by this word.
    const time = scheduledTime === 'execution-start' ? startTime : scheduledTime;
    return sliceForScheduledTime(job, time ?? '').name;
  }
  if (request.slice === undefined) {
    throw new ForebayError(
      'SliceInvalid',
      `the input names no slice; give one of ${job.name}'s, e.g. by --slice`,
    );
  }
  return parseSlice(job, request.slice).name;
}

/**
 * Only the schedule is kept waiting here: other triggers are before they start anything. A run that took its lease,
 * and whose answer was lost before somebody paused the job, is there and goes on.
 */
async function isPaused(deps: OpenRunDeps, { job, request, execution }: OpenRunInput): Promise<boolean> {
  if (request.trigger !== 'schedule' || (await deps.getPause(job.name)) === null) return false;
  return (await deps.getRun(job.name, execution.name)) === null;
}

/**
 * Taking the lease clears the mark, and whoever left it wants the source read. A run from raw does not read it, so
 * it lets the marked run, which somebody is starting, go first; one that resumes a run from raw is one, too.
 */
async function take(
  deps: OpenRunDeps,
  input: OpenRunInput,
  slice: string,
  seen: SliceRecord | null,
): Promise<OpenRunOutput | null> {
  const { execution, job, request } = input;
  const time = new Date(execution.startTime).toISOString();
  const { resumes } = request;
  const again = resumes === undefined ? null : await resumed(deps, { named: resumes, job, slice, seen });
  const from = again?.from ?? request.from;
  if (from === 'raw' && seen?.mark != null) return busyOf(input, seen, seen.mark.runId, null);
  const run = await deps.acquire(seen, {
    ...again,
    job: job.name,
    jobVersion: job.version,
    runId: execution.name,
    slice,
    trigger: request.trigger,
    // Taking the lease clears the mark, so what the marked trigger asked for is asked for now.
    force: (request.force ?? false) || (seen?.mark?.force ?? false) || (again?.force ?? false),
    ...(from === undefined ? {} : { from }),
    time,
    executionArn: execution.id,
    startedAt: time,
  });
  return run === null ? null : { outcome: 'held', run: runRef(run) };
}

async function meet(
  deps: OpenRunDeps,
  input: OpenRunInput,
  seen: SliceRecord,
): Promise<OpenRunOutput | null> {
  const { holder } = seen;
  if (holder === null) return null;
  const run = await deps.getRun(seen.job, holder.runId);
  if (holder.runId === input.execution.name && run !== null) return { outcome: 'held', run: runRef(run) };
  const execution = await deps.describe(holder.executionArn);
  // A run that is committing is only rolled forward, by who may write the catalog: until then it is in our way.
  if (execution?.status === 'RUNNING' || run?.status === 'COMMITTING')
    return busy(deps, input, seen, holder.runId);
  if (run !== null) await deps.failEnded(run, execution);
  return null;
}

async function busy(
  deps: OpenRunDeps,
  input: OpenRunInput,
  seen: SliceRecord,
  holder: string,
): Promise<OpenRunOutput | null> {
  // Its backfill knows what it has left, and a mark would be one more run that nobody waits for. Nor has a mark
  // room for where its run shall read.
  if (input.request.trigger === 'backfill' || input.request.from === 'raw')
    return busyOf(input, seen, holder, null);
  const mark: Mark = {
    runId: markedRunId(input.execution.name, holder),
    trigger: 'mark',
    force: input.request.force ?? false,
  };
  const inForce = await deps.mark(seen.job, seen.slice, holder, mark);
  return inForce === null ? null : busyOf(input, seen, holder, inForce.runId);
}

const busyOf = (
  { execution }: OpenRunInput,
  { job, slice }: SliceRecord,
  holder: string,
  markedRunId: string | null,
): OpenRunOutput => ({
  outcome: 'busy',
  run: { job, runId: execution.name, slice },
  holder: { runId: holder },
  markedRunId,
});

/**
 * A valid execution name of at most 80 characters. The same for each repeat of a trigger behind the same holder,
 * and another behind another: a repeat that comes late may meet the run that its own first mark started, and
 * a mark with that run's name would start nothing.
 */
const markedRunId = (runId: string, holder: string): string => executionName('m', runId, holder);
