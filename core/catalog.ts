/** How a table's columns follow those of a run. */
import { ForebayError } from './errors.ts';

interface Column {
  name: string;
  type: string;
}

/**
 * The table's columns after a run: those it has, then the run's new ones. A column that the run does not have
 * stays, and reads as null; one of another type needs a new table (`TableIncompatible`).
 */
export function mergeColumns(table: string, has: readonly Column[], run: readonly Column[]): Column[] {
  const known = new Map(has.map((column) => [column.name.toLowerCase(), column]));
  for (const column of run) {
    const old = known.get(column.name.toLowerCase());
    if (old !== undefined && old.type !== column.type) {
      throw new ForebayError(
        'TableIncompatible',
        `column ${column.name} of table ${table} is ${old.type}, the job says ${column.type}; ` +
          'give the column another name, or the former type',
      );
    }
  }
  return [...has, ...run.filter(({ name }) => !known.has(name.toLowerCase()))];
}
