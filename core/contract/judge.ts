/** The contract as SQL: for each record of a shard its values, and what is wrong with it. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job } from '../job/model.ts';
import type { RejectCode } from '../shard.ts';
import { type AnalysedContract, bind, typedColumns } from './analyse.ts';
import { castExact, castText } from './cast.ts';
import { type Absent, checksOf, discarded, discards, type PlannedColumn, valueSql } from './faults.ts';
import { inParallel, stack } from './layers.ts';
import { sqlName } from './sql.ts';
import { duckdbType } from './types.ts';

/** What a record may be rejected for; the judged table holds its position in this list. */
export interface Fault {
  code: RejectCode;
  column: string | null;
  message: string;
}

export interface Judgement {
  /**
   * A SELECT from the table of texts: `record`, `fault` (position, or null), `keep`, and `v0`, `v1` …; and the columns of
   * `discards`.
   */
  sql: string;
  faults: Fault[];
  /** By the contract's column, whether a value of it was discarded. */
  discards: Array<{ column: string; name: string }>;
}

/**
 * `texts` is a SELECT of `record` and `f0`, `f1` … for the needed fields, and of what `absent` refers to.
 *
 * Values and faults, in layers of SELECTs, each of which sees the one before: values of fields; the names that
 * expressions use; values of expressions; the first fault in the contract's order; the filter.
 */
export async function judge(
  duck: DuckDBConnection,
  job: Pick<Job, 'timezone' | 'contract'>,
  contract: AnalysedContract,
  texts: string,
  absent: Absent = () => null,
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
    tries.length === 0 ? cast : withExpressions(cast, names(contract, plan, job.contract), tries),
    inParallel(results),
  );
  const { checks, faults } = checksOf(plan, job.contract, contract, absent);
  const cases = checks.map(({ condition, position }) => `WHEN ${condition} THEN ${position}`);
  // Nearly all records are good: one look at each, and the list of what may be wrong only for the others.
  const good = `WHEN NOT (${checks.map(({ condition }) => condition).join(' OR ')}) THEN NULL`;
  const fault = cases.length === 0 ? 'CAST(NULL AS INTEGER)' : `CASE ${[good, ...cases].join(' ')} END`;
  const keep = filter === null ? 'true' : 'coalesce(xfilter[1], false)';
  const columns = plan.map((column, i) => named(valueSql(column, i, job.contract), `v${i}`));
  const flags = plan.flatMap((column, i) =>
    column.kind === 'field' && discards(column, job.contract)
      ? [{ column: column.name, name: `d${i}`, sql: discarded(column, i) }]
      : [],
  );
  const values = [...columns, ...flags.map(({ sql, name }) => named(sql, name))];
  return {
    sql: `SELECT record, ${fault} AS fault, ${keep} AS keep, ${values.join(', ')} FROM (${all})`,
    faults,
    discards: flags.map(({ column, name }) => ({ column, name })),
  };
}

const named = (sql: string, name: string): string => (sql === name ? name : `${sql} AS ${name}`);

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
  policies: Job['contract'],
): Array<{ name: string; sql: string }> {
  const used = new Set([
    ...contract.columns.flatMap(({ source }) => (source.kind === 'expression' ? source.names : [])),
    ...(contract.filter?.names ?? []),
  ]);
  const typed = new Set(typedColumns(contract).map(({ name }) => name));
  return [...used].map((name) => {
    const i = typed.has(name) ? plan.findIndex((candidate) => candidate.name === name) : -1;
    const column = plan[i];
    const field = `f${contract.fields.indexOf(name)}`;
    return { name, sql: column === undefined ? field : valueSql(column, i, policies) };
  });
}
