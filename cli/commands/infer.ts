import type { Command } from 'commander';
import { examples, type OpenSession, positive } from '../command.ts';
import type { InferOptions } from '../infer/infer.ts';
import { addFormatFlags } from '../read/flags.ts';

const about = `
The format is told from the first bytes, unless --format says it: < begins XML, { or [ JSON, all else is CSV. Each
flag of a format settles that option. With --json the job is printed as plain data.`;

export function addInfer(program: Command, open: OpenSession): void {
  const command = program
    .command('infer')
    .description('propose a job file for a local file: format, columns, types and nulls, from its data')
    .argument('<file>', 'a file on disk')
    .option('--name <name>', "the job's name; default: the file's")
    .option('--first <MiB>', 'read so much of the file only; default: all of it');
  addFormatFlags(command);
  command
    .addHelpText('after', about)
    .addHelpText('after', examples('forebay infer orders.csv --name orders > jobs/orders.ts'))
    .action(async (path: string, options: InferOptions & { first?: string }, command: Command) => {
      const first = options.first === undefined ? Infinity : positive(options.first, '--first');
      const { inferJob } = await import('../infer/infer.ts');
      await inferJob(open(command), path, options, first);
    });
}
