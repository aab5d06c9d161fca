/** Starting a run and following it, as `load` and `run` do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { RunRecord } from '../../core/ledger.ts';
import type { RunRequest } from '../../tasks/open-run/contract.ts';
import type { Cloud } from '../cloud.ts';
import { follow, type Started } from '../follow.ts';
import type { Output } from '../output.ts';
import { sumOf } from '../report.ts';

/** The execution is named by a new id; ids are ordered by time (UUIDv7). */
export async function start(cloud: Cloud, job: string, request: RunRequest): Promise<Started> {
  const runId = uuidv7();
  const { executionArn } = await cloud.executions.start(machineOf(cloud, job), runId, request);
  return { job, runId, executionArn };
}

export async function startAndTell(
  cloud: Cloud,
  output: Output,
  job: string,
  request: RunRequest,
): Promise<Started> {
  const started = await start(cloud, job, request);
  output.progress(`started run ${started.runId}`);
  return started;
}

export const machineOf = ({ outputs }: Cloud, job: string): string =>
  `${outputs.StateMachineArnPrefix}${job}`;

export async function runToEnd(
  cloud: Cloud,
  output: Output,
  job: string,
  request: RunRequest,
): Promise<RunRecord> {
  const started = await startAndTell(cloud, output, job, request);
  return followRun(cloud, (text) => output.progress(text), started);
}

export const followRun = (
  cloud: Cloud,
  progress: (text: string) => void,
  started: Started,
): Promise<RunRecord> =>
  follow(
    {
      getRun: cloud.ledger.getRun,
      describe: cloud.executions.describe,
      shardsDone: async (runId, of) => (await cloud.ledger.listSinks(runId, 'lake', of)).length,
      sleep: (ms) => sleep(ms),
      progress,
    },
    started,
  );

export function printOutcome(out: Output, run: RunRecord): void {
  const tone = run.status === 'FAILED' ? 'red' : run.status === 'PARTIAL' ? 'yellow' : 'green';
  out.line(`run ${run.runId}: ${out.paint(tone, run.status)}`);
  if (run.counts !== null) out.line(`  ${sumOf(run.counts)}`);
  if (run.error !== null) out.line(`  ${out.paint('red', run.error.name)}: ${run.error.message}`);
}
