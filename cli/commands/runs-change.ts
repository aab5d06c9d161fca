import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { runFailureId } from '../../core/failure.ts';
import type { RunRecord } from '../../core/ledger.ts';
import { examples, type OpenSession } from '../command.ts';
import { cancelRun } from '../failures/cancel.ts';
import { deadLetterQueues } from '../failures/queues.ts';
import { redrive } from '../failures/redrive.ts';
import { retryRun } from '../failures/retry.ts';
import type { Output } from '../output.ts';
import { exitCodes, wrongUsage } from '../problem.ts';
import { nextCommand, succeeded } from '../report.ts';
import { runById } from '../run-names.ts';
import type { Session } from '../session.ts';
import { endAs } from './dlq-redrive.ts';
import { redriveDeps } from './redrive-deps.ts';
import { followRun, printOutcome, startAndTell } from './run-to-end.ts';

export function addRetry(runs: Command, open: OpenSession): void {
  runs
    .command('retry')
    .description('do a failed run again: what it had finished is taken over')
    .argument('<run>', "the run's id, or how it ends")
    .addHelpText('after', '\nWhere its failure is open this is its redrive: its message goes, too.')
    .addHelpText('after', examples('forebay runs retry 2f1f6f0c7e21'))
    .action(async (id: string, _options: object, command: Command) => {
      const session = open(command);
      const run = await runById(session, id);
      refuseUnfailed(run);
      const { ledger } = await session.cloud();
      const failure = await ledger.getFailure(runFailureId(run.job, run.runId));
      if (failure === null || failure.closed !== undefined) return retryClosed(session, run);
      const deps = await redriveDeps(session);
      const { outcomes, troubles } = await redrive(deps, [failure], await deadLetterQueues(session, run.job));
      const [came] = outcomes;
      const again = came?.by == null ? null : await ledger.getRun(run.job, came.by);
      session.output.result({ run: again, ...came }, (out) => {
        if (again !== null) printOutcome(out, again);
        out.line(`  ${came?.outcome}: ${came?.detail}`);
      });
      endAs(outcomes, troubles, ['redriven']);
    });
}

function refuseUnfailed({ job, slice, runId, status }: RunRecord): void {
  if (status === 'FAILED' && slice !== '') return;
  const instead: Partial<Record<RunRecord['status'], string>> = {
    RUNNING: `wait for it, or \`forebay runs cancel ${runId}\``,
    COMMITTING: 'it is about to end well',
    FAILED: `its slice is not known: \`forebay run ${job} --slice <slice>\``,
  };
  const again = `\`forebay run ${job} --slice ${slice} --force\` loads the slice again`;
  throw wrongUsage(
    `run ${runId} is ${status}, and only a failed one is retried: ${instead[status] ?? again}`,
  );
}

/** Somebody discarded its failure, or another has its place. */
async function retryClosed(session: Session, run: RunRecord): Promise<void> {
  const { output } = session;
  const cloud = await session.cloud();
  const again = await retryRun(
    {
      ...{ getRun: cloud.ledger.getRun, getSlice: cloud.ledger.getSlice },
      start: (job, request) => startAndTell(cloud, output, job, request),
      follow: (started) => followRun(cloud, (text) => output.progress(text), started),
    },
    run,
  );
  const next = nextCommand(again);
  const outcome = succeeded(again.status) ? 'redriven' : 'failed-again';
  session.output.result(
    { run: again, outcome, detail: `run ${again.runId}`, by: again.runId, next },
    (out) => {
      printOutcome(out, again);
      if (next !== null) out.line(`  next: ${next}`);
    },
  );
  if (outcome !== 'redriven') process.exitCode = exitCodes.failed;
}

const cancelHelp = `
Nothing of it becomes visible, and its slice is free for the next run. Step Functions stops the children of its Maps with
it; a function that is at work goes on to its end, and changes nothing any more. A run that has passed its commit point
is not stopped but rolled forward.`;

export function addCancel(runs: Command, open: OpenSession): void {
  runs
    .command('cancel')
    .description('end a run before it is committed, and wait until its slice is free')
    .argument('<run>', "the run's id, or how it ends")
    .addHelpText('after', cancelHelp)
    .addHelpText('after', examples('forebay runs cancel 2f1f6f0c7e21'))
    .action(async (id: string, _options: object, command: Command) => {
      const session = open(command);
      const { output } = session;
      const { ledger, executions, caller } = await session.cloud();
      const { describe, stop } = executions;
      const ended = await cancelRun(
        {
          ...{ getRun: ledger.getRun, getSlice: ledger.getSlice, describe, stop },
          sleep: (ms) => sleep(ms),
          progress: (text) => output.progress(text),
          by: await caller(),
        },
        await runById(session, id),
      );
      output.result(ended, (out) => printCancelled(out, ended));
      if (!ended.cancelled) process.exitCode = exitCodes.failed;
    });
}

function printCancelled(
  out: Output,
  { run, cancelled, marked }: Awaited<ReturnType<typeof cancelRun>>,
): void {
  printOutcome(out, run);
  if (!cancelled) out.line('  it had passed its commit point, and was rolled forward: it was not cancelled');
  if (marked !== null) out.line(`  run ${marked} waited for the slice, and begins now`);
}
