/** The contract as SQL: for each record of a shard its values, and what is wrong with it. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job } from '../job/model.ts';
import type { RejectCode } from '../shard.ts';
import { type AnalysedContract, bind, typedColumns } from './analyse.ts';
import { castExact, castText } from './cast.ts';
import { inParallel, stack } from './layers.ts';
import { nestedFaults } from './nested.ts';
import { sqlName } from './sql.ts';
import { article, duckdbType, isNested, type NestedType, typeWord } from './types.ts';

/** What a record may be rejected for; the judged table holds its position in this list. */
export interface Fault {
  code: RejectCode;
  column: string | null;
  message: string;
}

export interface Judgement {
  /** A SELECT from the table of texts: `record`, `fault` (position, or null), `keep`, and `v0`, `v1` … */
  sql: string;
  faults: Fault[];
}

/**
 * `texts` is a SELECT of `record` and `f0`, `f1` … for the needed fields.
 *
 * Values and faults, in layers of SELECTs, each of which sees the one before: values of fields; the names that
 * expressions use; values of expressions; the first fault in the contract's order; the filter.
 */
export async function judge(
  duck: DuckDBConnection,
  job: Pick<Job, 'timezone' | 'contract'>,
  contract: AnalysedContract,
  texts: string,
): Promise<Judgement> {
  const plan = await planColumns(duck, contract);
  const { filter } = contract;
  const fields = plan.flatMap((column, i) =>
    column.kind === 'field' ? [castText(i, column.type, `f${column.field}`, job.timezone)] : [],
  );
  const tries = plan.flatMap((column, i) => (column.kind === 'field' ? [] : [tried(column.sql, i)]));
  if (filter !== null) tries.push(tried(filter.sql, 'filter'));
  const results = plan.flatMap((column, i) =>
    column.kind === 'field'
      ? []
      : [
          [
            [{ name: `e${i}`, sql: `x${i}[1]` }],
            ...castExact(i, column.type, `e${i}`, column.bound, job.timezone),
          ],
        ],
  );
  const cast = stack(texts, inParallel(fields));
  const all = stack(
    tries.length === 0 ? cast : withExpressions(cast, names(contract, plan), tries),
    inParallel(results),
  );
  const { checks, faults } = faultsOf(plan, filter !== null);
  const cases = checks.map(({ condition, position }) => `WHEN ${condition} THEN ${position}`);
  // Nearly all records are good: one look at each, and the list of what may be wrong only for the others.
  const good = `WHEN NOT (${checks.map(({ condition }) => condition).join(' OR ')}) THEN NULL`;
  const fault = cases.length === 0 ? 'CAST(NULL AS INTEGER)' : `CASE ${[good, ...cases].join(' ')} END`;
  const keep = filter === null ? 'true' : 'coalesce(xfilter[1], false)';
  const columns = plan.map((_, i) => `v${i}`);
  return {
    sql: `SELECT record, ${fault} AS fault, ${keep} AS keep, ${columns.join(', ')} FROM (${all})`,
    faults,
  };
}

type PlannedColumn = AnalysedContract['columns'][number]['column'] &
  ({ kind: 'field'; field: number } | { kind: 'expression'; sql: string; bound: string });

/** Binds each expression, since how exact its cast is depends on the type that it has by itself. */
async function planColumns(duck: DuckDBConnection, contract: AnalysedContract): Promise<PlannedColumn[]> {
  const typed = new Map(typedColumns(contract).map(({ name, type }) => [name, duckdbType(type)]));
  const columns = contract.fields.map((name) => `${sqlName(name)} ${typed.get(name) ?? 'VARCHAR'}`);
  await duck.run(`CREATE OR REPLACE TEMP TABLE source (${columns.join(', ') || 'nothing INTEGER'})`);
  const planned: PlannedColumn[] = [];
  for (const { column, source } of contract.columns) {
    if (source.kind === 'field') {
      planned.push({ ...column, kind: 'field', field: contract.fields.indexOf(source.name) });
    } else {
      const bound = (await bind(duck, source.sql)) ?? 'VARCHAR';
      planned.push({ ...column, kind: 'expression', sql: source.sql, bound });
    }
  }
  return planned;
}

