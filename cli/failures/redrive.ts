/** A redrive of many failures: runs beside each other, slice by slice; then their messages are taken out. */
import type { Ledger } from '../../aws/interfaces.ts';
import type { Takes } from '../../aws/sift.ts';
import { mapAtOnce } from '../../core/at-once.ts';
import { type FailureRecord, runFailureId } from '../../core/failure.ts';
import { type DeadLetterQueue, failureOf } from './dead-letters.ts';
import { type DeliverDeps, redeliver } from './deliveries.ts';
import { type Outcome, type RedriveRunDeps, type RunOutcome, redriveRun } from './redrive-run.ts';

export interface SiftDeps extends Pick<Ledger, 'getFailure'> {
  sift(queueUrl: string, takes: Takes): Promise<{ taken: string[]; left: number }>;
}

export interface RedriveDeps extends RedriveRunDeps, DeliverDeps, Pick<Ledger, 'listFailures'> {
  progress(text: string): void;
}

export interface Redriven extends RunOutcome, Pick<FailureRecord, 'id' | 'kind' | 'job' | 'slice'> {
  /** Messages of it that were taken out. */
  messages: number;
}

/** Runs of one slice would only wait for each other; and the slices of one job leave room for its schedule. */
const runsAtOnce = 8;

export async function redrive(
  deps: RedriveDeps,
  selected: readonly FailureRecord[],
  queues: readonly DeadLetterQueue[],
): Promise<Redriven[]> {
  const outcomes = await redriveRuns(
    deps,
    selected.filter(({ kind }) => kind !== 'delivery'),
  );
  const messages = await takeOut(deps, queues, (id) => isOver(outcomes.get(runOf(id))));
  const deliveries = selected.filter(({ kind }) => kind === 'delivery');
  const delivered = await redeliver(deps, new Set(deliveries.map(({ id }) => id)), queues);
  return selected.map(({ id, kind, job, slice, closed }) => {
    const isDelivery = kind === 'delivery';
    const unseen: RunOutcome =
      closed === undefined ? notSeen : { outcome: 'closed-before', detail: closed.reason, by: null };
    const came = (isDelivery ? delivered.outcomes.get(id) : outcomes.get(runOf(id))) ?? unseen;
    const own = isDelivery ? Number(delivered.taken.has(id)) : (messages.get(id) ?? 0);
    return { id, kind, job, slice, ...came, messages: own };
  });
}

const notSeen: RunOutcome = {
  ...{ outcome: 'kept', by: null },
  detail: 'its message was not seen: somebody else has it at hand, or it is gone; try again',
};

/** A failed write is its run's: it has the run's id and more behind it. */
const runOf = (id: string): string => id.split('/').slice(0, 2).join('/');

const isOver = (came: RunOutcome | undefined): boolean =>
  came !== undefined && (['redriven', 'closed-before', 'failed-again'] as Outcome[]).includes(came.outcome);

/** What became of each run, by the id of its failure; its failed writes are closed as it is. */
async function redriveRuns(
  deps: RedriveDeps,
  failures: readonly FailureRecord[],
): Promise<Map<string, RunOutcome>> {
  const runs = new Map(failures.map((failure) => [runOf(failure.id), failure]));
  const bySlice = new Map<string, FailureRecord[]>();
  for (const failure of runs.values()) {
    const slice = `${failure.job} ${failure.slice}`;
    bySlice.set(slice, [...(bySlice.get(slice) ?? []), failure]);
  }
  const writes = await writesByRun(deps, failures);
  const outcomes = new Map<string, RunOutcome>();
  let done = 0;
  await mapAtOnce([...bySlice.values()], runsAtOnce, async (ofSlice) => {
    // The newest first: once it is committed, the older ones have nothing left to do.
    for (const { job, runId } of ofSlice.sort((a, b) => (a.firstFailedAt < b.firstFailedAt ? 1 : -1))) {
      const came = await redriveRun(deps, job, runId);
      if (isOver(came)) await closeWrites(deps, writes.get(runFailureId(job, runId)) ?? [], came);
      outcomes.set(runFailureId(job, runId), came);
      deps.progress(`${++done} of ${runs.size} runs: ${job} ${runId} ${came.outcome}`);
    }
  });
  return outcomes;
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

async function closeWrites(deps: RedriveDeps, ids: readonly string[], came: RunOutcome): Promise<void> {
  const how = came.outcome === 'failed-again' ? 'failed-again' : 'redriven';
  const close = { how, at: deps.now().toISOString(), by: deps.by, reason: came.detail } as const;
  for (const id of ids) await deps.closeFailure(id, close);
}

/**
 * Takes the messages of what is over out of the queues of runs and writes, and those of failures that are closed: whoever
 * closed one may have died before its message was taken out, which is why that comes last. Gives how many, by failure.
 */
export async function takeOut(
  deps: SiftDeps,
  queues: readonly DeadLetterQueue[],
  isDone: (failure: string) => boolean,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const queue of queues.filter(({ kind }) => kind !== 'delivery')) {
    await deps.sift(queue.url, async (message) => {
      const failure = failureOf(queue, message);
      if (failure === null) return false;
      const over = isDone(failure) || (await deps.getFailure(failure))?.closed !== undefined;
      if (over) counts.set(failure, (counts.get(failure) ?? 0) + 1);
      return over;
    });
  }
  return counts;
}
