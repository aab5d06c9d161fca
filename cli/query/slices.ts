/** Which slices of a table a query needs: DuckDB itself evaluates the query's conditions on their names. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from '../../core/contract/sql.ts';
import type { Node, TableUse } from './statement.ts';

/** The slices that any of the mentions of one table needs. */
export async function neededSlices(
  duck: DuckDBConnection,
  slices: readonly string[],
  uses: readonly TableUse[],
): Promise<string[]> {
  const needed = new Set<string>();
  for (const use of uses) {
    for (const slice of await matching(duck, slices, use.conditions)) needed.add(slice);
  }
  return slices.filter((slice) => needed.has(slice));
}

async function matching(
  duck: DuckDBConnection,
  slices: readonly string[],
  conditions: readonly Node[],
): Promise<readonly string[]> {
  if (conditions.length === 0 || slices.length === 0) return slices;
  try {
    const listed = slices.map((slice) => `(${sqlText(slice)})`).join(', ');
    const where = await Promise.all(conditions.map((condition) => spelled(duck, condition)));
    const reader = await duck.runAndReadAll(
      `SELECT slice FROM (VALUES ${listed}) AS names(slice) WHERE ${where.map((text) => `(${text})`).join(' AND ')}`,
    );
    return reader.getRows().map(([slice]) => String(slice));
  } catch {
    // A condition that cannot be evaluated by itself prunes nothing; the query will say what is wrong with it.
    return slices;
  }
}

/** The condition as SQL: a statement of DuckDB's own, with it in the place of a constant. */
async function spelled(duck: DuckDBConnection, condition: Node): Promise<string> {
  const template = await duck.runAndReadAll("SELECT json_serialize_sql('SELECT 1')");
  const tree = JSON.parse(String(template.getRows()[0]?.[0])) as { statements: Array<{ node: Node }> };
  const node = tree.statements[0]?.node;
  if (node === undefined) throw new Error('no statement');
  node.select_list = [{ ...condition, alias: '' }];
  node.from_table = { ...(node.from_table as Node), query_location: 0 };
  const reader = await duck.runAndReadAll(
    `SELECT json_deserialize_sql(${sqlText(JSON.stringify(tree))}::JSON)`,
  );
  return String(reader.getRows()[0]?.[0])
    .replace(/^SELECT /, '')
    .replace(/;$/, '');
}
