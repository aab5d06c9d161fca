import type { Command } from 'commander';
import { examples, type OpenSession } from '../command.ts';
import type { Output } from '../output.ts';
import { wrongUsage } from '../problem.ts';
import { type RunLine, readRunLines, windowOf } from '../run-logs.ts';
import { runById } from '../run-names.ts';

interface Options {
  shard?: string;
  errors?: boolean;
}

export function addRunsLogs(runs: Command, open: OpenSession): void {
  runs
    .command('logs')
    .description("what a run's functions logged, in the order of time")
    .argument('<run>', "the run's id, or how it ends")
    .option('--shard <n>', 'only lines about this shard')
    .option('--errors', 'only errors')
    .addHelpText('after', examples('forebay runs logs 0c7e21', 'forebay runs logs 0c7e21 --shard 3 --errors'))
    .action(async (id: string, options: Options, command: Command) => {
      const session = open(command);
      const shard = shardOf(options);
      const run = await runById(session, id);
      const cloud = await session.cloud();
      const found = await cloud.logLines(run.job, { text: run.runId, ...windowOf(run, new Date()) });
      const errors = options.errors === true;
      const lines = readRunLines(found, { errors, ...(shard === null ? {} : { shard }) });
      for (const line of lines) session.output.item(line, (out) => print(out, line));
      if (lines.length === 0)
        session.output.note(
          `no lines of run ${run.runId}; a log may be minutes behind, and is kept for so long as the stage says`,
        );
    });
}

function shardOf({ shard }: Options): number | null {
  if (shard === undefined) return null;
  const n = Number(shard);
  if (!Number.isInteger(n) || n < 0) throw wrongUsage(`--shard is '${shard}': give a whole number from 0`);
  return n;
}

function print(out: Output, { at, level, task, shard, message, line }: RunLine): void {
  const { durationMs, error } = line as { durationMs?: number; error?: { name?: string; message?: string } };
  const parts = [
    ...[at, level === 'ERROR' ? out.paint('red', level) : level, shard === null ? null : `shard ${shard}`],
    ...[task !== null && !message.startsWith(task) ? task : null, message],
    durationMs === undefined ? null : `in ${durationMs} ms`,
    error?.name === undefined ? null : `${error.name}: ${error.message ?? ''}`,
  ];
  out.line(
    parts
      .filter((part) => part !== null)
      .join('  ')
      .replaceAll('\n', ' '),
  );
}
