/** `forebay infer`: a job file for a file that is there. */
import type { Encoding, Format } from '../../core/job/model.ts';
import { Problem, wrongUsage } from '../problem.ts';
import { extractFile } from '../read/extract.ts';
import { type LocalFile, withFile } from '../read/file.ts';
import { type FormatOptions, givenFields, toCheckedFormat } from '../read/flags.ts';
import { withFolder } from '../read/folder.ts';
import { formatJob, localRun } from '../read/local-run.ts';
import { shardBytes } from '../read/records.ts';
import { refusing } from '../read/refuse.ts';
import { codesLine, grouped, sizeOf } from '../read/summary.ts';
import type { Session } from '../session.ts';
import { headerRule } from './dialect.ts';
import { fieldsIn } from './fields.ts';
import { jobName, nameColumns } from './names.ts';
import { oneLine, type Proposal, proposalSpec, proposalText } from './proposal.ts';
import { kindOf, optionsOf, startOfFile } from './start.ts';
import { nullsOf, type Part, type Survey, surveyPart, typeOf } from './survey.ts';

export interface InferOptions extends FormatOptions {
  name?: string;
}

type Options = Record<string, unknown>;

const MiB = 1_024 * 1_024;

interface Found {
  survey: Survey;
  /** Of the format. */
  options: Options;
  /** Whether there is more behind what was read. */
  partial: boolean;
}

/** `firstMiB`: how much of the file is read; Infinity for all. */
export async function inferJob(
  { output }: Session,
  path: string,
  options: InferOptions,
  firstMiB: number,
): Promise<void> {
  await checkName(options.name);
  await withFile(path, async (file) => {
    const start = await refusing(path, 'all', 0, () =>
      startOfFile(file, (givenFields(options).encoding ?? null) as Encoding | null),
    );
    const kind = options.format ?? kindOf(start);
    const told = await optionsOf(path, kind, givenFields(options), start);
    const found = await surveyed(file, kind, told, firstMiB * MiB);
    const proposal = propose(path, options.name, kind, found);
    if (proposal.columns.every((column) => column.name === null)) throw nothingIn(path);
    output.result(proposalSpec(proposal), (out) => out.raw(proposalText(proposal)));
    for (const line of notes(proposal, found, file.bytes)) output.note(line);
  });
}

/** A job's name has the job file's own rules. */
async function checkName(name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const { jobSpec } = await import('../../core/job/spec.ts');
  const { error } = jobSpec.shape.name.safeParse(name);
  if (error !== undefined) {
    throw wrongUsage(`--name is ${JSON.stringify(name)}. Allowed: ${error.issues[0]?.message}`);
  }
}

const nothingIn = (path: string): Problem =>
  new Problem(`${path} has no field that a column could be made of: there is nothing to propose`);

/** CSV is read again where words turn out to mean null: only the format tells whether they stand in quotes. */
async function surveyed(file: LocalFile, kind: string, options: Options, bytes: number): Promise<Found> {
  const once = async (by: Options): Promise<Found> => {
    const read = await surveyOnce(file, await toCheckedFormat(kind, by), bytes);
    return { ...read, options: by };
  };
  const first = await once(options);
  const words = kind === 'csv' && !('nulls' in options) ? nullsOf(first.survey.columns) : [];
  return words.length === 0 ? first : once({ ...options, nulls: ['', ...words] });
}

function surveyOnce(file: LocalFile, format: Format, bytes: number): Promise<Omit<Found, 'options'>> {
  const kind: string = format.kind;
  const version = formatJob(format);
  const run = localRun(version, 'once', new Date().toISOString());
  return withFolder(async (directory) => {
    const extracted = await extractFile(file, { job: version.job, run, shardBytes: MiB, directory });
    const { shards, header } = extracted;
    const part: Part = {
      shards: shards.filter(({ offset }) => offset < bytes),
      bytesOf: (shard) => shardBytes(extracted, format, shard),
    };
    return refusing(file.path, ['HeaderInvalid'], header?.offset ?? 0, async () => {
      const named = 'header' in format && format.header !== null;
      const survey = await surveyPart(part, named ? [] : await fieldsIn(kind, part), kind === 'csv');
      return { survey, partial: part.shards.length < shards.length };
    });
  });
}

function propose(
  path: string,
  name: string | undefined,
  kind: string,
  { survey, options, partial }: Found,
): Proposal {
  // of an attribute and an element of one name, both are asked for
  const columns = kind === 'xml' ? survey.columns.filter(({ texts }) => texts.values > 0) : survey.columns;
  const types = columns.map(typeOf);
  const records = `${partial ? 'the first ' : ''}${grouped(survey.records)} records`;
  return {
    ...{ name: name ?? jobName(path), kind, options },
    columns: nameColumns(columns.map(({ field }) => field)).map((column, i) => ({
      ...column,
      type: types[i] ?? 'string?',
    })),
    comment: [
      `Proposed by forebay infer from ${records} of ${oneLine(path.replace(/^.*[/\\]/, ''))}.`,
      'Types are the narrowest that hold what was read: widen what may grow. Say who owns the feed, how long a',
      'slice is, and what a record tells of.',
    ],
  };
}

function notes(
  { name, kind, options, columns }: Proposal,
  { survey, partial }: Found,
  bytes: number,
): string[] {
  const codes = codesLine(survey.rejectsByCode);
  const header = options.header === true ? 'names' : 'data';
  return [
    `${partial ? 'the first ' : ''}${grouped(survey.records)} records of ${sizeOf(bytes)}; save it as jobs/${name}.ts`,
    ...(kind === 'csv' && 'header' in options
      ? [`the first record is ${header}: it is a header if ${headerRule}`]
      : []),
    ...(codes === '' ? [] : [`records that no contract can take are left out: ${codes}`]),
    ...columns.flatMap(({ name: column, field, why }) =>
      column === null ? [`field ${oneLine(field)} is left out: ${why}`] : [],
    ),
  ];
}
