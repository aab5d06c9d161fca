/** Job files are found by being there: every `*.ts` of a folder is one. */
import { randomUUID } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { DuckDBConnection } from '@duckdb/node-api';
import { build } from 'esbuild';
import {
  type AnalysedContract,
  analyseContract,
  bindProblems,
  type ContractProblem,
} from '../contract/analyse.ts';
import { widestColumns } from '../contract/decide.ts';
import { withDuckDB } from '../contract/duckdb.ts';
import { withColumns } from '../contract/slice.ts';
import { nameKey } from '../formats/names.ts';
import { fieldProblem, namesGiven } from './format/format.ts';
import { isJobDefinition } from './index.ts';
import { mend } from './mend.ts';
import type { Job, JobVersion } from './model.ts';
import { orderProblems } from './order.ts';
import { JobFileError, type Problem, problemsOf, shown } from './problems.ts';
import { brokenRules, toJob } from './rules.ts';
import { jobSpec } from './spec.ts';
import { versionOf } from './version.ts';

interface Checked {
  file: string;
  /** With a stand-in for each field whose shape is wrong; `null` where that makes no job. */
  job: Job | null;
  problems: Problem[];
}

/** All jobs of a folder, by name; a `JobFileError` with every problem of every file. */
export async function loadJobs(dir: string): Promise<JobVersion[]> {
  return loadFiles(dir, await jobFiles(dir), ofFolder);
}

/** The job of one file, wherever it lies; a `JobFileError` with every problem of it. */
export async function loadJobFile(path: string): Promise<JobVersion> {
  const [loaded] = await loadFiles(dirname(path), [basename(path)]);
  if (loaded === undefined) throw new Error(`${path} is neither a job nor wrong`);
  return loaded;
}

async function loadFiles(
  dir: string,
  files: string[],
  beside: (checked: readonly Checked[]) => Problem[] = () => [],
): Promise<JobVersion[]> {
  const checked = await Promise.all(files.map((file) => checkFile(dir, file)));
  const problems = checked.flatMap((file) => file.problems);
  problems.push(...beside(checked), ...(await expressionProblems(checked)));
  problems.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
  if (problems.length > 0) throw new JobFileError(problems);
  return checked.flatMap(({ job }) => (job === null ? [] : [versionOf(job)]));
}

/** Of a file that makes no job nothing is known, so that nobody is told that its name is none. */
function ofFolder(checked: readonly Checked[]): Problem[] {
  if (checked.some(({ job }) => job === null)) return [];
  const found = orderProblems(checked.flatMap(({ job }) => job ?? []));
  return checked.flatMap(({ file, job }) =>
    (found.get(job?.name ?? '') ?? []).map((problem) => ({ file, ...problem })),
  );
}

async function jobFiles(dir: string): Promise<string[]> {
  try {
    const names = await readdir(dir);
    return names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts')).sort();
  } catch {
    const allowed = 'a folder that is there; name another with --jobs (CLI) or -c jobs=… (CDK)';
    throw new JobFileError([
      { file: dir, field: '', value: undefined, allowed: `there is no such folder. Give ${allowed}` },
    ]);
  }
}

async function checkFile(dir: string, name: string): Promise<Checked> {
  const path = join(dir, name);
  const file = relative(process.cwd(), path);
  const broken = (allowed: string): Checked => ({
    file,
    job: null,
    problems: [{ file, field: '', value: undefined, allowed }],
  });
  let definition: unknown;
  try {
    definition = (await importFile(path)).default;
  } catch (error) {
    return broken(`cannot be read: ${firstLine(error)}`);
  }
  if (!isJobDefinition(definition)) return broken('its default export is not defineJob({ … })');
  return checkSpec(file, basename(name, '.ts'), definition.spec);
}