/**
 * Expressions see the names of the source and `_fb`, one struct of all that is ours, so that no field of a source
 * can be mistaken for a column of ours.
 */
function withExpressions(
  sql: string,
  scope: ReadonlyArray<{ name: string; sql: string }>,
  tries: string[],
): string {
  const named = scope.map((entry) => `${entry.sql} AS ${sqlName(entry.name)}`);
  const inScope = `SELECT ours AS _fb${list(named)} FROM (${sql}) AS ours`;
  return `SELECT unnest(_fb), * EXCLUDE (_fb) FROM (SELECT _fb${list(tries)} FROM (${inScope}))`;
}

const list = (parts: readonly string[]): string => parts.map((part) => `, ${part}`).join('');

/**
 * `x`: a list of the value alone, which may be null; no list where the expression raises. (`TRY` of the value
 * itself would not tell the two apart.)
 */
const tried = (sql: string, id: number | string): string => `TRY([${sql}]) AS x${id}`;

/** What the names in expressions stand for: a typed column, or the text of a field. */
function names(
  contract: AnalysedContract,
  plan: readonly PlannedColumn[],
): Array<{ name: string; sql: string }> {
  const used = new Set([
    ...contract.columns.flatMap(({ source }) => (source.kind === 'expression' ? source.names : [])),
    ...(contract.filter?.names ?? []),
  ]);
  const typed = new Set(typedColumns(contract).map(({ name }) => name));
  return [...used].map((name) => {
    const column = typed.has(name) ? plan.findIndex((candidate) => candidate.name === name) : -1;
    return { name, sql: column >= 0 ? `v${column}` : `f${contract.fields.indexOf(name)}` };
  });
}

/** When a record has a fault, and SQL for its position among the faults. */
interface Check {
  condition: string;
  position: string;
}

function faultsOf(plan: readonly PlannedColumn[], filtered: boolean): { checks: Check[]; faults: Fault[] } {
  const checks: Check[] = [];
  const faults: Fault[] = [];
  const add = (condition: string, code: RejectCode, column: string | null, message: string) => {
    checks.push({ condition, position: String(faults.length) });
    faults.push({ code, column, message });
  };
  // Fields before expressions, which fail only because of them.
  const ordered = [...plan.entries()].sort(
    ([, a], [, b]) => Number(b.kind === 'field') - Number(a.kind === 'field'),
  );
  for (const [i, column] of ordered) {
    const { name, type } = column;
    const isNull = column.kind === 'field' ? `f${column.field} IS NULL` : `e${i} IS NULL`;
    if (column.kind === 'expression') {
      add(`x${i} IS NULL`, 'ExpressionFailed', name, `${name}: its expression fails for this record`);
    }
    if (!column.nullable)
      add(isNull, 'NullNotAllowed', name, `${name}: null, where the contract allows none`);
    if (isNested(type)) {
      checks.push({ condition: `w${i} IS NOT NULL`, position: `${faults.length} + w${i}` });
      faults.push(...nestedFaultsOf(column, type));
      continue;
    }
    // A text is a string as it is.
    if (column.kind === 'field' && type.name === 'string') continue;
    const message = misfit(column);
    const code = column.kind === 'field' ? 'CastFailed' : 'ExpressionFailed';
    add(`NOT (${isNull}) AND v${i} IS NULL`, code, name, message);
  }
  if (filtered) add('xfilter IS NULL', 'ExpressionFailed', null, 'the filter fails for this record');
  return { checks, faults };
}

function misfit({ kind, name, type }: PlannedColumn): string {
  const word = article(typeWord(type));
  return kind === 'field'
    ? `${name}: not ${word} (see docs/types.md#${type.name})`
    : `${name}: the result of its expression cannot become ${word} without loss`;
}

/** At the positions that `w…` counts from. */
const nestedFaultsOf = ({ kind, name }: PlannedColumn, type: NestedType): Fault[] =>
  nestedFaults(name, type).map((message) => ({
    code: kind === 'field' ? 'CastFailed' : 'ExpressionFailed',
    column: name,
    message,
  }));
