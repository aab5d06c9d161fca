/** What may be wrong with a record, in the order in which it is looked for, as SQL over its texts and values. */
import type { Contract } from '../job/model.ts';
import type { RejectCode } from '../shard.ts';
import { type AnalysedColumn, type AnalysedContract, isBrought, namesOf } from './analyse.ts';
import type { Fault } from './judge.ts';
import { nestedFaults } from './nested.ts';
import { article, isNested, type NestedType, typeWord } from './types.ts';

export type PlannedColumn = AnalysedColumn['column'] &
  ({ kind: 'field'; field: number } | { kind: 'expression'; sql: string; bound: string });

/** SQL for whether a record does not have a field, by its position in the contract's `fields`; `null`: it always does. */
export type Absent = (field: number) => string | null;

/** When a record has a fault, and SQL for its position among the faults. */
interface Check {
  condition: string;
  position: string;
}

export class Checks {
  readonly checks: Check[] = [];
  readonly faults: Fault[] = [];

  add(condition: string, code: RejectCode, column: string | null, message: string): void {
    this.checks.push({ condition, position: String(this.faults.length) });
    this.faults.push({ code, column, message });
  }

  /** `position`: SQL for which of the faults it is, from 0. */
  addAny(condition: string, position: string, faults: readonly Fault[]): void {
    this.checks.push({ condition, position: `${this.faults.length} + ${position}` });
    this.faults.push(...faults);
  }
}

/** Fields before expressions, which fail only because of them. */
export function checksOf(
  plan: readonly PlannedColumn[],
  policies: Pick<Contract, 'key' | 'onMissingColumn' | 'onRetypedColumn'>,
  contract: AnalysedContract,
  absent: Absent,
): Checks {
  const checks = new Checks();
  if (policies.onMissingColumn === 'discard-record') addMissing(checks, contract, absent);
  const ordered = [...plan.entries()].sort(
    ([, a], [, b]) => Number(b.kind === 'field') - Number(a.kind === 'field'),
  );
  for (const [i, column] of ordered) {
    const isNull = column.kind === 'field' ? `f${column.field} IS NULL` : `e${i} IS NULL`;
    const { name } = column;
    if (column.kind === 'expression') {
      checks.add(`x${i} IS NULL`, 'ExpressionFailed', name, `${name}: its expression fails for this record`);
    }
    if (!column.nullable) {
      const mayLack = policies.onMissingColumn === 'evolve' && !policies.key.includes(name);
      const excused = mayLack ? lacksAny(contract, i, absent) : '';
      const message = `${name}: null, where the contract allows none`;
      checks.add(`${isNull}${excused}`, 'NullNotAllowed', name, message);
    }
    if (!discards(column, policies)) addMisfit(checks, column, i, isNull);
  }
  if (contract.filter !== null) {
    checks.add('xfilter IS NULL', 'ExpressionFailed', null, 'the filter fails for this record');
  }
  return checks;
}

function addMissing(checks: Checks, contract: AnalysedContract, absent: Absent): void {
  for (const [field, name] of contract.fields.entries()) {
    const condition = absent(field);
    if (condition === null || isBrought(contract, name)) continue;
    checks.add(condition, 'ColumnMissing', null, `no field '${name}', which the contract reads`);
  }
}

/** A null is one that the source does not have if it has not all that the column reads. */
function lacksAny(contract: AnalysedContract, column: number, absent: Absent): string {
  const source = contract.columns[column]?.source;
  const read = source === undefined ? [] : namesOf(source);
  const conditions = read.flatMap((name) => absent(contract.fields.indexOf(name)) ?? []);
  return conditions.length === 0 ? '' : ` AND NOT (${conditions.join(' OR ')})`;
}

function addMisfit(checks: Checks, column: PlannedColumn, i: number, isNull: string): void {
  const { kind, name, type } = column;
  const code = kind === 'field' ? 'CastFailed' : 'ExpressionFailed';
  if (isNested(type)) {
    checks.addAny(`w${i} IS NOT NULL`, `w${i}`, nestedFaultsOf(name, type, code));
    return;
  }
  // A text is a string as it is.
  if (kind === 'field' && type.name === 'string') return;
  checks.add(`NOT (${isNull}) AND v${i} IS NULL`, code, name, misfit(column));
}

function misfit({ kind, name, type }: PlannedColumn): string {
  const word = article(typeWord(type));
  return kind === 'field'
    ? `${name}: not ${word} (see docs/types.md#${type.name})`
    : `${name}: the result of its expression cannot become ${word} without loss`;
}

/** At the positions that `w…` counts from. */
const nestedFaultsOf = (name: string, type: NestedType, code: RejectCode): Fault[] =>
  nestedFaults(name, type).map((message) => ({ code, column: name, message }));

/** Whether a field's value that is none of the column's type is null instead. */
export const discards = (
  { kind, nullable, type }: PlannedColumn,
  { onRetypedColumn }: Pick<Contract, 'onRetypedColumn'>,
): boolean => onRetypedColumn === 'discard-column' && kind === 'field' && nullable && type.name !== 'string';

/** Of a column that discards, at its position: whether it does, and what it then has. */
export const discarded = (column: PlannedColumn & { kind: 'field' }, i: number): string =>
  isNested(column.type) ? `w${i} IS NOT NULL` : `f${column.field} IS NOT NULL AND v${i} IS NULL`;

/** What `v…` holds of a nested column counts only where nothing is wrong with it. */
export const valueSql = (
  column: PlannedColumn,
  i: number,
  policies: Pick<Contract, 'onRetypedColumn'>,
): string =>
  isNested(column.type) && discards(column, policies) ? `CASE WHEN w${i} IS NULL THEN v${i} END` : `v${i}`;
