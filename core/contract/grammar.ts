/**
 * The text grammar of each type as SQL over a VARCHAR: `docs/types.md` in DuckDB's words. DuckDB's own casts lose
 * silently (`'12.7'` becomes 13), so a text is cast only once its grammar holds.
 */

import type { Layers } from './layers.ts';
import { sqlText } from './sql.ts';
import { duckdbType, type ScalarType } from './types.ts';

const hour = '([01][0-9]|2[0-3])';
const sixty = '[0-5][0-9]';
const date = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const clock = `${hour}:${sixty}(:${sixty}([.][0-9]{1,6})?)?`;
const offset = `(Z|[+-]${hour}(:?${sixty})?)`;
const float = '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?';

/**
 * Layers whose last defines `v<id>`: the value of a text, or NULL where the text is none of the type's. `text` is
 * SQL for a VARCHAR.
 */
export function castScalar(id: number | string, type: ScalarType, text: string, timezone: string): Layers {
  const whenMatches = (pattern: string, value: string): Layers => [
    [
      {
        name: `v${id}`,
        sql: `CASE WHEN regexp_full_match(${text}, ${sqlText(pattern)}) THEN ${value} END`,
      },
    ],
  ];
  const cast = `TRY_CAST(${text} AS ${duckdbType(type)})`;
  switch (type.name) {
    case 'string':
      return [[{ name: `v${id}`, sql: text }]];
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
function number(id: number | string, type: ScalarType, text: string, pattern: string): Layers {
  const exact = `CAST(n${id} AS VARCHAR) = ${text} OR regexp_full_match(${text}, ${sqlText(pattern)})`;
  return [
    [{ name: `n${id}`, sql: `TRY_CAST(${text} AS ${duckdbType(type)})` }],
    [{ name: `v${id}`, sql: `CASE WHEN ${exact} THEN n${id} END` }],
  ];
}

const decimalPattern = (scale: number): string =>
  scale === 0 ? '[+-]?[0-9]+' : `[+-]?([0-9]+([.][0-9]{1,${scale}})?|[.][0-9]{1,${scale}})`;

/**
 * With an offset it is an instant, without one the clock on the wall in the job's timezone. A time that a change
 * of the clock skips does not read back, and is none; of one that comes twice, the earlier is meant.
 * `t`: as written; `o`: its offset; `u`: in UTC; `p`: in UTC with the offset of the day before; `b`: reads back.
 */
function timestamp(id: number | string, text: string, timezone: string): Layers {
  const [t, o, u, p, b, c] = names(id);
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
      : `CASE WHEN NOT ${b} THEN NULL WHEN ${p} < ${u} AND ${wall(p)} = ${t} THEN ${p} ELSE ${u} END`;
  const dayBefore = `(${u} - INTERVAL 1 DAY)`;
  const layers: Layers = [
    [
      {
        name: t,
        sql: `CASE WHEN regexp_full_match(${text}, ${whole}) AND ${text} >= '0001' THEN ${written} END`,
      },
      { name: o, sql: `CASE WHEN ${zulu} THEN 'Z' ELSE regexp_extract(${text}, ${end}) END` },
    ],
    [
      {
        name: u,
        sql:
          `CASE WHEN ${t} IS NULL THEN NULL WHEN ${o} = '' THEN ${local} WHEN ${o} = 'Z' THEN ${t} ` +
          `ELSE ${t} - to_minutes(${sign} * (${minutes})) END`,
      },
    ],
    [
      { name: p, sql: `CASE WHEN ${o} = '' THEN ${t} - (${wall(dayBefore)} - ${dayBefore}) END` },
      { name: b, sql: `CASE WHEN ${o} = '' THEN ${wall(u)} = ${t} ELSE true END` },
    ],
    [{ name: c, sql: chosen }],
    [{ name: `v${id}`, sql: `CASE WHEN ${c} BETWEEN ${first} AND ${last} THEN ${c} END` }],
  ];
  return timezone === 'UTC' ? layers.filter((_, i) => i !== 2) : layers;
}

const names = (id: number | string) => [`t${id}`, `o${id}`, `u${id}`, `p${id}`, `b${id}`, `c${id}`] as const;

const first = "TIMESTAMP '0001-01-01'";
const last = "TIMESTAMP '9999-12-31 23:59:59.999999'";
