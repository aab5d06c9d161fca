/** Follows a run in the ledger to its end, through a `busy` answer to the run that comes next in its place. */
import type { ExecutionState } from '../aws/interfaces.ts';
import type { RunRecord } from '../core/ledger.ts';
import type { RunStatus } from '../core/run.ts';
import type { OpenRunOutput } from '../tasks/open-run/contract.ts';
import { Problem } from './problem.ts';

export interface FollowDeps {
  getRun(job: string, runId: string): Promise<RunRecord | null>;
  describe(executionArn: string): Promise<ExecutionState | null>;
  /** Shards that all of their sinks have, so far, of as many as there are. */
  shardsDone(runId: string, of: number): Promise<number>;
  sleep(ms: number): Promise<void>;
  progress(text: string): void;
}

export interface Started {
  job: string;
  runId: string;
  executionArn: string;
}

const final: readonly RunStatus[] = ['COMPLETED', 'PARTIAL', 'FAILED', 'SKIPPED'];
/** How often an execution that has ended may still be looked at before its run is called unfinished. */
const looksAfterEnd = 30;
/** A look at a large run reads a record of each of its shards: of a long one there are fewer. */
const slowestMs = (waited: number): number => Math.min(10_000, Math.max(1_000, waited / 20));

/** The closed run. A run that its execution left unfinished is a problem that says who finishes it. */
export async function follow(deps: FollowDeps, started: Started): Promise<RunRecord> {
  let current = started;
  let after = 0;
  let waited = 0;
  for (let wait = 100; ; wait = Math.min(slowestMs(waited), wait * 1.3)) {
    const run = await deps.getRun(current.job, current.runId);
    if (run !== null && final.includes(run.status)) return run;
    deps.progress(await describeProgress(deps, current, run));
    const execution = await deps.describe(run?.executionArn ?? current.executionArn);
    const instead = run === null ? busyRun(execution) : null;
    if (instead !== null) {
      deps.progress(`${current.job}: the slice is held by run ${instead.holder}; following ${instead.runId}`);
      current = { ...current, ...renamed(current, instead.runId) };
      after = 0;
    } else if (run !== null && execution?.status === 'ENDED') {
      // The ledger may be a moment behind the execution, or the execution was stopped.
      if (++after > looksAfterEnd) throw unfinished(current, run.status);
    } else if (run === null && execution?.status === 'ENDED' && ++after > looksAfterEnd) {
      throw unfinished(current, null);
    }
    await deps.sleep(wait);
    waited += wait;
  }
}

async function describeProgress(deps: FollowDeps, at: Started, run: RunRecord | null): Promise<string> {
  const who = `${at.job}${run?.slice ? ` ${run.slice}` : ''}`;
  if (run === null) return `${who}: waiting for ${at.runId} to open`;
  if (run.status === 'COMMITTING') return `${who}: committing`;
  const { tasks } = run;
  const total = tasks.Plan?.metrics.shards;
  if (total === undefined) return `${who}: ${tasks.Discover === undefined ? 'discovering' : 'extracting'}`;
  if (tasks.Reconcile !== undefined) return `${who}: reconciled`;
  return `${who}: ${await deps.shardsDone(at.runId, total)} of ${total} shards written`;
}

/** What OpenRun answered where another run holds the slice: the execution's output. Where it left no mark, the holder. */
function busyRun(execution: ExecutionState | null): { runId: string; holder: string } | null {
  if (execution?.output == null) return null;
  const output = JSON.parse(execution.output) as Partial<Extract<OpenRunOutput, { outcome: 'busy' }>>;
  if (output.outcome !== 'busy' || output.holder === undefined) return null;
  const { runId: holder } = output.holder;
  return { runId: output.markedRunId ?? holder, holder };
}

/** Executions of one machine differ in the last part of their ARN alone, which is the run's id. */
const renamed = (started: Started, runId: string): Pick<Started, 'runId' | 'executionArn'> => ({
  runId,
  executionArn: started.executionArn.replace(/[^:]+$/, runId),
});

function unfinished(at: Started, status: RunStatus | null): Problem {
  return new Problem(
    `the execution of run ${at.runId} has ended, but the run is ${status ?? 'not opened'}: the sweeper finishes it within five minutes, see \`forebay runs show ${at.runId}\``,
  );
}
