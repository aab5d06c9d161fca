import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { counted } from '../../core/text.ts';
import { examples, type OpenSession } from '../command.ts';
import { type LoadResult, load } from '../load/load.ts';
import { planLoad } from '../load/plan.ts';
import type { Output } from '../output.ts';
import { exitCodes, wrongUsage } from '../problem.ts';
import { nextCommand } from '../report.ts';
import type { Session } from '../session.ts';
import { printOutcome, runToEnd } from './run-to-end.ts';

interface LoadOptions {
  slice?: string;
  force?: boolean;
}

export function addLoad(program: Command, open: OpenSession): void {
  program
    .command('load')
    .description("put files into a job's inbox, run the slice, and check that they are what is published")
    .argument('<job>', 'name of the job')
    .argument('<file...>', 'files of the slice')
    .option(
      '--slice <slice>',
      "the slice that they belong to, e.g. 2026-03-01; not needed for a job with cadence 'once'",
    )
    .option('--force', 'load the slice even where just that is loaded already')
    .addHelpText('after', examples('forebay load orders monday-*.csv --slice 2026-03-02'))
    .action(async (name: string, paths: string[], options: LoadOptions, command: Command) => {
      const session = open(command);
      const { job } = await session.job(name);
      const { plan, problems } = planLoad({ job, slice: options.slice, paths, kindOf });
      if (plan === null) throw wrongUsage(problems.join('\n'));
      const [cloud, { readManifest }] = await Promise.all([session.cloud(), import('../load/manifest.ts')]);
      const result = await load(
        {
          head: cloud.store.head,
          putStream: cloud.store.putStream,
          runToEnd: (job, request) => runToEnd(cloud, session.output, job, request),
          getSlice: cloud.ledger.getSlice,
          loadedBy: (job, runId) => readManifest(cloud, job, runId),
          progress: (text) => session.output.progress(text),
        },
        { job: job.name, inbox: cloud.outputs.InboxBucket, plan, force: options.force ?? false },
      );
      report(session, plan.slice, result);
    });
}

function kindOf(path: string): 'file' | 'folder' | 'nothing' {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'nothing';
  return found.isDirectory() ? 'folder' : 'file';
}

function report(session: Session, slice: string, result: LoadResult): void {
  const { run, committed, files, loaded } = result;
  const { job, runId, status, counts, error } = run;
  const next = nextCommand(run);
  session.output.result(
    { job, slice, runId, status, counts, error, committed, loaded, files, next },
    (out) => {
      printOutcome(out, run);
      if (status === 'SKIPPED') out.line(`  nothing new: run ${committed?.runId} loaded the same`);
      if (loaded) printLoaded(out, job, slice, result);
      else printMissing(out, slice, result);
      if (next !== null) out.line(`  next: ${next}`);
    },
  );
  if (!loaded || status === 'FAILED') process.exitCode = exitCodes.failed;
}

function printLoaded(out: Output, job: string, slice: string, { committed, files }: LoadResult): void {
  const what = counted(files.length, 'files');
  out.line(`  ${out.paint('green', 'loaded')}: ${what} in ${job} ${slice}, revision ${committed?.revision}`);
}

function printMissing(out: Output, slice: string, { committed, files }: LoadResult): void {
  const failed = out.paint('red', 'not loaded');
  if (committed === null) {
    out.line(`  ${failed}: nothing is published for ${slice}`);
    return;
  }
  out.line(`  ${failed}: run ${committed.runId} is what is published for ${slice}, and it lacks`);
  for (const file of files) if (!file.loaded) out.line(`    ${file.path}`);
}
