import type { Command } from 'commander';
import type { JobVersion } from '../../core/job/model.ts';
import type { Pause, RunRecord } from '../../core/ledger.ts';
import { examples, type OpenSession } from '../command.ts';
import { explain } from '../explain.ts';
import type { Session } from '../session.ts';
import { addDiff } from './jobs-diff.ts';
import { addPause, addResume } from './jobs-pause.ts';

interface JobLine {
  name: string;
  owner: string;
  cadence: string;
  source: string;
  format: string;
  columns: number;
  schedule: string | null;
  version: string;
  /** `null`: no stage is deployed where the environment points to. */
  deployed: boolean | null;
  /** `null`: it is not, or nobody knows. */
  paused: Pause | null;
  lastRun: Pick<RunRecord, 'runId' | 'slice' | 'status' | 'startedAt'> | null;
}

export function addJobs(program: Command, open: OpenSession): void {
  const jobs = program.command('jobs').description('the job files');
  addDiff(jobs, open);
  addPause(jobs, open);
  addResume(jobs, open);
  jobs
    .command('list', { isDefault: true })
    .description('the job files, whether they are deployed, and their last runs; the same as `forebay jobs`')
    .addHelpText('after', examples('forebay jobs list', 'forebay --jobs ../our-jobs jobs list --json'))
    .action(async (_options: object, command: Command) => {
      const session = open(command);
      const versions = await session.jobs();
      const lines = await describeJobs(session, versions);
      session.output.result(lines, (out) =>
        out.table(
          ['job', 'owner', 'cadence', 'source', 'columns', 'schedule', 'deployed', 'paused', 'last run'],
          lines.map((line) => [
            ...[line.name, line.owner, line.cadence, line.source, line.columns, line.schedule],
            line.deployed === null ? 'not known' : line.deployed ? 'yes' : 'no',
            line.paused === null ? null : (line.paused.reason ?? 'yes'),
            line.lastRun === null ? null : `${line.lastRun.slice} ${line.lastRun.status}`,
          ]),
        ),
      );
    });
}

async function describeJobs(session: Session, versions: JobVersion[]): Promise<JobLine[]> {
  // Job files can be listed without any cloud, too.
  const cloud = await session.cloud().catch((error: Error) => {
    session.output.note(`what is deployed is not known: ${explain(error)}`);
    return null;
  });
  return Promise.all(
    versions.map(async ({ job, version }) => {
      const deployed = cloud === null ? null : (await cloud.jobOutputs(job.name)) !== null;
      const [last] = (await cloud?.ledger.listRuns({ job: job.name, limit: 1 })) ?? [];
      const paused = (await cloud?.ledger.getPause(job.name)) ?? null;
      const { name, owner, cadence, schedule } = job;
      return {
        ...{ name, owner, cadence, schedule, version, deployed, paused },
        source: job.source.kind,
        format: job.format.kind,
        columns: job.contract.columns.length,
        lastRun:
          last === undefined
            ? null
            : { runId: last.runId, slice: last.slice, status: last.status, startedAt: last.startedAt },
      };
    }),
  );
}
