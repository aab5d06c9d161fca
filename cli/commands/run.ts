import type { Command } from 'commander';
import type { Job } from '../../core/job/model.ts';
import { parseSlice, sliceForScheduledTime } from '../../core/slice.ts';
import type { Cloud } from '../cloud.ts';
import { examples, type OpenSession } from '../command.ts';
import { exitCodes, wrongUsage } from '../problem.ts';
import { nextCommand, succeeded } from '../report.ts';
import type { Session } from '../session.ts';
import { printOutcome, runToEnd, start } from './run-to-end.ts';

interface RunOptions {
  slice?: string;
  force?: boolean;
  wait: boolean;
}

export function addRun(program: Command, open: OpenSession): void {
  program
    .command('run')
    .description('load a slice from its source, and follow the run to its end')
    .argument('<job>', 'name of the job')
    .option('--slice <slice>', 'the slice to load; default: the last one that has ended')
    .option('--force', 'load it even where just that is loaded already')
    .option('--no-wait', 'start the run and do not follow it')
    .addHelpText(
      'after',
      examples('forebay run orders --slice 2026-03-01', 'forebay run orders --force --no-wait'),
    )
    .action(async (name: string, options: RunOptions, command: Command) => {
      const session = open(command);
      const { job } = await session.job(name);
      const slice = chooseSlice(job, options.slice, new Date());
      const request = { trigger: 'manual' as const, slice, ...(options.force ? { force: true } : {}) };
      const cloud = await session.cloud();
      if (options.wait) return toEnd(session, cloud, job.name, request);
      const started = await start(cloud, job.name, request);
      session.output.result({ ...started, slice }, (out) => {
        out.line(`started run ${started.runId} of ${job.name} ${slice}`);
        out.line(`  forebay runs show ${started.runId}`);
      });
    });
}

/** Named, or the last slice that ended, less the job's lag: what a schedule would load now. */
export function chooseSlice(job: Job, named: string | undefined, now: Date): string {
  try {
    if (named !== undefined) return parseSlice(job, named).name;
    return sliceForScheduledTime(job, now.toISOString()).name;
  } catch (error) {
    throw wrongUsage(error instanceof Error ? error.message.replace(/^SliceInvalid: /, '') : String(error));
  }
}

async function toEnd(
  session: Session,
  cloud: Cloud,
  job: string,
  request: { trigger: 'manual'; slice: string; force?: boolean },
): Promise<void> {
  const run = await runToEnd(cloud, session.output, job, request);
  const slice = await cloud.ledger.getSlice(job, request.slice);
  const loadedBy = run.status === 'SKIPPED' ? (slice?.committed?.runId ?? null) : null;
  const next = nextCommand(run);
  const { runId, status, revision, counts, error } = run;
  session.output.result(
    { job, slice: request.slice, runId, status, revision, counts, error, loadedBy, next },
    (out) => {
      printOutcome(out, run);
      if (loadedBy !== null)
        out.line(`  nothing new: run ${loadedBy} loaded the same; --force loads it again`);
      if (next !== null) out.line(`  next: ${next}`);
    },
  );
  if (!succeeded(status)) process.exitCode = exitCodes.failed;
}
