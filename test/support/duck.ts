import { castText } from '../../core/contract/cast.ts';
import { withDuckDB } from '../../core/contract/duckdb.ts';
import { stack } from '../../core/contract/layers.ts';
import { nestedFaults } from '../../core/contract/nested.ts';
import { sqlText } from '../../core/contract/sql.ts';
import { isNested, parseType } from '../../core/contract/types.ts';

/** What a type makes of texts in a timezone: canonical text, or null where it refuses. */
export function castAll(
  word: string,
  texts: readonly string[],
  timezone = 'UTC',
): Promise<Array<string | null>> {
  const parsed = parseType(word);
  if (parsed === null) throw new Error(`${word} is no type`);
  return withDuckDB(async (duck) => {
    const rows = texts.map((text, i) => `(${i}, ${sqlText(text)})`).join(', ');
    const base = `SELECT * FROM (VALUES ${rows}) AS texts(n, f0)`;
    const sql = stack(base, castText(0, parsed.type, 'f0', timezone));
    const reader = await duck.runAndReadAll(`SELECT CAST(v0 AS VARCHAR) FROM (${sql}) ORDER BY n`);
    return reader.getRows().map(([value]) => (value === null ? null : String(value)));
  });
}

/** A value without loss: numbers beyond a double, decimals and times in text, a map as its entries. */
export type Lossless = null | boolean | number | string | Lossless[] | { [name: string]: Lossless };

/** What a nested type makes of texts as column `c`: the value, or what is wrong. */
export function castNestedAll(
  word: string,
  texts: readonly string[],
  timezone = 'UTC',
): Promise<Array<{ value: Lossless } | { fault: string }>> {
  const parsed = parseType(word);
  if (parsed === null || !isNested(parsed.type)) throw new Error(`${word} is no nested type`);
  const { type } = parsed;
  return withDuckDB(async (duck) => {
    await duck.run('CREATE TEMP TABLE texts (n INTEGER, f0 VARCHAR)');
    const appender = await duck.createAppender('texts');
    texts.forEach((text, n) => {
      appender.appendInteger(n);
      appender.appendVarchar(text);
      appender.endRow();
    });
    appender.closeSync();
    const sql = stack('SELECT * FROM texts', castText(0, type, 'f0', timezone));
    const reader = await duck.runAndReadAll(`SELECT v0, w0 FROM (${sql}) ORDER BY n`);
    const faults = nestedFaults('c', type);
    return reader.getRowsJson().map(([value, wrong]) => {
      if (wrong === null) return { value: value as Lossless };
      return { fault: faults[Number(wrong)] ?? 'a fault that has no message' };
    });
  });
}
