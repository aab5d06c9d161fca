import { type Command, Option } from 'commander';
import type { Ledger } from '../../aws/interfaces.ts';
import { runFailureId } from '../../core/failure.ts';
import type { RunRecord } from '../../core/ledger.ts';
import type { RunStatus } from '../../core/run.ts';
import { counted } from '../../core/text.ts';
import { examples, type OpenSession, positive } from '../command.ts';
import type { Output } from '../output.ts';
import { type Aftermath, type RunReport, runReport, sumOf } from '../report.ts';
import { runById } from '../run-names.ts';
import type { Session } from '../session.ts';
import { addCancel, addRetry } from './runs-change.ts';
import { addRunsLogs } from './runs-logs.ts';

const statuses: RunStatus[] = ['RUNNING', 'COMMITTING', 'COMPLETED', 'PARTIAL', 'FAILED', 'SKIPPED'];

export function addRuns(program: Command, open: OpenSession): void {
  const runs = program.command('runs').description('runs in the ledger');
  runs
    .command('list')
    .description('the latest runs, newest first')
    .argument('[job]', 'only those of this job')
    .addOption(new Option('--status <status>', 'only those that are so').choices(statuses))
    .option('--limit <n>', 'at most so many', '20')
    .option('--before <run>', 'only those before this one: the next page behind it')
    .addHelpText('after', examples('forebay runs list orders', 'forebay runs list --status FAILED --json'))
    .action(async (job: string | undefined, options: ListOptions, command: Command) => {
      const session = open(command);
      const { status, before } = options;
      const limit = positive(options.limit, '--limit');
      const found = await listRuns(session, {
        ...{ limit, ...(job ? { job } : {}), ...(status === undefined ? {} : { status }) },
        ...(before === undefined ? {} : { before: await runById(session, before) }),
      });
      session.output.result(found, (out) => printRuns(out, found));
      const last = found.at(-1);
      if (found.length === limit && last !== undefined)
        session.output.note(`the next page: --before ${last.runId}`);
    });
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
  addRunsLogs(runs, open);
  addRetry(runs, open);
  addCancel(runs, open);
}

interface ListOptions {
  status?: RunStatus;
  limit: string;
  before?: string;
}

async function listRuns(session: Session, filter: Parameters<Ledger['listRuns']>[0]): Promise<RunRecord[]> {
  const { ledger } = await session.cloud();
  const found = await ledger.listRuns(filter);
  // A removed job keeps its ledger: only a name that neither knows is a mistake.
  if (found.length === 0 && filter.job !== undefined) await session.job(filter.job);
  return found;
}

async function reportOf(session: Session, id: string): Promise<RunReport> {
  const run = await runById(session, id);
  const { ledger } = await session.cloud();
  const [objects, surveys, shards, buckets, settled, sinks, after] = await Promise.all([
    ledger.listObjects(run.runId),
    ledger.listSurveys(run.runId),
    ledger.listShards(run.runId),
    ledger.listBuckets(run.runId),
    ledger.listSettled(run.runId),
    ledger.listSinks(run.runId, 'lake'),
    run.status === 'FAILED' ? aftermathOf(ledger, run) : undefined,
  ]);
  return runReport(run, { objects, surveys, shards, buckets, settled, sinks }, after);
}

async function aftermathOf(
  ledger: Pick<Ledger, 'listRuns' | 'getFailure'>,
  { job, runId, startedAt }: RunRecord,
): Promise<Aftermath> {
  const [later, failure] = await Promise.all([
    ledger.listRuns({ job, since: startedAt, limit: 1_000 }),
    ledger.getFailure(runFailureId(job, runId)),
  ]);
  return {
    followers: later.filter(({ follows }) => follows === runId),
    closed: failure?.closed !== undefined,
  };
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
  printFollowing(out, report);
  if (report.next !== null) out.line(`next: ${report.next}`);
}

function printFollowing(out: Output, { run, follows, followedBy }: RunReport): void {
  if (follows !== null) {
    out.line(
      `in the place of run ${follows.runId}${follows.whole === null ? '' : `, done whole: ${follows.whole}`}`,
    );
  }
  if (run.resumes !== undefined) out.line(`resumes run ${run.resumes}: what that had finished is taken over`);
  for (const runId of followedBy) out.line(`done again by run ${runId}`);
}

function printStates(out: Output, { states, shards }: RunReport): void {
  const rows = states.map((state) => [
    ...[state.state, state.startedAt.slice(11), state.ms, state.attempts],
    Object.entries(state.metrics)
      .map(([name, value]) => counted(value, name))
      .join(', '),
  ]);
  out.table(['state', 'started', 'ms', 'attempts', 'metrics'], rows);
  const { total, planned, enveloped, written, failed, takenOver } = shards;
  if (total === null) return;
  const parts = [`${written} of ${total} written`, `${enveloped} enveloped`, `${planned} planned`];
  const more = failed > 0 ? [out.paint('red', `${failed} failed`)] : [];
  const kept = takenOver > 0 ? ` (${takenOver} taken over)` : '';
  out.line(`\nshards: ${[...parts, ...more].join(', ')}${kept}`);
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
