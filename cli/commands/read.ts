import type { Command } from 'commander';
import { examples, type OpenSession, positive } from '../command.ts';
import { wrongUsage } from '../problem.ts';
import { addFormatFlags, type FormatOptions, flagOf, givenFields } from '../read/flags.ts';

export interface ReadOptions {
  job?: string;
  jobFile?: string;
  slice?: string;
  envelope?: boolean;
  rejects?: string;
}

const about = `
With a job its contract, filter and privacy rules apply; without one each value is as its format gives it.
Records are printed as JSON, one a line, and the file's account on stderr. A file that is refused as a whole is
exit code 2, and nothing of it is printed.`;

export function addRead(program: Command, open: OpenSession): void {
  const command = program
    .command('read')
    .description('read a local file as a run would, without any cloud, and print its records')
    .argument('<file>', 'a file on disk')
    .option('--job <name>', 'by the job of that name')
    .option('--job-file <path>', 'by the job in that file')
    .option('--slice <slice>', 'the slice that the file belongs to; default: the last one that has ended')
    .option('--envelope', 'print { metadata, data }')
    .option('--limit <n>', 'print at most so many records; the others are read and counted all the same')
    .option('--rejects <file>', 'write there, as NDJSON, where each rejected record lies and why');
  addFormatFlags(command);
  command
    .addHelpText('after', about)
    .addHelpText(
      'after',
      examples(
        'forebay read orders.csv --job orders --rejects rejects.ndjson',
        "forebay read routes.dat --format csv --header airline,from,to --null '\\N' --limit 10",
      ),
    )
    .action(
      async (path: string, options: ReadOptions & FormatOptions & { limit?: string }, command: Command) => {
        const session = open(command);
        checkSource(options);
        const limit = options.limit === undefined ? Infinity : positive(options.limit, '--limit');
        const { readFile } = await import('../read/read.ts');
        await readFile(session, path, { ...options, limit });
      },
    );
}

/** A job says its format itself, and nothing but a job or a format says what a file's bytes mean. */
function checkSource(options: ReadOptions & FormatOptions): void {
  const { job, jobFile, format } = options;
  const fields = Object.keys(givenFields(options));
  if (job !== undefined && jobFile !== undefined) throw wrongUsage('give --job or --job-file, not both');
  if (job === undefined && jobFile === undefined) {
    if (options.slice !== undefined) throw wrongUsage('--slice is the slice of a job: give --job, too');
    if (format === undefined) throw wrongUsage('give --job, --job-file or --format: nothing is guessed here');
    return;
  }
  const said = [...(format === undefined ? [] : ['--format']), ...fields.map(flagOf)];
  if (said.length > 0) throw wrongUsage(`the job says its format: leave out ${said.join(', ')}`);
}
