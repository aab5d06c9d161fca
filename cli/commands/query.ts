import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import { examples, type OpenSession } from '../command.ts';
import { type Format, formats } from '../query/format.ts';

export function addQuery(program: Command, open: OpenSession): void {
  program
    .command('query')
    .description('ask the lake in SQL (DuckDB): every job is a table with its columns, metadata and slice')
    .argument('<sql>', 'one SELECT')
    .addOption(
      new Option('--format <format>', 'how rows are printed; --json means ndjson').choices([...formats]),
    )
    .option('--yes', 'fetch more than 1 GiB without asking')
    .addHelpText(
      'after',
      examples(
        `forebay query "SELECT slice, count(*), sum(total) FROM orders GROUP BY slice"`,
        `forebay query "SELECT * FROM orders WHERE slice = '2026-03-01'" --format csv`,
      ),
    )
    .action(async (sql: string, options: { format?: Format; yes?: boolean }, command: Command) => {
      const session = open(command);
      const { query } = await import('../query/query.ts');
      const { catalog, store } = await session.cloud();
      const deps = {
        listTables: catalog.listTables,
        listPartitions: catalog.listPartitions,
        list: store.list,
        stream: store.stream,
        output: session.output,
        confirm,
      };
      const format = options.format ?? (session.output.json ? 'ndjson' : 'table');
      await query(deps, sql, { format, yes: options.yes ?? false });
    });
}

/** Nobody can answer where there is no terminal: that is a no. */
async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
