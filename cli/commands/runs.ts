import { type Command, Option } from 'commander';
import type { RunRecord } from '../../core/ledger.ts';
import type { RunStatus } from '../../core/run.ts';
import { counted } from '../../core/text.ts';
import { examples, type OpenSession, positive } from '../command.ts';
import type { Output } from '../output.ts';
import { type RunReport, runReport, sumOf } from '../report.ts';
import { findRun } from '../run-names.ts';
import type { Session } from '../session.ts';

const statuses: RunStatus[] = ['RUNNING', 'COMMITTING', 'COMPLETED', 'PARTIAL', 'FAILED', 'SKIPPED'];

export function addRuns(program: Command, open: OpenSession): void {
  const runs = program.command('runs').description('runs in the ledger');
  runs
    .command('list')
    .description('the latest runs, newest first')
    .argument('[job]', 'only those of this job')
    .addOption(new Option('--status <status>', 'only those that are so').choices(statuses))
    .option('--limit <n>', 'at most so many', '20')
    .addHelpText('after', examples('forebay runs list orders', 'forebay runs list --status FAILED --json'))
    .action(
      async (job: string | undefined, options: { status?: RunStatus; limit: string }, command: Command) => {
        const session = open(command);
        const limit = positive(options.limit, '--limit');
        const found = await listRuns(session, { limit, ...(job ? { job } : {}), ...pick(options) });
        session.output.result(found, (out) => printRuns(out, found));
      },
    );
  runs
    .command('show')
    .description('one run: its states with their times, where every record went, its files, its error')
    .argument('<run>', "the run's id, or how it ends")
    .addHelpText('after', examples('forebay runs show 019d3f5e-8a52-7d6c-9c0f-2f1f6f0c7e21'))
    .action(async (id: string, _options: object, command: Command) => {
      const session = open(command);
      const report = await reportOf(session, id);
      session.output.result(report, (out) => printReport(out, report));
    });
}

const pick = ({ status }: { status?: RunStatus }) => (status === undefined ? {} : { status });

async function listRuns(
  session: Session,
  filter: { job?: string; status?: RunStatus; limit: number },
): Promise<RunRecord[]> {
  const { ledger } = await session.cloud();
  const found = await ledger.listRuns(filter);
  // A removed job keeps its ledger: only a name that neither knows is a mistake.
  if (found.length === 0 && filter.job !== undefined) await session.job(filter.job);
  return found;
}

export async function runById(session: Session, id: string): Promise<RunRecord> {
  const { ledger } = await session.cloud();
  return findRun(
    {
      getRun: ledger.getRun,
      listRuns: ledger.listRuns,
      jobNames: async () => (await session.jobs()).map(({ job }) => job.name),
    },
    id,
  );
}

async function reportOf(session: Session, id: string): Promise<RunReport> {
  const run = await runById(session, id);
  const { ledger } = await session.cloud();
  const [objects, shards, buckets, settled, sinks] = await Promise.all([
    ledger.listObjects(run.runId),
    ledger.listShards(run.runId),
    ledger.listBuckets(run.runId),
    ledger.listSettled(run.runId),
    ledger.listSinks(run.runId, 'lake'),
  ]);
  return runReport(run, { objects, shards, buckets, settled, sinks });
}

const tones = { FAILED: 'red', PARTIAL: 'yellow', COMPLETED: 'green' } as const;

const painted = (out: Output, status: RunStatus): string =>
  status in tones ? out.paint(tones[status as keyof typeof tones], status) : status;

function printRuns(out: Output, runs: RunRecord[]): void {
  const columns = ['run', 'job', 'slice', 'status', 'started', 'took', 'read', 'written', 'rejected'];
  const rows = runs.map((run) => [
    ...[run.runId, run.job, run.slice, run.status, run.startedAt],
    run.endedAt === null ? null : took(Date.parse(run.endedAt) - Date.parse(run.startedAt)),
    ...[run.counts?.read ?? null, run.counts?.written ?? null, run.counts?.rejected ?? null],
  ]);
  out.table(columns, rows);
}

export const took = (ms: number): string => (ms < 10_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`);

function printReport(out: Output, report: RunReport): void {
  const { run } = report;
  out.line(`${out.paint('bold', `${run.job} ${run.slice}`)}  ${painted(out, run.status)}  run ${run.runId}`);
  const revision = run.status === 'SKIPPED' || run.status === 'FAILED' ? '' : `, revision ${run.revision}`;
  const duration = report.ms === null ? 'not ended' : `took ${took(report.ms)}`;
  out.line(
    `started ${run.startedAt} by ${run.trigger}, ${duration}${revision}, job version ${run.jobVersion.slice(0, 12)}`,
  );
  out.line();
  printStates(out, report);
  printAccounting(out, report);
  printFiles(out, report);
  if (run.error !== null) {
    out.line(
      `${out.paint('red', run.error.name)}: ${run.error.message}${run.error.cause ? ` (${run.error.cause})` : ''}`,
    );
  }
  if (run.failures !== undefined) {
    const { count, bucket, key } = run.failures;
    out.line(`all ${count} failures: s3://${bucket}/${key}`);
  }
  if (report.next !== null) out.line(`next: ${report.next}`);
}

function printStates(out: Output, { states, shards }: RunReport): void {
  const rows = states.map((state) => [
    ...[state.state, state.startedAt.slice(11), state.ms, state.attempts],
    Object.entries(state.metrics)
      .map(([name, value]) => counted(value, name))
      .join(', '),
  ]);
  out.table(['state', 'started', 'ms', 'attempts', 'metrics'], rows);
  const failed = shards.failed > 0 ? `, ${out.paint('red', `${shards.failed} failed`)}` : '';
  if (shards.total !== null) out.line(`\nshards: ${shards.done} of ${shards.total} written${failed}`);
}

function printAccounting(out: Output, { accounting, rejectsByCode, discarded, run }: RunReport): void {
  if (accounting === null) return;
  const sum = sumOf(accounting);
  out.line(`records: ${accounting.balanced ? sum : out.paint('red', `${sum}: they do not add up`)}`);
  const codes = Object.entries(rejectsByCode).map(([code, count]) => `${count} ${code}`);
  if (codes.length > 0) out.line(`rejects: ${codes.join(', ')}`);
  const lost = Object.entries(discarded).map(([column, count]) => `${count} of ${column}`);
  if (lost.length > 0) out.line(`discarded values: ${lost.join(', ')}`);
  if (run.counts?.repeatedKeys) out.line(`repeated keys: ${run.counts.repeatedKeys}`);
}

function printFiles(out: Output, { objects, files }: RunReport): void {
  for (const { name, bytes, records, sha256, error } of objects) {
    const what =
      error === null
        ? `${counted(bytes ?? 0, 'bytes')}, ${counted(records ?? 0, 'records')}, sha256 ${sha256?.slice(0, 12)}…`
        : error.name;
    out.line(`from ${name}: ${what}`);
  }
  for (const { key, rows, bytes } of files.slice(0, 10))
    out.line(`to ${key}: ${counted(rows, 'rows')}, ${counted(bytes, 'bytes')}`);
  if (files.length > 10) out.line(`to ${files.length - 10} more files`);
}
