/** What the texts of one shard's fields are: those that are to be new columns, and those of columns that may widen. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type AnalysedContract, analyseContract } from '../contract/analyse.ts';
import { isWidenable, maxNewColumns } from '../contract/decide.ts';
import { type FieldSurvey, noTexts, type Survey } from '../contract/survey.ts';
import { surveySql } from '../contract/survey-sql.ts';
import type { RecordFormat, Wanted } from '../formats/interfaces.ts';
import { type NameKey, nameKey } from '../formats/names.ts';
import { isColumnName } from '../job/column-names.ts';
import type { Job } from '../job/model.ts';
import { withEngine } from './engine.ts';
import { openTexts } from './texts.ts';

export interface SurveyInput {
  job: Pick<Job, 'contract' | 'timezone'>;
  format: RecordFormat;
  header: Uint8Array | null;
  bytes: Uint8Array;
  /** A folder of the caller's, for what does not fit into memory. */
  directory: string;
}

/**
 * Each record counts that the format can read, also one that the contract rejects or filters. Fields whose names
 * cannot be columns are told, but not looked into.
 */
export function surveyShard(input: SurveyInput): Promise<Survey> {
  const { job, format, header, bytes } = input;
  return withEngine(input.directory, async (duck) => {
    const { analysed } = await analyseContract(duck, job.contract);
    const fields = format.fields(header);
    const unread = job.contract.onNewColumn === 'evolve' ? newFields(input, analysed, fields) : [];
    const read = widenableFields(job, analysed).filter(isIn(fields, nameKey(job.contract.names)));
    const asked = [...(unread.length > maxNewColumns ? [] : unread.filter(isColumnName)), ...read];
    const found = await readFields(duck, input, { fields, names: asked, marks: format.marks(bytes) });
    const told = (field: string) => found.get(field) ?? noTexts(field);
    return { unread: unread.map(told), read: read.map(told) };
  });
}

/** No more than it takes to refuse them. */
function newFields(
  { format, bytes }: SurveyInput,
  analysed: AnalysedContract,
  fields: readonly string[] | null,
): string[] {
  return format.unread(format.names(bytes, fields), analysed.fields).slice(0, maxNewColumns + 1);
}

/** Whether a source with these fields has one. */
function isIn(fields: readonly string[] | null, key: NameKey): (name: string) => boolean {
  const known = new Set(fields?.map(key));
  return (name) => fields === null || known.has(key(name));
}

/** Fields of columns of a type that has a wider one, where the job wants it. */
function widenableFields({ contract }: SurveyInput['job'], analysed: AnalysedContract): string[] {
  if (contract.onRetypedColumn !== 'evolve') return [];
  const names = analysed.columns.flatMap(({ column, source }) =>
    source.kind === 'field' && isWidenable(column.type) ? [source.name] : [],
  );
  return [...new Set(names)];
}

/** By name. */
async function readFields(
  duck: DuckDBConnection,
  { job, format, bytes }: SurveyInput,
  wanted: Wanted,
): Promise<Map<string, FieldSurvey>> {
  let found = wanted.names.map(noTexts);
  if (found.length === 0) return new Map();
  const texts = await openTexts(duck, wanted, 0);
  const drain = async (): Promise<void> => {
    const { sql, add } = surveySql(found, texts.sql, job.timezone);
    await texts.drain(`CREATE OR REPLACE TEMP TABLE answers AS ${sql}`);
    const [row = []] = (await duck.runAndReadAll('SELECT * FROM answers')).getRows();
    found = add(row);
  };
  await format.read(bytes, wanted, async (chunk) => {
    texts.append(chunk);
    if (texts.isFull()) await drain();
  });
  await drain();
  return new Map(found.map((survey) => [survey.field, survey]));
}
