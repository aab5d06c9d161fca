import type { RunTask, TaskMetrics, TaskTrace } from '../core/ledger.ts';

export interface TraceDeps {
  traceTask(run: { job: string; runId: string }, task: RunTask, trace: TaskTrace): Promise<void>;
  now(): Date;
}

/**
 * Does a run-level task's work and writes its trace: start, end, attempt and metrics. `retryCount` is Step
 * Functions' (0 for the first attempt). A task that throws leaves no trace of success; its error is the run's.
 */
export async function traced<T>(
  deps: TraceDeps,
  run: { job: string; runId: string },
  task: RunTask,
  retryCount: number | undefined,
  work: () => Promise<{ output: T; metrics: TaskMetrics }>,
): Promise<T> {
  const startedAt = deps.now();
  const { output, metrics } = await work();
  await deps.traceTask(run, task, traceOf(startedAt, deps.now(), retryCount, metrics));
  return output;
}

/** The trace of a piece of work, for the ledger's own record of an object, a shard or a sink. */
export function traceOf(
  startedAt: Date,
  endedAt: Date,
  retryCount: number | undefined,
  metrics: TaskMetrics,
): TaskTrace {
  return {
    startedAt: startedAt.toISOString(),
    endedAt: endedAt.toISOString(),
    attempt: (retryCount ?? 0) + 1,
    metrics,
  };
}
