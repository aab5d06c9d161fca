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

/** Columns to be computed one layer of SELECT after another: later layers use the names of earlier ones. */
export type Layers = string[][];

/**
 * Layers whose last defines `v<id>`: the value of a text, or NULL where the text is none of the type's. `text` is
 * SQL for a VARCHAR.
 */
export function castText(id: number, type: ColumnType, text: string, timezone: string): Layers {
  const whenMatches = (pattern: string, value: string): Layers => [
    [`CASE WHEN regexp_full_match(${text}, ${sqlText(pattern)}) THEN ${value} END AS v${id}`],
  ];
  const cast = `TRY_CAST(${text} AS ${duckdbType(type)})`;
  switch (type.name) {
    case 'string':
      return [[`${text} AS v${id}`]];
    case 'boolean':
      return whenMatches('(?i)(true|false)', `lower(${text}) = 'true'`);
    case 'float':
    case 'double':
      return whenMatches(float, `CASE WHEN isfinite(${cast}) THEN ${cast} END`);
    case 'date':
      // The year 0000 is DuckDB's 1 BC, which readers of Parquet do not agree on.
      return whenMatches(date, `CASE WHEN ${text} >= '0001' THEN ${cast} END`);
    case 'timestamp':
      return timestamp(id, text, timezone);
    case 'decimal':
      return number(id, type, text, decimalPattern(type.scale));
    default:
      return number(id, type, text, '[+-]?[0-9]+');
  }
}

/** Most numbers are written as they would be printed, and need no regular expression. `n`: cast, exact or not. */
function number(id: number, type: ColumnType, text: string, pattern: string): Layers {
  const exact = `CAST(n${id} AS VARCHAR) = ${text} OR regexp_full_match(${text}, ${sqlText(pattern)})`;
  return [
    [`TRY_CAST(${text} AS ${duckdbType(type)}) AS n${id}`],
    [`CASE WHEN ${exact} THEN n${id} END AS v${id}`],
  ];
}

const decimalPattern = (scale: number): string =>
  scale === 0 ? '[+-]?[0-9]+' : `[+-]?([0-9]+([.][0-9]{1,${scale}})?|[.][0-9]{1,${scale}})`;

/**
 * With an offset it is an instant, without one the clock on the wall in the job's timezone. A time that a change
 * of the clock skips does not read back, and is none; of one that comes twice, the earlier is meant.
 * `t`: as written; `o`: its offset; `u`: in UTC; `p`: in UTC with the offset of the day before; `b`: reads back.
 */
function timestamp(id: number, text: string, timezone: string): Layers {
  const [t, o, u, p, b] = ['t', 'o', 'u', 'p', 'b'].map((name) => `${name}${id}`);
  const wall = (utc: string) => `timezone(${sqlText(timezone)}, timezone('UTC', ${utc}))`;
  const whole = sqlText(`${date}[T ]${clock}${offset}?`);
  const end = sqlText(`${offset}$`);
  // Most times end in Z: they need no regular expression more, and DuckDB takes them as they are if they have seconds.
  const zulu = `ends_with(${text}, 'Z')`;
  const cast = (bare: string) => `TRY_CAST(${bare} AS TIMESTAMP)`;
  const written =
    `CASE WHEN ${zulu} THEN coalesce(${cast(text)}, ${cast(`rtrim(${text}, 'Z')`)}) ` +
    `ELSE ${cast(`regexp_replace(${text}, ${end}, '')`)} END`;
  const digits = `replace(${o}, ':', '')`;
  const minutes = `CAST(${digits}[2:3] AS INTEGER) * 60 + CAST('0' || ${digits}[4:5] AS INTEGER)`;
  const sign = `CASE WHEN ${o}[1] = '-' THEN -1 ELSE 1 END`;
  const local = timezone === 'UTC' ? t : `timezone('UTC', timezone(${sqlText(timezone)}, ${t}))`;
  const chosen =
    timezone === 'UTC'
      ? u
      : `CASE WHEN NOT ${b} THEN NULL WHEN ${p} < ${u} AND ${wall(`${p}`)} = ${t} THEN ${p} ELSE ${u} END`;
  const dayBefore = `(${u} - INTERVAL 1 DAY)`;
  const layers = [
    [
      `CASE WHEN regexp_full_match(${text}, ${whole}) AND ${text} >= '0001' THEN ${written} END AS ${t}`,
      `CASE WHEN ${zulu} THEN 'Z' ELSE regexp_extract(${text}, ${end}) END AS ${o}`,
    ],
    [
      `CASE WHEN ${t} IS NULL THEN NULL WHEN ${o} = '' THEN ${local} WHEN ${o} = 'Z' THEN ${t} ` +
        `ELSE ${t} - to_minutes(${sign} * (${minutes})) END AS ${u}`,
    ],
    [
      `CASE WHEN ${o} = '' THEN ${t} - (${wall(dayBefore)} - ${dayBefore}) END AS ${p}`,
      `CASE WHEN ${o} = '' THEN ${wall(`${u}`)} = ${t} ELSE true END AS ${b}`,
    ],
    [`${chosen} AS c${id}`],
    [`CASE WHEN c${id} BETWEEN ${first} AND ${last} THEN c${id} END AS v${id}`],
  ];
  return timezone === 'UTC' ? layers.filter((_, i) => i !== 2) : layers;
}

const first = "TIMESTAMP '0001-01-01'";
const last = "TIMESTAMP '9999-12-31 23:59:59.999999'";

/**
 * The value of a typed expression in the column's type, or NULL where something would be lost: the result must
 * read back as what it was. Text goes through the grammar, as a field would.
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
  if (type.name === 'string') return [[`${cast} AS v${id}`]];
  const same = `TRY_CAST(${cast} AS ${from}) = ${value}`;
  const finite = type.name === 'float' || type.name === 'double' ? ` AND isfinite(${cast})` : '';
  return [[`CASE WHEN ${same}${finite} THEN ${cast} END AS v${id}`]];
}
