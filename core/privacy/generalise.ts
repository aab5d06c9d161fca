/**
 * `generalise`: a value becomes the beginning of its interval, in its own type. Intervals of numbers are counted
 * from 0: `[-10, 0)`, `[0, 10)`, `[10, 20)`; those of times are a calendar's, in UTC.
 */
import { type ColumnType, duckdbType, typeWord } from '../contract/types.ts';

export const calendarUnits = ['day', 'month', 'year'] as const;

export type Interval = number | (typeof calendarUnits)[number];

const integerBits: Partial<Record<ColumnType['name'], number>> = {
  tinyint: 8,
  smallint: 16,
  int: 32,
  bigint: 64,
};

/** Up to which whole numbers are exact in it. */
const exactBelow: Partial<Record<ColumnType['name'], number>> = { float: 2 ** 24, double: 2 ** 53 };

/** What a type counts in units of 10^-scale, the lowest and the highest; `null` where it does not. */
function unitsOf(type: ColumnType): { scale: number; lowest: bigint; highest: bigint } | null {
  if (type.name === 'decimal') {
    const highest = 10n ** BigInt(type.precision) - 1n;
    return { scale: type.scale, lowest: -highest, highest };
  }
  const bits = integerBits[type.name];
  if (bits === undefined) return null;
  const half = 2n ** BigInt(bits - 1);
  return { scale: 0, lowest: -half, highest: half - 1n };
}

/** What `to` must be for a column of the type; `null` where it is that. */
export function intervalProblem(type: ColumnType, to: Interval): string | null {
  if (type.name === 'date') return to === 'month' || to === 'year' ? null : "'month' or 'year'";
  if (type.name === 'timestamp') return typeof to === 'string' ? null : "'day', 'month' or 'year'";
  const exact = exactBelow[type.name];
  if (exact !== undefined) {
    return Number.isInteger(to) && Number(to) <= exact ? null : `a whole number from 1 to ${exact}`;
  }
  const units = unitsOf(type);
  if (units === null) return 'a column of numbers, dates or timestamps';
  const width = typeof to === 'number' ? inUnits(to, units.scale) : null;
  if (width !== null && width > 1n && width <= units.highest) return null;
  const digits =
    units.scale === 0 ? 'a whole number' : `a number of at most ${units.scale} digits behind the point`;
  return `${digits}, above ${decimalText(1n, units.scale)} and within ${typeWord(type)}`;
}

/** A number's shortest text (ECMA-262) as so many units; `null` where it has more digits. */
function inUnits(number: number, scale: number): bigint | null {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(String(number)) ?? [];
  if (whole === undefined || fraction.length > scale || number > Number.MAX_SAFE_INTEGER) return null;
  return BigInt(whole + fraction.padEnd(scale, '0'));
}

function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return units < 0n ? `-${text}` : text;
}

/** SQL for the value's interval; `value` is the name of a column of the type, and `to` fits the type. */
export function generalised(value: string, type: ColumnType, to: Interval): string {
  if (typeof to === 'string') return `CAST(date_trunc('${to}', ${value}) AS ${duckdbType(type)})`;
  const cast = (sql: string) => `CAST(${sql} AS ${duckdbType(type)})`;
  const units = unitsOf(type);
  const width = units === null ? null : inUnits(to, units.scale);
  const by = units === null || width === null ? cast(String(to)) : literal(width, units.scale, cast);
  // Of the sign of the value, so that a negative value's interval begins one width below what is left.
  const rest = `(${value} % ${by})`;
  const towardsZero = `(${value} - ${rest})`;
  const below = `(${towardsZero} - ${by})`;
  return cast(
    `CASE WHEN ${rest} >= 0 THEN ${towardsZero} ` +
      `${atTheEnd(towardsZero, units, width, cast)}WHEN ${rest} < 0 THEN ${below} END`,
  );
}

/** The type's lowest interval may begin below what the type holds: then it begins with the lowest value. */
function atTheEnd(
  towardsZero: string,
  units: ReturnType<typeof unitsOf>,
  width: bigint | null,
  cast: (sql: string) => string,
): string {
  if (units === null || width === null) return '';
  const { scale, lowest } = units;
  return `WHEN ${towardsZero} < ${literal(lowest + width, scale, cast)} THEN ${literal(lowest, scale, cast)} `;
}

const literal = (units: bigint, scale: number, cast: (sql: string) => string): string =>
  cast(`'${decimalText(units, scale)}'`);
