/** What a file's columns hold, from all of its records or those of its first part. */
import type { Shard } from '../../core/shard.ts';
import type { ShardBytes } from '../read/records.ts';
import { addCounts, byCode } from '../read/shards.ts';
import type { Field } from './names.ts';
import { ColumnTexts } from './types.ts';

/** Words that mean null in one file and something else in the next. */
const nullWords = ['\\N', 'NULL', 'null', 'NA', 'N/A', '#N/A', 'None', '-'];
const longest = Math.max(...nullWords.map(({ length }) => length));

/** Shards that follow each other, and how to come to their bytes. */
export interface Part {
  shards: readonly Shard[];
  bytesOf(shard: Shard): Promise<ShardBytes>;
}

export interface SurveyedColumn {
  field: Field;
  texts: ColumnTexts;
  /** How often each of the words above stands there; they are none of the texts. */
  words: Map<string, number>;
}

export interface Survey {
  columns: SurveyedColumn[];
  records: number;
  /** Of them those that the format refuses, by code. */
  rejectsByCode: Record<string, number>;
}

/** `given`: the fields, where a format does not tell them. `hasWords`: whether a word may mean null. */
export async function surveyPart(
  { shards, bytesOf }: Part,
  given: readonly Field[],
  hasWords: boolean,
): Promise<Survey> {
  const survey: Survey = { columns: given.map(columnOf), records: 0, rejectsByCode: {} };
  for (const shard of shards) {
    const { format, header, bytes } = await bytesOf(shard);
    const fields = format.fields(header);
    if (fields !== null && survey.columns.length === 0) {
      survey.columns = fields.map((name) => columnOf({ name, path: null }));
    }
    const names = fields ?? given.map(({ name, path }) => path ?? name);
    const marks = format.marks(bytes);
    const add = hasWords ? addUnlessWords : addAll;
    const { records, malformed } = await format.read(bytes, { ...shard, fields, names, marks }, (chunk) => {
      for (const [i, text] of chunk.columns.entries()) {
        const column = survey.columns[i];
        if (column !== undefined) add(column, text.split(marks.separator), marks.none);
      }
    });
    survey.records += records;
    addCounts(survey.rejectsByCode, byCode(malformed));
  }
  return survey;
}

const columnOf = (field: Field): SurveyedColumn => ({ field, texts: new ColumnTexts(), words: new Map() });

type Add = (column: SurveyedColumn, values: readonly string[], none: string) => void;

const addAll: Add = ({ texts }, values, none) => {
  for (const value of values) {
    if (value === none) texts.addNull();
    else texts.add(value);
  }
};

const addUnlessWords: Add = ({ texts, words }, values, none) => {
  for (const value of values) {
    if (value === none) texts.addNull();
    else if (value.length <= longest && nullWords.includes(value))
      words.set(value, (words.get(value) ?? 0) + 1);
    else texts.add(value);
  }
};

/**
 * The words that mean null here: each that stands beside numbers, dates, timestamps or booleans and among no other
 * texts, where it may be one of them (`NA` is a country, too). `\N` means nothing else.
 */
export function nullsOf(columns: readonly SurveyedColumn[]): string[] {
  return nullWords.filter((word) => {
    const beside = columns.filter(({ texts, words }) => words.has(word) && texts.values > 0);
    const inText = beside.some(({ texts }) => texts.word() === 'string');
    return word === '\\N' ? columns.some(({ words }) => words.has(word)) : beside.length > 0 && !inText;
  });
}

/** A type word for a column; words that stand there and mean no null are texts of it. */
export function typeOf({ texts, words }: SurveyedColumn): string {
  const nullable = texts.nulls > 0 || texts.values + words.size === 0;
  return `${words.size > 0 ? 'string' : texts.word()}${nullable ? '?' : ''}`;
}
