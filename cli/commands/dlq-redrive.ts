import type { Command } from 'commander';
import type { FailureRecord } from '../../core/failure.ts';
import { counted } from '../../core/text.ts';
import { examples, type OpenSession } from '../command.ts';
import { deployedVersions } from '../deployed-job.ts';
import { planRedrive } from '../failures/plan.ts';
import { redrive } from '../failures/redrive.ts';
import { addFilters, type FilterOptions, selectFailures } from '../failures/select.ts';
import type { Output } from '../output.ts';
import { exitCodes, Problem, wrongUsage } from '../problem.ts';
import { redriveDeps } from './redrive-deps.ts';

interface RedriveOptions extends FilterOptions {
  dryRun?: boolean;
  yes?: boolean;
}

const about = `
A failed run, and a failed write of one, is redriven by a run that resumes it: raw objects and finished shards are not
done again. A delivery is delivered again. A message goes only once that went well; one failure is redriven once at a
time. Exit code 1 where something failed again, was refused or was kept.`;

export function addRedrive(dlq: Command, open: OpenSession): void {
  const command = dlq
    .command('redrive')
    .description('do again what failed')
    .argument('[id...]', 'ids of failures')
    .option('--job <job>', 'all of a job');
  addFilters(command)
    .option('--dry-run', 'only say what would be done')
    .option('--yes', 'do it where that is more than one')
    .addHelpText('after', about)
    .addHelpText(
      'after',
      examples(
        'forebay dlq redrive orders/019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21',
        'forebay dlq redrive --job orders --error AccessDenied --dry-run',
      ),
    )
    .action(async (ids: string[], options: RedriveOptions, own: Command) => {
      const session = open(own);
      const { failures, queues } = await selectFailures(session, ids, options);
      const deps = await redriveDeps(session);
      if (options.dryRun) {
        const plan = await planRedrive(deps, failures, deployedVersions(await session.cloud()));
        session.output.result(plan, (out) => printRows(out, 'would', plan));
        return;
      }
      confirm(failures, ids, options.yes, 'redrive');
      const { outcomes, troubles } = await redrive(deps, failures, queues);
      session.output.result(outcomes, (out) => printRows(out, 'outcome', outcomes));
      endAs(outcomes, troubles, ['redriven', 'closed-before']);
    });
}

/** Behind the report: exit code 1 where something is not done, and the line that says what went wrong on the way. */
export function endAs(
  outcomes: ReadonlyArray<{ outcome: string }>,
  troubles: readonly string[],
  done: readonly string[],
): void {
  if (outcomes.some(({ outcome }) => !done.includes(outcome))) process.exitCode = exitCodes.failed;
  if (troubles.length > 0) throw new Problem(troubles.join('; '));
}

/** Filters may let through more than one thinks of. */
export function confirm(
  failures: readonly FailureRecord[],
  ids: readonly string[],
  yes: boolean | undefined,
  verb: string,
): void {
  if (yes || failures.length <= 1 || ids.length > 0) return;
  const what = `${counted(failures.length, 'failures')} are selected`;
  throw wrongUsage(`${what}: --yes to ${verb} them; \`forebay dlq list\` with the same filters shows them`);
}

export function printRows(
  out: Output,
  column: string,
  rows: ReadonlyArray<Pick<FailureRecord, 'id' | 'kind' | 'slice'> & { outcome: string; detail: string }>,
): void {
  if (rows.length === 0) {
    out.line('no open failure is selected');
    return;
  }
  out.table(
    ['failure', 'kind', 'slice', column, ''],
    rows.map(({ id, kind, slice, outcome, detail }) => [id, kind, slice, outcome, detail]),
  );
}
