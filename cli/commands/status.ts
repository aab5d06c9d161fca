import type { Command } from 'commander';
import { mapAtOnce, readsAtOnce } from '../../core/at-once.ts';
import type { Cloud } from '../cloud.ts';
import { examples, type OpenSession } from '../command.ts';
import { deployedJob } from '../deployed-job.ts';
import type { Output } from '../output.ts';
import { exitCodes } from '../problem.ts';
import { failedDays, type JobStatus, type StatusDeps, type StatusReport, statusOf } from '../status.ts';

export function addStatus(program: Command, open: OpenSession): void {
  program
    .command('status')
    .description('all deployed jobs on one page, and what needs a person; exit 1 if anything does')
    .addHelpText('after', examples('forebay status', 'forebay status --json'))
    .action(async (_options: object, command: Command) => {
      const session = open(command);
      const report = await statusOf(statusDeps(await session.cloud()));
      session.output.result(report, (out) => print(out, report));
      if (report.attention.length > 0) process.exitCode = exitCodes.failed;
    });
}

const statusDeps = (cloud: Cloud): StatusDeps => ({
  ...cloud.ledger,
  jobs: async () =>
    mapAtOnce(
      [...(await cloud.deployedJobs())].sort(([a], [b]) => (a < b ? -1 : 1)),
      readsAtOnce,
      async ([name, outputs]) => ({
        job: await deployedJob(cloud.store, name, outputs),
        dlqs: Object.entries(outputs).flatMap(([output, url]) => (output.endsWith('DlqUrl') ? [url] : [])),
      }),
    ),
  dlqs: [cloud.outputs.JobDlqUrl, cloud.outputs.DeliveryDlqUrl],
  depthOf: cloud.depthOf,
  now: () => new Date(),
});

function print(out: Output, { jobs, queues, attention }: StatusReport): void {
  out.table(
    [
      ...['job', 'last slice', 'late by', 'missing', 'running'],
      `failed in ${failedDays} days`,
      'failures',
      'in DLQs',
      'paused',
    ],
    jobs.map((status) => [
      ...[status.job, status.last?.slice ?? null, lateBy(status), missingOf(status)],
      ...[status.running, status.failed, sum(Object.values(status.failures))],
      ...[sum(status.queues.map(({ messages }) => messages)), pausedBy(status)],
    ]),
  );
  out.line();
  for (const { name, messages } of queues) out.line(`${name}: ${messages} messages`);
  if (attention.length === 0) out.line(out.paint('green', 'nothing needs a person'));
  for (const { job, what, next } of attention) {
    out.line(`${out.paint('red', job ?? 'all jobs')}: ${what}`);
    out.line(`  next: ${next}`);
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

function lateBy({ late }: JobStatus): string {
  if (late === null) return 'not expected';
  if (late.missing === 0) return 'on time';
  const hours = late.seconds / 3_600;
  return hours < 48
    ? `${Math.floor(hours)} h ${Math.floor((late.seconds % 3_600) / 60)} min`
    : `${Math.floor(hours / 24)} days`;
}

function missingOf({ late }: JobStatus): string {
  if (late === null || late.missing === 0) return '';
  const first = late.first.map(({ slice }) => slice).join(', ');
  return `${late.missing}: ${first}${late.missing > late.first.length ? ', …' : ''}`;
}

const pausedBy = ({ paused }: JobStatus): string =>
  paused === null ? '' : `by ${paused.by}${paused.reason === null ? '' : `: ${paused.reason}`}`;
