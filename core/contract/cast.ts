/** From texts, and from the results of expressions, to values of a type: exactly, or not at all. */
import { castScalar } from './grammar.ts';
import type { Layers } from './layers.ts';
import { castNested } from './nested.ts';
import { type ColumnType, duckdbType, isNested } from './types.ts';

/**
 * Layers whose last defines `v<id>`: the value of a text, or NULL where the text is none of the type's. `text` is
 * SQL for a VARCHAR. Of a nested type it defines `w<id>`, too: NULL, or the position in `nestedFaults` of what is
 * wrong; the value counts only where that is NULL.
 */
export const castText = (id: number, type: ColumnType, text: string, timezone: string): Layers =>
  isNested(type) ? castNested(id, type, text, timezone) : castScalar(id, type, text, timezone);

/**
 * The value of a typed expression in the column's type, or NULL where something would be lost: the result must
 * read back as what it was. Text goes through the grammar, as a field would; a nested type takes nothing else
 * (`bindProblems` sees to it).
 */
export function castExact(
  id: number,
  type: ColumnType,
  value: string,
  from: string,
  timezone: string,
): Layers {
  if (from === 'VARCHAR') return castText(id, type, value, timezone);
  const cast = `TRY_CAST(${value} AS ${duckdbType(type)})`;
  if (type.name === 'string') return [[{ name: `v${id}`, sql: cast }]];
  const same = `TRY_CAST(${cast} AS ${from}) = ${value}`;
  const finite = type.name === 'float' || type.name === 'double' ? ` AND isfinite(${cast})` : '';
  return [[{ name: `v${id}`, sql: `CASE WHEN ${same}${finite} THEN ${cast} END` }]];
}
