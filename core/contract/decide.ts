/** Which columns a slice brings beside those of its contract, and which of the contract's become wider for it. */
import { isWider, type TableColumn } from '../catalog.ts';
import { ForebayError } from '../errors.ts';
import { shownField } from '../formats/names.ts';
import { isColumnName, reservedNames } from '../job/column-names.ts';
import type { Job } from '../job/model.ts';
import { ruleOf } from '../privacy/rules.ts';
import type { AnalysedContract } from './analyse.ts';
import type { SliceColumn, SliceColumns } from './slice.ts';
import { type FieldSurvey, noTexts, type Survey, wholeTypes } from './survey.ts';
import { type ColumnType, isNested, parseType, type ScalarType, typeWord } from './types.ts';

/** More of them are keys of data, and no columns. */
export const maxNewColumns = 1_000;

/** `table`: the columns that former slices left in the catalog, where there is a table. */
export function decideColumns(
  job: Pick<Job, 'name' | 'contract' | 'privacy'>,
  analysed: AnalysedContract,
  table: readonly TableColumn[],
  survey: Survey,
): SliceColumns {
  const former = new Map(table.map(({ name, type }) => [name.toLowerCase(), type]));
  const { onNewColumn, onRetypedColumn } = job.contract;
  return {
    added: onNewColumn === 'evolve' ? newColumns(analysed, former, survey.unread) : [],
    widened: onRetypedColumn === 'evolve' ? widerColumns(job, analysed, former, survey.read) : [],
  };
}

function newColumns(
  analysed: AnalysedContract,
  former: ReadonlyMap<string, string>,
  unread: readonly FieldSurvey[],
): SliceColumn[] {
  checkNames(analysed, unread);
  return unread
    .filter(({ any }) => any)
    .map((survey) => {
      const { field: name } = survey;
      const has = former.get(name.toLowerCase());
      return { name, type: has === undefined ? firstType(survey) : formerType(name, has, survey) };
    });
}

/** The first of the forms that all texts have: each integer that a bigint holds is also the text of some double. */
function firstType({ forms }: FieldSurvey): ScalarType {
  const [name = 'string'] = forms;
  return { name };
}

/** The type that the table has, or a wider one. What does not fit it is then a value that does not fit its column. */
function formerType(name: string, has: string, survey: FieldSurvey): ScalarType {
  const parsed = parseType(has);
  if (parsed !== null && !isNested(parsed.type)) return widened(parsed.type, survey);
  throw new ForebayError(
    'TableIncompatible',
    `column ${name} of the table is ${has}, which no new column can be; name it in the contract`,
  );
}

/** A type with room for the values that only a wider one of its kind takes. */
function widened(
  type: ScalarType,
  { whole, beyondFloat }: Pick<FieldSurvey, 'whole' | 'beyondFloat'>,
): ScalarType {
  if (type.name === 'float') return beyondFloat ? { name: 'double' } : type;
  return whole !== null && isWider(whole, type.name) ? { name: whole } : type;
}

/** Columns that are a field's texts; what an expression gives has the type that the contract says. */
function widerColumns(
  job: Pick<Job, 'privacy'>,
  analysed: AnalysedContract,
  former: ReadonlyMap<string, string>,
  read: readonly FieldSurvey[],
): SliceColumn[] {
  const surveys = new Map(read.map((survey) => [survey.field, survey]));
  return analysed.columns.flatMap(({ column: { name, type }, source }) => {
    if (source.kind !== 'field' || !isWidenable(type)) return [];
    const needed = widened(type, surveys.get(source.name) ?? noTexts(source.name));
    // Behind a privacy rule the table has another type than the values that the rule takes.
    const has =
      ruleOf(job, name) === null ? parseType(former.get(name.toLowerCase()) ?? '')?.type : undefined;
    const kept = has !== undefined && isWidenable(has) && isWider(has.name, needed.name) ? has : needed;
    return typeWord(kept) === typeWord(type) ? [] : [{ name, type: kept }];
  });
}

/** Whether there is a wider type that holds the same values, or holds them for a narrower one. */
export const isWidenable = (type: ColumnType): type is ScalarType =>
  [...wholeTypes, 'float', 'double'].some((name) => name === type.name);

/** The types that a contract's columns have where every one that may get wider is as wide as it can be. */
export function widestColumns(analysed: AnalysedContract): SliceColumn[] {
  return analysed.columns.flatMap(({ column: { name, type }, source }) => {
    if (source.kind !== 'field' || !isWidenable(type)) return [];
    return [{ name, type: widened(type, { whole: 'bigint', beyondFloat: true }) }];
  });
}

/** Each new field's name is a column's, and no other's. */
function checkNames(analysed: AnalysedContract, unread: readonly FieldSurvey[]): void {
  if (unread.length > maxNewColumns) {
    const what = `the slice has more than ${maxNewColumns} fields that the contract does not name`;
    throw new ForebayError(
      'NamesTooMany',
      `${what}: their names are data; name one field that holds them, as map`,
    );
  }
  const taken = new Set([
    ...analysed.columns.map(({ column }) => column.name.toLowerCase()),
    ...analysed.fields.map((field) => field.toLowerCase()),
  ]);
  for (const [i, { field }] of unread.entries()) {
    const reason = nameProblem(field, taken);
    if (reason !== null) {
      const which = `${shownField(field, i)} of those that nothing in the contract reads`;
      const next = 'give it a column of its own in the contract, by `from`';
      throw new ForebayError('ColumnNameInvalid', `${which} ${reason}; ${next}`);
    }
    taken.add(field.toLowerCase());
  }
}

function nameProblem(field: string, taken: ReadonlySet<string>): string | null {
  if (!isColumnName(field)) return 'cannot be the name of a column';
  if (reservedNames.includes(field.toLowerCase())) return 'has a name that every table has already';
  return taken.has(field.toLowerCase())
    ? 'has the name of another column or field, or differs in case only'
    : null;
}
