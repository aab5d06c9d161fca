/**
 * The column types: DuckDB's and Glue's common ground. The text grammar of each is in `docs/types.md`.
 */

export type ScalarName =
  | 'boolean'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'float'
  | 'double'
  | 'string'
  | 'date'
  | 'timestamp';

export type ColumnType =
  | { name: ScalarName }
  /** 1 ≤ precision ≤ 38, 0 ≤ scale ≤ precision. */
  | { name: 'decimal'; precision: number; scale: number };
