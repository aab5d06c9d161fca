import { castText } from '../../core/contract/cast.ts';
import { sqlText, withDuckDB } from '../../core/contract/duckdb.ts';
import { parseType } from '../../core/contract/types.ts';

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
    const sql = castText(0, parsed.type, 'f0', timezone).reduce(
      (from, columns) => `SELECT *, ${columns.join(', ')} FROM (${from})`,
      base,
    );
    const reader = await duck.runAndReadAll(`SELECT CAST(v0 AS VARCHAR) FROM (${sql}) ORDER BY n`);
    return reader.getRows().map(([value]) => (value === null ? null : String(value)));
  });
}
