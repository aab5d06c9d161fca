import type { ExecutionState, Ledger } from '../../aws/interfaces.ts';
import { type ErrorRecord, isContractError, readError } from '../../core/errors.ts';
import { type FailureRecord, runFailureId } from '../../core/failure.ts';
import type { Job } from '../../core/job/model.ts';
import type { OutboxRecord, RunRecord } from '../../core/ledger.ts';
import { cutUtf8 } from '../../core/text.ts';
import { type CompletionDeps, complete } from '../completion.ts';
import { completed, violated } from '../events.ts';
import type { RunRequest } from '../open-run/contract.ts';
import { runRef } from '../run-ref.ts';
import { readRequest } from '../run-request.ts';
import { type TraceDeps, traced } from '../trace.ts';
import { type ViolationDeps, violationsOf } from '../violations.ts';
import type { FailRunInput, FailRunOutput } from './contract.ts';

export interface FailRunDeps
  extends CompletionDeps,
    TraceDeps,
    ViolationDeps,
    Pick<Ledger, 'getRun' | 'getFailure' | 'closeFailed' | 'putFailedRun'> {
  readJob(run: { job: string; jobVersion: string }): Promise<Job>;
  database: string;
  region: string;
  opsBucket: string;
  /** X-Ray's id of this call's trace; `null` where it has none. */
  traceId(): string | null;
}

/** Closes a run as failed, once, whoever calls; a run that was committed is left to be rolled forward. */
export function failRun(deps: FailRunDeps, input: FailRunInput): Promise<FailRunOutput> {
  const id = { job: input.job.name, runId: input.execution.name };
  return traced(deps, id, 'FailRun', input.attempt, async () => {
    const error = readError(input.error);
    const run = await deps.getRun(id.job, id.runId);
    const output = run === null ? await failUnopened(deps, input, error) : await failOpened(deps, run, error);
    return { output, metrics: {} };
  });
}

/** The same for a run's record at hand: OpenRun and the sweeper come this way. */
export async function failOpened(
  deps: FailRunDeps,
  run: RunRecord,
  error: ErrorRecord,
): Promise<FailRunOutput> {
  if (run.status === 'RUNNING') {
    const now = deps.now().toISOString();
    const failure = await failureOf(deps, run, error, now);
    const outbox = await outboxOf(deps, run, failure);
    await deps.closeFailed(run, { endedAt: now, error, failure, outbox });
  }
  // Whether it was this call or another that closed it is read from what is stored.
  const now = (await deps.getRun(run.job, run.runId)) ?? run;
  if (now.status === 'FAILED') {
    await complete(deps, now);
    return { outcome: 'failed', error: now.error ?? error };
  }
  if (now.manifest !== null && now.commitAs !== null) {
    return { outcome: 'committed', run: runRef(now), status: now.commitAs, manifest: now.manifest };
  }
  // A skipped run that failed behind its close has nothing to undo; its execution did fail.
  return { outcome: 'failed', error };
}

/** OpenRun itself failed: there is no lease to release and perhaps no slice, but the failure is told all the same. */
async function failUnopened(
  deps: FailRunDeps,
  input: FailRunInput,
  error: ErrorRecord,
): Promise<FailRunOutput> {
  const now = deps.now().toISOString();
  const run = await unopened(deps, input, error, now);
  const failure = await failureOf(deps, run, error, now);
  await deps.putFailedRun(run, failure, await outboxOf(deps, run, failure));
  await complete(deps, run);
  return { outcome: 'failed', error };
}

async function unopened(
  deps: Pick<FailRunDeps, 'getRun'>,
  { job, execution }: FailRunInput,
  error: ErrorRecord,
  endedAt: string,
): Promise<RunRecord> {
  const request = readRequest(execution.input);
  const { slice = '', trigger, resumes } = request;
  const time = new Date(execution.startTime).toISOString();
  return {
    job: job.name,
    runId: execution.name,
    jobVersion: job.version,
    slice: cutUtf8(slice, 100),
    status: 'FAILED',
    fence: 0,
    revision: 0,
    trigger,
    ...(await askedFor(deps, job.name, request)),
    ...(resumes === undefined ? {} : { resumes, follows: resumes }),
    time,
    executionArn: execution.id,
    startedAt: time,
    endedAt,
    counts: null,
    commitAs: null,
    manifest: null,
    loaded: null,
    error,
    tasks: {},
  };
}

/** Who redrives it asks for that again; and a redrive itself was asked for what the run that it resumes was. */
async function askedFor(
  deps: Pick<FailRunDeps, 'getRun'>,
  job: string,
  request: RunRequest,
): Promise<Pick<RunRecord, 'force' | 'from'>> {
  const { resumes } = request;
  const before = resumes === undefined ? null : await deps.getRun(job, resumes);
  const again = before?.status === 'FAILED' ? before : null;
  const from = request.from ?? again?.from;
  const force = (request.force ?? false) || (again?.force ?? false);
  return { force, ...(from === undefined ? {} : { from }) };
}

/** One slice that fails time and again has one open failure: the new one counts on from that which it follows. */
async function failureOf(
  deps: Pick<FailRunDeps, 'getFailure' | 'traceId'>,
  run: RunRecord,
  error: ErrorRecord,
  now: string,
): Promise<FailureRecord> {
  const before = run.follows === undefined ? null : await deps.getFailure(runFailureId(run.job, run.follows));
  return {
    id: runFailureId(run.job, run.runId),
    kind: 'run',
    job: run.job,
    slice: run.slice,
    runId: run.runId,
    error,
    attempts: (before?.attempts ?? 0) + 1,
    firstFailedAt: before?.firstFailedAt ?? now,
    lastFailedAt: now,
    trace: deps.traceId(),
    pointer: run.failures?.key ?? run.manifest?.key ?? null,
    ...(before === null ? {} : { follows: before.id }),
  };
}

async function outboxOf(deps: FailRunDeps, run: RunRecord, failure: FailureRecord): Promise<OutboxRecord[]> {
  const job = await deps.readJob(run);
  const { error, lastFailedAt: now } = failure;
  const context = { database: deps.database, region: deps.region, now, error };
  const events = [completed(job, run, 'JobFailed', context)];
  if (isContractError(error.name)) {
    const violations = await violationsOf(deps, run.runId);
    events.push(violated(job, run, violations, { ...context, opsBucket: deps.opsBucket }));
  }
  const message: OutboxRecord = {
    id: failure.id,
    job: run.job,
    runId: run.runId,
    target: 'job-dlq',
    body: JSON.stringify(failure),
    createdAt: now,
  };
  return [...events, message];
}

/** Why a run ended whose execution no `Catch` saw end. */
export function endedError(execution: ExecutionState | null): ErrorRecord {
  if (execution?.error) return readError(execution.error);
  return {
    name: 'ExecutionEnded',
    message: 'its execution ended without a word: it was stopped, timed out or is gone',
  };
}
