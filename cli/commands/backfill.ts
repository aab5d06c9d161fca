/** Backfills: many slices of one job, loaded by the job's backfill machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { v7 as uuidv7 } from 'uuid';
import { backfillSuffix, orders, reprocesses } from '../../core/backfill/model.ts';
import { maxLanes } from '../../core/backfill/request.ts';
import { resumedBy } from '../../core/backfill/rest.ts';
import { followBackfill } from '../backfill/follow.ts';
import { backfillPage, paintedStatus, printPage } from '../backfill/page.ts';
import { type Asked, findBackfill, planNow, printPlan, summaryOf } from '../backfill/plan.ts';
import { examples, type OpenSession, positive } from '../command.ts';
import type { Output } from '../output.ts';
import { exitCodes, Problem, wrongUsage } from '../problem.ts';
import type { Session } from '../session.ts';

interface Range {
  from?: string;
  to?: string;
  reprocess?: string;
  fromRaw?: boolean;
  lanes?: string;
  order?: string;
}

interface StartOptions extends Range {
  resume?: string;
  dryRun?: boolean;
  wait: boolean;
}

export function addBackfill(program: Command, open: OpenSession): void {
  const backfill = program.command('backfill').description('load many slices of a job');
  addRange(backfill.command('plan'))
    .description('what a backfill would do of each slice, and why; nothing is started')
    .addHelpText(
      'after',
      examples(
        'forebay backfill plan orders --from 2026-01-01 --to 2026-01-31',
        'forebay backfill plan orders --from 2026-01-01 --to 2026-01-31 --from-raw',
      ),
    )
    .action((name: string, options: Range, command: Command) =>
      showPlan(open(command), name, askedFor(options)),
    );
  addRange(backfill.command('start'))
    .description('start a backfill, and follow it to its end')
    .option('--resume <id>', 'do what that backfill has left; its range and options count')
    .option('--dry-run', 'only show what it would do')
    .option('--no-wait', 'start it and do not follow it')
    .addHelpText(
      'after',
      examples(
        'forebay backfill start orders --from 2026-01-01 --to 2026-01-31 --lanes 4',
        'forebay backfill start orders --from 2026-01-01 --to 2026-01-31 --reprocess failed',
        'forebay backfill start orders --resume 019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21',
      ),
    )
    .action((name: string, options: StartOptions, command: Command) => start(open(command), name, options));
  addLooks(backfill, open);
}

const addRange = (command: Command): Command =>
  command
    .argument('<job>', 'name of the job')
    .option('--from <slice>', 'the first slice')
    .option('--to <slice>', 'the last slice, which is one of them')
    .addOption(
      new Option(
        '--reprocess <which>',
        'beside slices that no run has come to: none (the default), those that failed, or all',
      ).choices(reprocesses),
    )
    .option('--from-raw', 'make loaded slices anew from the raw zone, and leave the source alone')
    .option('--lanes <n>', `slices at once, from 1 (the default) to ${maxLanes}`)
    .addOption(new Option('--order <which>', 'which slices come first; default: oldest').choices(orders));

function addLooks(backfill: Command, open: OpenSession): void {
  const id = 'its id, or how that ends';
  backfill
    .command('show')
    .description('one backfill: slices by state, what failed and why, the time that is left')
    .argument('<backfill>', id)
    .addHelpText('after', examples('forebay backfill show 019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21'))
    .action(async (name: string, _options: object, command: Command) => {
      const session = open(command);
      const cloud = await session.cloud();
      const record = await findBackfill(cloud, name);
      const slices = await cloud.ledger.listBackfillSlices(record.id);
      const by = resumedBy(record.id, await cloud.ledger.listBackfills({ job: record.job }));
      const page = backfillPage(record, slices, new Date(), by?.id);
      session.output.result(page, (out) => printPage(out, page));
    });
  backfill
    .command('list')
    .description('the latest backfills, newest first')
    .argument('[job]', 'only those of this job')
    .option('--limit <n>', 'at most so many', '20')
    .addHelpText('after', examples('forebay backfill list orders', 'forebay backfill list --json'))
    .action((job: string | undefined, options: { limit: string }, command: Command) =>
      list(open(command), job, positive(options.limit, '--limit')),
    );
  backfill
    .command('cancel')
    .description('begin no further slice: those at work are finished')
    .argument('<backfill>', id)
    .addHelpText('after', examples('forebay backfill cancel 019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21'))
    .action(async (name: string, _options: object, command: Command) => cancel(open(command), name));
}

/** As the machine's input has it: what is not given has the machine's own default. */
function askedFor({ from, to, reprocess, fromRaw, lanes, order }: Range): Asked {
  if (from === undefined || to === undefined)
    throw wrongUsage('give the first and the last slice by --from and --to');
  return {
    ...{ from, to },
    ...(reprocess === undefined ? {} : { reprocess: reprocess as (typeof reprocesses)[number] }),
    ...(fromRaw === undefined ? {} : { fromRaw }),
    ...(lanes === undefined ? {} : { lanes: positive(lanes, '--lanes') }),
    ...(order === undefined ? {} : { order: order as (typeof orders)[number] }),
  };
}

