/**
 * The text grammar of each type as SQL over a VARCHAR: `docs/types.md` in DuckDB's words. DuckDB's own casts lose
 * silently (`'12.7'` becomes 13), so a text is cast only once its grammar holds.
 */
import { sqlText } from './duckdb.ts';
import { type ColumnType, duckdbType } from './types.ts';

const hour = '([01][0-9]|2[0-3])';
const sixty = '[0-5][0-9]';
const date = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const clock = `${hour}:${sixty}(:${sixty}([.][0-9]{1,6})?)?`;
const offset = `(Z|[+-]${hour}(:?${sixty})?)`;
const float = '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?';

/** The value of a text, or NULL where the text is none of the type's. `text` is SQL for a VARCHAR. */
export function castText(type: ColumnType, text: string, timezone: string): string {
  const whenMatches = (pattern: string, value: string) =>
    `CASE WHEN regexp_full_match(${text}, ${sqlText(pattern)}) THEN ${value} END`;
  const cast = `TRY_CAST(${text} AS ${duckdbType(type)})`;
  switch (type.name) {
    case 'string':
      return text;
    case 'boolean':
      return whenMatches('(?i)(true|false)', `lower(${text}) = 'true'`);
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return whenMatches('[+-]?[0-9]+', cast);
    case 'float':
    case 'double':
      return whenMatches(float, `CASE WHEN isfinite(${cast}) THEN ${cast} END`);
    case 'decimal':
      return whenMatches(decimalPattern(type.scale), cast);
    case 'date':
      // The year 0000 is DuckDB's 1 BC, which neither Parquet readers nor ISO 8601 by default agree on.
      return whenMatches(date, `CASE WHEN ${text} >= '0001' THEN ${cast} END`);
    case 'timestamp':
      return timestamp(text, timezone);
  }
}

const decimalPattern = (scale: number): string =>
  scale === 0 ? '[+-]?[0-9]+' : `[+-]?([0-9]+([.][0-9]{1,${scale}})?|[.][0-9]{1,${scale}})`;

/** With an offset it is an instant; without one it is the clock on the wall of the job's timezone. */
function timestamp(text: string, timezone: string): string {
  const full = `${date}[T ]${clock}`;
  // DuckDB wants a colon in an offset of hours and minutes.
  const instant = `TRY_CAST(regexp_replace(${text}, '([+-][0-9]{2})([0-9]{2})$', '\\1:\\2') AS TIMESTAMPTZ)`;
  const wall = `TRY_CAST(${text} AS TIMESTAMP)`;
  const value =
    `CASE WHEN regexp_full_match(${text}, ${sqlText(full + offset)}) THEN timezone('UTC', ${instant}) ` +
    `WHEN regexp_full_match(${text}, ${sqlText(full)}) THEN ${localTime(wall, timezone)} END`;
  const inRange = `(${value}) BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'`;
  return `CASE WHEN ${text} >= '0001' AND ${inRange} THEN ${value} END`;
}

/** A time that a change of the clock skips is none: it does not read back. */
function localTime(wall: string, timezone: string): string {
  if (timezone === 'UTC') return wall;
  const zone = sqlText(timezone);
  return `CASE WHEN timezone(${zone}, timezone(${zone}, ${wall})) = ${wall} THEN timezone('UTC', timezone(${zone}, ${wall})) END`;
}

/**
 * The value of a typed expression in the column's type, or NULL where something would be lost: the result must
 * read back as what it was. Text goes through the grammar, as a field would.
 */
export function castExact(type: ColumnType, value: string, from: string, timezone: string): string {
  if (from === 'VARCHAR') return castText(type, value, timezone);
  const cast = `TRY_CAST(${value} AS ${duckdbType(type)})`;
  if (type.name === 'string') return cast;
  const same = `TRY_CAST(${cast} AS ${from}) = ${value}`;
  const finite = type.name === 'float' || type.name === 'double' ? ` AND isfinite(${cast})` : '';
  return `CASE WHEN ${same}${finite} THEN ${cast} END`;
}
