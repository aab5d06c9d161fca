/**
 * The column types: DuckDB's and Glue's common ground. The text grammar of each is in `docs/types.md`.
 */

export const scalarNames = [
  'boolean',
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'float',
  'double',
  'string',
  'date',
  'timestamp',
] as const;

export type ScalarName = (typeof scalarNames)[number];

export type ColumnType =
  | { name: ScalarName }
  /** 1 ≤ precision ≤ 38, 0 ≤ scale ≤ precision. */
  | { name: 'decimal'; precision: number; scale: number };

export const allowedTypes = `${scalarNames.join(', ')}, decimal(p,s) with 1 ≤ p ≤ 38 and 0 ≤ s ≤ p; with ? behind it where null is allowed`;

/** A type word such as `bigint`, `string?` or `decimal(10,2)?`; `null` where it is none. */
export function parseType(word: string): { type: ColumnType; nullable: boolean } | null {
  const nullable = word.endsWith('?');
  const bare = nullable ? word.slice(0, -1) : word;
  const scalar = scalarNames.find((name) => name === bare);
  if (scalar !== undefined) return { type: { name: scalar }, nullable };
  const decimal = /^decimal\((\d{1,2}), ?(\d{1,2})\)$/.exec(bare);
  if (decimal === null) return null;
  const [precision, scale] = [Number(decimal[1]), Number(decimal[2])];
  if (precision < 1 || precision > 38 || scale > precision) return null;
  return { type: { name: 'decimal', precision, scale }, nullable };
}

/** The type as written in a job file, in Glue and in messages. */
export const typeWord = (type: ColumnType): string =>
  type.name === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.name;

/** The type as DuckDB writes it. */
export const duckdbType = (type: ColumnType): string =>
  type.name === 'decimal'
    ? `DECIMAL(${type.precision},${type.scale})`
    : type.name === 'string'
      ? 'VARCHAR'
      : type.name.toUpperCase();