function checkSpec(file: string, fileName: string, spec: unknown): Checked {
  const parsed = jobSpec.safeParse(spec);
  const problems = parsed.success ? [] : problemsOf(file, spec, parsed.error);
  // The rules are held against what is right of the job, so that both kinds of problem are told at once.
  const mended = parsed.success ? parsed.data : mend(spec, parsed.error);
  if (mended === null) return { file, job: null, problems };
  const job = toJob(mended);
  problems.push(...brokenRules(job).map((found) => ({ file, ...found })));
  if (job.name !== fileName) {
    problems.push({ file, field: 'name', value: shown(job.name), allowed: `the file's name, '${fileName}'` });
  }
  return { file, job, problems: withoutRepeats(problems) };
}

/** A field is told once: what its shape breaks comes before what a rule makes of the stand-in. */
const withoutRepeats = (problems: Problem[]): Problem[] =>
  problems.filter(({ field }, i) => problems.findIndex((other) => other.field === field) === i);

const publicEntry = fileURLToPath(new URL('./index.ts', import.meta.url));

/** Bundled by itself, so that a folder anywhere on disk may import `forebay/core/job`. */
async function importFile(path: string): Promise<{ default?: unknown }> {
  const bundle = await build({
    entryPoints: [resolve(path)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    alias: { 'forebay/core/job': publicEntry },
    logLevel: 'silent',
  });
  const compiled = join(tmpdir(), `forebay-job-${randomUUID()}.mjs`);
  await writeFile(compiled, bundle.outputFiles[0]?.contents ?? '');
  try {
    return await import(/* @vite-ignore */ pathToFileURL(compiled).href);
  } finally {
    await rm(compiled, { force: true });
  }
}

function firstLine(error: unknown): string {
  const [found] =
    (error as { errors?: Array<{ text: string; location?: { line: number; column: number } }> }).errors ?? [];
  if (found !== undefined) return `${found.text} (line ${found.location?.line ?? '?'})`;
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

/** Expressions are read and bound by DuckDB, one instance for all jobs. */
function expressionProblems(files: readonly Checked[]): Promise<Problem[]> {
  return withDuckDB(async (duck) => {
    const problems: Problem[] = [];
    for (const { file, job, problems: known } of files) {
      if (job === null) continue;
      const { analysed, problems: found } = await analyseContract(duck, job.contract);
      found.push(...unknownFields(job, analysed.fields), ...unreadFields(job, analysed.fields));
      // Against a column's stand-in no expression would have the type that it will have.
      const typed = !known.some(({ field }) => field.startsWith('contract.columns'));
      if (typed) found.push(...(await boundProblems(duck, job, analysed)));
      problems.push(
        ...found.map(({ field, value, allowed }) => ({ file, field, value: shown(value), allowed })),
      );
    }
    return problems;
  });
}

/** Of expressions over columns as the contract has them, and as wide as slices may make them. */
async function boundProblems(
  duck: DuckDBConnection,
  job: Job,
  analysed: AnalysedContract,
): Promise<ContractProblem[]> {
  const found = await bindProblems(duck, analysed);
  if (found.length > 0 || job.contract.onRetypedColumn !== 'evolve') return found;
  const { contract } = withColumns(job, { added: [], widened: widestColumns(analysed) });
  const wide = await bindProblems(duck, (await analyseContract(duck, contract)).analysed);
  return wide.map((problem) => ({
    ...problem,
    allowed: `${problem.allowed}, with columns of wider types as well: onRetypedColumn is 'evolve'`,
  }));
}

/** A field that the format cannot have, as the job itself says, is known now. */
const unknownFields = (job: Job, fields: string[]): ContractProblem[] =>
  fields.flatMap((name) => {
    const allowed = fieldProblem(job.format, name, job.contract.names);
    return allowed === null ? [] : [{ field: 'contract', value: name, allowed }];
  });

/** With `onNewColumn: 'fail'` a field that the job names and does not read would refuse each file. */
function unreadFields({ format, contract }: Job, read: string[]): ContractProblem[] {
  const given = contract.onNewColumn === 'fail' ? namesGiven(format) : null;
  const known = new Set(read.map(nameKey(contract.names)));
  const unread = given?.find((name) => !known.has(nameKey(contract.names)(name)));
  if (unread === undefined) return [];
  const allowed = "names that the contract reads, since contract.onNewColumn is 'fail'";
  return [{ field: 'format.header', value: unread, allowed }];
}