async function showPlan(session: Session, name: string, asked: Asked): Promise<void> {
  const { job } = await session.job(name);
  const plan = await planNow(await session.cloud(), job, asked, new Date());
  session.output.result(plan, (out) => printPlan(out, plan));
}

function resumed({ resume, ...range }: StartOptions): Asked {
  if (resume === undefined) return askedFor(range);
  const { from, to, reprocess, fromRaw, lanes, order } = range;
  if ([from, to, reprocess, fromRaw, lanes, order].some((given) => given !== undefined))
    throw wrongUsage('--resume does the rest of a backfill with its own range and options; give it alone');
  return { resume };
}

async function start(session: Session, name: string, options: StartOptions): Promise<void> {
  const given = resumed(options);
  if (options.dryRun) return showPlan(session, name, given);
  const { job } = await session.job(name);
  const cloud = await session.cloud();
  const plan = await planNow(cloud, job, given, new Date());
  session.output.note(summaryOf(plan));
  const id = uuidv7();
  const machine = `${cloud.outputs.StateMachineArnPrefix}${job.name}${backfillSuffix}`;
  const asked = plan.resumes === null ? given : { resume: plan.resumes };
  const { executionArn } = await cloud.executions.start(machine, id, asked);
  if (!options.wait) {
    session.output.result({ job: job.name, id, executionArn, counts: plan.counts }, (out) => {
      out.line(`started backfill ${id}`);
      out.line(`  forebay backfill show ${id}`);
    });
    return;
  }
  const { getBackfill, listBackfillSlices } = cloud.ledger;
  const page = await followBackfill(
    {
      ...{ getBackfill, listBackfillSlices, describe: cloud.executions.describe },
      ...{ sleep: (ms) => sleep(ms), now: () => new Date(), progress: (text) => session.output.tick(text) },
    },
    { job: job.name, id, executionArn },
  );
  session.output.result(page, (out) => printPage(out, page));
  if (page.backfill.status !== 'COMPLETED') process.exitCode = exitCodes.failed;
}

async function list(session: Session, job: string | undefined, limit: number): Promise<void> {
  const { ledger } = await session.cloud();
  const found = await ledger.listBackfills({ limit, ...(job === undefined ? {} : { job }) });
  // A removed job keeps its ledger: only a name that neither knows is a mistake.
  if (found.length === 0 && job !== undefined) await session.job(job);
  session.output.result(found, (out: Output) =>
    out.table(
      ['backfill', 'job', 'from', 'to', 'status', 'done', 'failed', 'started'],
      found.map((each) => [
        ...[each.id, each.job, each.request.from, each.request.to, paintedStatus(out, each.status)],
        ...[each.counts?.done ?? null, each.counts?.failed ?? null, each.startedAt],
      ]),
    ),
  );
}

async function cancel(session: Session, name: string): Promise<void> {
  const cloud = await session.cloud();
  const { job, id } = await findBackfill(cloud, name);
  const cancelled = await cloud.ledger.cancelBackfill(job, id, new Date().toISOString());
  if (!cancelled) throw new Problem(`backfill ${id} has ended already; see \`forebay backfill show ${id}\``);
  session.output.result({ job, id, cancelled }, (out) => {
    out.line(`backfill ${id} begins no further slice`);
    out.line(`  forebay backfill show ${id}`);
  });
}
