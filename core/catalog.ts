/** How a table's columns follow those of a run. */
import { ForebayError } from './errors.ts';

export interface TableColumn {
  name: string;
  type: string;
}

/** What a run's columns mean for one of the table's. `before`: of the table, `after`: of the run. */
export interface ColumnChange {
  name: string;
  before: string | null;
  after: string | null;
  /**
   * `added`: the table gets it, and former slices read it as null. `widened`: the table's type becomes the run's.
   * `narrower`: the run's values fit into the table's wider type. `left`: the run has it no more; it stays, and
   * reads as null. `refused`: needs a new table.
   */
  change: 'same' | 'added' | 'widened' | 'narrower' | 'left' | 'refused';
}

/** Types that hold all values of those before them, and that Parquet's readers read as such. */
const widenings = [
  ['tinyint', 'smallint', 'int', 'bigint'],
  ['float', 'double'],
];

export const isWider = (type: string, than: string): boolean =>
  widenings.some((types) => types.includes(than) && types.indexOf(type) > types.indexOf(than));

function changeOf(before: string, after: string): ColumnChange['change'] {
  if (before === after) return 'same';
  if (isWider(after, before)) return 'widened';
  return isWider(before, after) ? 'narrower' : 'refused';
}

/** Each column of the table in its order, then the run's new ones. Glue's names do not differ by case. */
export function columnChanges(has: readonly TableColumn[], run: readonly TableColumn[]): ColumnChange[] {
  const byName = (columns: readonly TableColumn[]) =>
    new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  const [known, coming] = [byName(has), byName(run)];
  return [
    ...has.map(({ name, type: before }): ColumnChange => {
      const after = coming.get(name.toLowerCase())?.type ?? null;
      return { name, before, after, change: after === null ? 'left' : changeOf(before, after) };
    }),
    ...run
      .filter(({ name }) => !known.has(name.toLowerCase()))
      .map(({ name, type }): ColumnChange => ({ name, before: null, after: type, change: 'added' })),
  ];
}

/** The table's columns after a run; `null`: they stay as they are. `TableIncompatible` where one is refused. */
export function mergeColumns(
  table: string,
  has: readonly TableColumn[],
  run: readonly TableColumn[],
): TableColumn[] | null {
  const changes = columnChanges(has, run);
  const refused = changes.find(({ change }) => change === 'refused');
  if (refused !== undefined) {
    throw new ForebayError(
      'TableIncompatible',
      `column ${refused.name} of table ${table} is ${refused.before}, the job says ${refused.after}; ` +
        'give the column another name, or the former type, or begin a new major version of the table by lake({ major }); ' +
        'where two slices brought it at once, run this one again',
    );
  }
  if (!changes.some(({ change }) => change === 'added' || change === 'widened')) return null;
  return changes.map(({ name, before, after, change }) => ({
    name,
    type: (change === 'added' || change === 'widened' ? after : before) ?? '',
  }));
}
