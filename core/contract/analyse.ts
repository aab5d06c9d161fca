/** What a contract asks of the source: which fields, and how each column comes from them. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { nameKey } from '../formats/names.ts';
import type { Column, Contract } from '../job/model.ts';
import { type Expression, ExpressionProblem, readExpression } from './expression.ts';
import { isPath } from './paths.ts';
import { sqlName, sqlText } from './sql.ts';
import { type ColumnType, duckdbType, isNested, typeWord } from './types.ts';

export interface AnalysedColumn {
  column: Column;
  source: Expression;
}

export interface AnalysedContract {
  columns: AnalysedColumn[];
  filter: (Expression & { kind: 'expression' }) | null;
  /** Fields of the source that are read, each once. */
  fields: string[];
}

export interface ContractProblem {
  field: string;
  value: string;
  allowed: string;
}

/**
 * A name in an expression means the contract's typed column where that column has no `from`, and otherwise the
 * source's field of exactly this name, as text.
 */
export async function analyseContract(
  duck: DuckDBConnection,
  contract: Contract,
): Promise<{ analysed: AnalysedContract; problems: ContractProblem[] }> {
  const problems: ContractProblem[] = [];
  const columns: AnalysedColumn[] = [];
  const spell = spelling(contract);
  for (const column of contract.columns) {
    const field = `contract.columns.${column.name}.from`;
    if (column.from === null) {
      columns.push({ column, source: { kind: 'field', name: column.name } });
      continue;
    }
    const source = isPath(column.from)
      ? { kind: 'field' as const, name: column.from }
      : await attempt(duck, field, column.from, problems);
    if (source !== null) columns.push({ column, source: spelled(source, spell) });
  }
  const read =
    contract.filter === null ? null : await attempt(duck, 'contract.filter', contract.filter, problems);
  const filter = read === null ? null : asExpression(spelled(read, spell));
  const fields = [
    ...new Set([...columns.map(({ source }) => source), ...(filter ? [filter] : [])].flatMap(namesOf)),
  ];
  return { analysed: { columns, filter, fields }, problems };
}

/**
 * One spelling for names that count as one: a column's of its own name, or the first that comes. (A path stays as it is:
 * there may be values in it.)
 */
function spelling({ columns, names }: Contract): (name: string) => string {
  const key = nameKey(names);
  const known = new Map(columns.flatMap(({ name, from }) => (from === null ? [[key(name), name]] : [])));
  return (name) => {
    if (isPath(name)) return name;
    const first = known.get(key(name)) ?? name;
    known.set(key(name), first);
    return first;
  };
}

const spelled = <T extends Expression>(source: T, spell: (name: string) => string): T =>
  source.kind === 'field'
    ? { ...source, name: spell(source.name) }
    : { ...source, names: [...new Set(source.names.map(spell))] };

/** Whether a field is read for a column alone that the slice's data brought: a file may be without it. */
export const isBrought = ({ columns }: AnalysedContract, field: string): boolean =>
  columns.some(({ column, source }) => column.evolved === true && namesOf(source).includes(field));

export const namesOf = (source: Expression): string[] =>
  source.kind === 'field' ? [source.name] : source.names;

const asExpression = (read: Expression): Expression & { kind: 'expression' } =>
  read.kind === 'expression' ? read : { kind: 'expression', sql: sqlName(read.name), names: [read.name] };

async function attempt(
  duck: DuckDBConnection,
  field: string,
  text: string,
  problems: ContractProblem[],
): Promise<Expression | null> {
  try {
    return await readExpression(duck, text);
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error;
    problems.push({ field, value: text, allowed: error.message });
    return null;
  }
}

/** Columns that expressions see with their type: those that are the source's field of their own name. */
export const typedColumns = (contract: AnalysedContract): Column[] =>
  contract.columns.flatMap(({ column, source }) =>
    source.kind === 'field' && source.name === column.name ? [column] : [],
  );

/** Binds each expression to an empty table, so that a wrong type is found before any data is. */
export async function bindProblems(
  duck: DuckDBConnection,
  contract: AnalysedContract,
): Promise<ContractProblem[]> {
  const cased = caseProblems(contract);
  if (cased.length > 0) return cased;
  const typed = new Map(typedColumns(contract).map(({ name, type }) => [name, duckdbType(type)]));
  const fields = contract.fields.map((name) => `${sqlName(name)} ${typed.get(name) ?? 'VARCHAR'}`);
  await duck.run(`CREATE OR REPLACE TEMP TABLE source (${fields.join(', ') || 'nothing INTEGER'})`);
  const problems: ContractProblem[] = [];
  for (const { column, source } of contract.columns) {
    if (source.kind === 'field') continue;
    const field = `contract.columns.${column.name}.from`;
    const bound = await bind(duck, source.sql);
    const fits = bound !== null && (await canBecome(duck, bound, column.type));
    const become = isNested(column.type) ? 'is the JSON text of' : 'can become';
    const allowed = `SQL over fields (text, or typed columns) whose result ${become} ${typeWord(column.type)}`;
    if (!fits) problems.push({ field, value: column.from ?? '', allowed });
  }
  if (contract.filter !== null && (await bind(duck, contract.filter.sql)) !== 'BOOLEAN') {
    problems.push({
      field: 'contract.filter',
      value: contract.filter.sql,
      allowed: 'SQL that is true or false',
    });
  }
  return problems;
}

/** The type of an expression over `source`; `null` where DuckDB cannot bind it. */
export async function bind(duck: DuckDBConnection, sql: string): Promise<string | null> {
  try {
    const reader = await duck.runAndReadAll(`DESCRIBE SELECT ${sql} AS value FROM source`);
    return String(reader.getRows()[0]?.[1]);
  } catch {
    return null;
  }
}

/** A nested value comes from its text alone: of another one nothing says which of its parts may be null. */
const canBecome = async (duck: DuckDBConnection, from: string, to: ColumnType): Promise<boolean> =>
  isNested(to) ? from === 'VARCHAR' : isCastable(duck, from, duckdbType(to));

/** Whether DuckDB has a cast from one type to the other, which it tells only when it casts a value. */
async function isCastable(duck: DuckDBConnection, from: string, to: string): Promise<boolean> {
  const texts = ['1', '2000-01-01', '01:00:00', '1 day', '[1]'];
  const value = `coalesce(${texts.map((text) => `TRY_CAST(${sqlText(text)} AS ${from})`).join(', ')})`;
  try {
    await duck.run(`SELECT CAST(${value} AS ${to})`);
    return true;
  } catch (error) {
    return !/Unimplemented type for cast/.test(String(error));
  }
}

/** SQL names do not differ by case: two fields that do could not stand in one expression's table. */
function caseProblems({ fields }: AnalysedContract): ContractProblem[] {
  const seen = new Map<string, string>();
  return fields.flatMap((name) => {
    const other = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    if (other === undefined) return [];
    return [
      {
        field: 'contract',
        value: name,
        allowed: `one spelling: ${other} is read, too, and differs in case only`,
      },
    ];
  });
}
