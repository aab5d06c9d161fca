import type { Command } from 'commander';
import { examples, type OpenSession } from '../command.ts';
import { discard } from '../failures/discard.ts';
import { addFilters, type FilterOptions, selectFailures } from '../failures/select.ts';
import { wrongUsage } from '../problem.ts';
import { confirm, endAs, printRows } from './dlq-redrive.ts';
import { redriveDeps } from './redrive-deps.ts';

interface DiscardOptions extends FilterOptions {
  reason?: string;
  yes?: boolean;
}

const about = `
The message is taken out for good. The record is kept, closed, with who did it, when and why: \`forebay dlq list --all\`.
Nothing is loaded by it: what the slice lacks, it lacks on.`;

export function addDiscard(dlq: Command, open: OpenSession): void {
  const command = dlq
    .command('discard')
    .description('say that nothing is to be done about a failure, and why')
    .argument('[id...]', 'ids of failures')
    .option('--reason <text>', 'why: it is kept with the record')
    .option('--job <job>', 'all of a job');
  addFilters(command)
    .option('--yes', 'do it where that is more than one')
    .addHelpText('after', about)
    .addHelpText(
      'after',
      examples("forebay dlq discard orders/019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21 --reason 'sent twice'"),
    )
    .action(async (ids: string[], options: DiscardOptions, own: Command) => {
      const session = open(own);
      const reason = options.reason?.trim() ?? '';
      if (reason === '')
        throw wrongUsage('say why, with --reason: whoever looks for the failure finds it there');
      const { failures, queues } = await selectFailures(session, ids, options);
      confirm(failures, ids, options.yes, 'discard');
      const { outcomes, troubles } = await discard(await redriveDeps(session), failures, queues, reason);
      session.output.result(outcomes, (out) => printRows(out, 'outcome', outcomes));
      endAs(outcomes, troubles, ['discarded', 'closed-before']);
    });
}
