import type { Command } from 'commander';
import { type ColumnChange, columnChanges, type TableColumn } from '../../core/catalog.ts';
import { catalogColumns } from '../../core/contract/output.ts';
import { type JobChange, jobChanges } from '../../core/job/diff.ts';
import type { Job, JobVersion } from '../../core/job/model.ts';
import { versionOf } from '../../core/job/version.ts';
import { majorOf, tableName } from '../../core/storage.ts';
import type { Cloud } from '../cloud.ts';
import { examples, type OpenSession } from '../command.ts';
import { deployedJob } from '../deployed-job.ts';
import { type Output, toJson } from '../output.ts';
import { Problem } from '../problem.ts';

/** What a deploy would change of one job. */
export interface JobDiff {
  job: string;
  /** Job versions; `deployed` is `null` where the job is new. */
  deployed: string | null;
  version: string;
  changes: JobChange[];
  /** `columns`: those that change. `exists`: a first run has made the table. */
  table: { name: string; exists: boolean; columns: TableChange[] };
}

/** `kept`: the contract names it no more, but takes new columns, and so this one where a slice has its field. */
export type TableChange = Omit<ColumnChange, 'change'> & { change: ColumnChange['change'] | 'kept' };

export function addDiff(jobs: Command, open: OpenSession): void {
  jobs
    .command('diff')
    .argument('[job]', 'only this one')
    .description(
      'what a deploy of the job files would change, in the jobs and in their tables; exit 1 if a table refuses it',
    )
    .addHelpText('after', examples('forebay jobs diff', 'forebay jobs diff orders --json'))
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const session = open(command);
      const versions = name === undefined ? await session.jobs() : [await session.job(name)];
      const cloud = await session.cloud();
      const diffs = await Promise.all(versions.map((version) => diffOf(cloud, version)));
      session.output.result(diffs, (out) => {
        for (const diff of diffs) print(out, diff);
      });
      const refused = diffs.filter(({ table }) => table.columns.some(isRefused)).map(({ job }) => job);
      if (refused.length > 0) {
        throw new Problem(
          `the table refuses the contract of ${refused.join(', ')}: its runs would fail with TableIncompatible; ` +
            'give the columns other names, or their former types, or begin a new major version: lake({ major })',
        );
      }
    });
}

const isRefused = ({ change }: TableChange): boolean => change === 'refused';

async function diffOf(cloud: Cloud, { job, version }: JobVersion): Promise<JobDiff> {
  const outputs = await cloud.jobOutputs(job.name);
  const deployed = outputs === null ? null : await deployedJob(cloud.store, job.name, outputs);
  const name = tableName(job.name, majorOf(job));
  const table = await cloud.catalog.getTable(name);
  return {
    job: job.name,
    deployed: deployed === null ? null : versionOf(deployed).version,
    version,
    changes: jobChanges(deployed, job),
    table: {
      name,
      exists: table !== null,
      columns: tableChanges(deployed, job, table?.columns ?? []),
    },
  };
}

/** What the deploy would change of a table. Columns that slices brought are not the contract's to take away. */
export function tableChanges(deployed: Job | null, job: Job, table: readonly TableColumn[]): TableChange[] {
  const named = new Set(deployed?.contract.columns.map(({ name }) => name.toLowerCase()));
  const takesNew = job.contract.onNewColumn === 'evolve';
  return columnChanges(table, catalogColumns(job)).flatMap((column): TableChange[] => {
    if (column.change === 'same') return [];
    if (column.change !== 'left' || !takesNew) return [column];
    return named.has(column.name.toLowerCase()) ? [{ ...column, change: 'kept' }] : [];
  });
}

function print(out: Output, { job, deployed, version, changes, table }: JobDiff): void {
  const short = (hash: string) => hash.slice(0, 12);
  if (deployed === version) {
    out.line(`${out.paint('bold', job)}: as deployed (${short(version)})`);
  } else {
    const from = deployed === null ? 'new' : `${short(deployed)} -> ${short(version)}`;
    out.line(`${out.paint('bold', job)}: ${from}`);
    // Each field of a new job is new.
    for (const change of deployed === null ? [] : changes) out.line(`  ${change.field}: ${shown(change)}`);
  }
  if (!table.exists) out.line(`  table ${table.name}: made by the first run`);
  else for (const column of table.columns) out.line(`  table ${table.name}, ${described(column)}`);
}

const shown = ({ before, after }: JobChange): string => `${text(before)} -> ${text(after)}`;
const text = (value: unknown): string => (value === undefined ? 'none' : toJson(value));

function described({ name, before, after, change }: TableChange): string {
  switch (change) {
    case 'added':
      return `column ${name}: added as ${after}; former slices read it as null`;
    case 'widened':
      return `column ${name}: ${before} becomes ${after}`;
    case 'narrower':
      return `column ${name}: stays ${before}, which holds ${after}`;
    case 'kept':
      return `column ${name}: stays ${before}, and new slices fill it where they have its field`;
    case 'left':
      return `column ${name}: stays, and reads as null in new slices`;
    default:
      return `column ${name}: is ${before} and cannot become ${after}`;
  }
}
