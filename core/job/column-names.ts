/** What a column of a table may be called. */

/** Letters, digits and `_`, no digit first: what Glue, Athena and DuckDB all take without quotes. */
export const isColumnName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name);

/** Names that the table itself has, in any case. */
export const reservedNames: readonly string[] = ['metadata', 'slice'];
