/** A redrive of many failures: runs beside each other, slice by slice; then their messages are taken out. */
import type { Ledger } from '../../aws/interfaces.ts';
import { mapAtOnce } from '../../core/at-once.ts';
import { type FailureRecord, runFailureId } from '../../core/failure.ts';
import { explain } from '../explain.ts';
import type { DeadLetterQueue } from './dead-letters.ts';
import { type DeliverDeps, redeliver } from './deliveries.ts';
import { type Outcome, type RedriveRunDeps, type RunOutcome, redriveRun } from './redrive-run.ts';
import { takeOut } from './sifting.ts';

export interface RedriveDeps extends RedriveRunDeps, DeliverDeps, Pick<Ledger, 'listFailures'> {
  progress(text: string): void;
}

export interface Redriven extends RunOutcome, Pick<FailureRecord, 'id' | 'kind' | 'job' | 'slice'> {
  /** Messages of it that were taken out. */
  messages: number;
}

/** Runs of one slice would only wait for each other; and the slices of one job leave room for its schedule. */
const runsAtOnce = 8;

export interface Redrive {
  outcomes: Redriven[];
  /** What went wrong beside them: a repeat does what is left. */
  troubles: string[];
}

export async function redrive(
  deps: RedriveDeps,
  selected: readonly FailureRecord[],
  queues: readonly DeadLetterQueue[],
): Promise<Redrive> {
  const ofRuns = selected.filter(({ kind }) => kind !== 'delivery');
  const { outcomes, unclosed, troubles } = await redriveRuns(deps, ofRuns);
  const isDone = (id: string): boolean => isOver(outcomes.get(runOf(id))) && !unclosed.has(id);
  const messages = await takeOut(deps, queues, isDone);
  const deliveries = selected.filter(({ kind }) => kind === 'delivery');
  const delivered = await redeliver(deps, new Set(deliveries.map(({ id }) => id)), queues);
  const rows = selected.map(({ id, kind, job, slice, closed }): Redriven => {
    const isDelivery = kind === 'delivery';
    const unseen: RunOutcome =
      closed === undefined ? notSeen : { outcome: 'closed-before', detail: closed.reason, by: null };
    const came = (isDelivery ? delivered.outcomes.get(id) : outcomes.get(runOf(id))) ?? unseen;
    const own = isDelivery ? Number(delivered.taken.has(id)) : (messages.counts.get(id) ?? 0);
    return { id, kind, job, slice, ...came, messages: own };
  });
  return { outcomes: rows, troubles: [...troubles, ...messages.troubles, ...delivered.troubles] };
}

const notSeen: RunOutcome = {
  ...{ outcome: 'kept', by: null },
  detail: 'its message was not seen: somebody else has it at hand, or it is gone; try again',
};

/** A failed write is its run's: it has the run's id and more behind it. */
const runOf = (id: string): string => id.split('/').slice(0, 2).join('/');

const isOver = (came: RunOutcome | undefined): boolean =>
  came !== undefined && (['redriven', 'closed-before', 'failed-again'] as Outcome[]).includes(came.outcome);

interface RedrivenRuns {
  /** By the id of the run's failure. */
  outcomes: Map<string, RunOutcome>;
  /** Ids of failed writes that could not be closed as their run was. */
  unclosed: Set<string>;
  troubles: string[];
}

async function redriveRuns(deps: RedriveDeps, failures: readonly FailureRecord[]): Promise<RedrivenRuns> {
  const runs = new Map(failures.map((failure) => [runOf(failure.id), failure]));
  const bySlice = new Map<string, FailureRecord[]>();
  for (const failure of runs.values()) {
    const slice = `${failure.job} ${failure.slice}`;
    bySlice.set(slice, [...(bySlice.get(slice) ?? []), failure]);
  }
  const writes = await writesByRun(deps, failures);
  const came: RedrivenRuns = { outcomes: new Map(), unclosed: new Set(), troubles: [] };
  let done = 0;
  await mapAtOnce([...bySlice.values()], runsAtOnce, async (ofSlice) => {
    // The newest first: once it is committed, the older ones have nothing left to do.
    for (const { job, runId } of ofSlice.sort((a, b) => (a.firstFailedAt < b.firstFailedAt ? 1 : -1))) {
      const id = runFailureId(job, runId);
      const outcome = await redriveRun(deps, job, runId);
      came.outcomes.set(id, outcome);
      if (isOver(outcome)) await closeWrites(deps, id, writes.get(id) ?? [], came);
      deps.progress(`${++done} of ${runs.size} runs: ${job} ${runId} ${outcome.outcome}`);
    }
  });
  return came;
}

/** Ids of open failures of writes, by that of their run's: its writers are done with all of them since it failed. */
async function writesByRun(
  deps: Pick<RedriveDeps, 'listFailures'>,
  failures: readonly FailureRecord[],
): Promise<Map<string, string[]>> {
  const jobs = [...new Set(failures.map(({ job }) => job))];
  const open = await Promise.all(jobs.map((job) => deps.listFailures({ job })));
  const byRun = new Map<string, string[]>();
  for (const { id, kind } of open.flat()) {
    if (kind === 'write') byRun.set(runOf(id), [...(byRun.get(runOf(id)) ?? []), id]);
  }
  return byRun;
}

/** Failed writes are closed as their run is. */
async function closeWrites(
  deps: RedriveDeps,
  run: string,
  ids: readonly string[],
  { outcomes, unclosed, troubles }: RedrivenRuns,
): Promise<void> {
  const { outcome, detail: reason = '' } = outcomes.get(run) ?? {};
  const how = outcome === 'failed-again' ? 'failed-again' : 'redriven';
  const close = { how, at: deps.now().toISOString(), by: deps.by, reason } as const;
  try {
    for (const id of ids) await deps.closeFailure(id, close);
  } catch (error) {
    for (const id of ids) unclosed.add(id);
    troubles.push(`${run}: its failed writes were not closed: ${explain(error)}; redrive it again`);
  }
}
