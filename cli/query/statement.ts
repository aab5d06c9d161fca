/** The caller's SQL, as DuckDB's own parser reads it: one SELECT, its tables, and what it asks of their slices. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from '../../core/contract/sql.ts';
import { wrongUsage } from '../problem.ts';

export type Node = Record<string, unknown>;

/** One mention of a table. */
export interface TableUse {
  /** As written. */
  name: string;
  /** Conditions that hold for every row that this mention may give, and that read nothing but its `slice`. */
  conditions: Node[];
}

export async function readStatement(duck: DuckDBConnection, sql: string): Promise<TableUse[]> {
  const reader = await duck.runAndReadAll(`SELECT json_serialize_sql(${sqlText(sql)})`);
  const tree = JSON.parse(String(reader.getRows()[0]?.[0])) as Node;
  if (tree.error === true) throw wrongUsage(`the query cannot be read: ${tree.error_message}`);
  const statements = tree.statements as Array<{ node: Node }>;
  const [only] = statements;
  if (only === undefined || statements.length > 1) {
    throw wrongUsage(`a query is one SELECT, and this has ${statements.length} statements`);
  }
  return tablesOf(only.node);
}

/** All mentions of tables below a node, names of CTEs left out where they are in scope. */
export function tablesOf(root: Node): TableUse[] {
  const uses: TableUse[] = [];
  walk(root, new Set(), uses);
  return uses;
}

function walk(value: unknown, hidden: ReadonlySet<string>, uses: TableUse[]): void {
  if (Array.isArray(value)) {
    for (const member of value) walk(member, hidden, uses);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const { cte_map, ...node } = value as Node;
  const inner = walkCtes(cte_map, hidden, uses);
  if (node.type === 'SELECT_NODE') {
    for (const table of baseTables(node.from_table)) {
      if (isOurs(table, inner)) uses.push(useOf(table, node));
    }
    const { from_table, ...rest } = node;
    walk(belowTables(from_table), inner, uses);
    for (const member of Object.values(rest)) walk(member, inner, uses);
    return;
  }
  // Outside of a SELECT's FROM (SUMMARIZE, PIVOT, SHOW …) nothing is known of the rows that are wanted.
  if (node.type === 'BASE_TABLE' && isOurs(node, inner)) {
    uses.push({ name: String(node.table_name), conditions: [] });
  }
  for (const member of Object.values(node)) walk(member, inner, uses);
}

const lower = (value: unknown): string => String(value).toLowerCase();

/** A name with a schema before it (`information_schema.tables`) is DuckDB's own. */
const isOurs = (table: Node, hidden: ReadonlySet<string>): boolean =>
  !hidden.has(lower(table.table_name)) && !table.schema_name && !table.catalog_name;

/** The names that are hidden behind CTEs. A CTE's own query does not see its name, unless it is recursive. */
function walkCtes(cteMap: unknown, hidden: ReadonlySet<string>, uses: TableUse[]): ReadonlySet<string> {
  const inner = new Set(hidden);
  for (const { key, value } of (cteMap as { map?: Array<{ key: string; value: Node }> })?.map ?? []) {
    const recursive = JSON.stringify(value).includes('"RECURSIVE_CTE_NODE"');
    if (recursive) inner.add(key.toLowerCase());
    walk(value, inner, uses);
    inner.add(key.toLowerCase());
  }
  return inner;
}

/** The tables that a FROM joins, without those of its subqueries. */
function baseTables(from: unknown): Node[] {
  const node = from as Node | null;
  if (node?.type === 'BASE_TABLE') return [node];
  if (node?.type === 'JOIN') return [...baseTables(node.left), ...baseTables(node.right)];
  return [];
}

/** What a FROM holds besides its tables: subqueries, functions, join conditions. */
function belowTables(from: unknown): unknown[] {
  const node = from as Node | null;
  if (node === null || node?.type === 'BASE_TABLE') return [];
  if (node?.type === 'JOIN') return [...belowTables(node.left), ...belowTables(node.right), node.condition];
  return [node];
}

/** The WHERE's own AND-ed conditions on the mention's slice. */
function useOf(table: Node, select: Node): TableUse {
  const alone = (select.from_table as Node).type === 'BASE_TABLE';
  const qualifier = lower(table.alias || table.table_name);
  const conditions = conjuncts(select.where_clause)
    .map((condition) => onSlice(condition, qualifier, alone))
    .filter((condition) => condition !== null);
  return { name: String(table.table_name), conditions };
}

function conjuncts(where: unknown): Node[] {
  const node = where as Node | null;
  if (!node) return [];
  return node.type === 'CONJUNCTION_AND' ? (node.children as Node[]).flatMap(conjuncts) : [node];
}

const plainClasses = new Set(['COMPARISON', 'CONJUNCTION', 'OPERATOR', 'BETWEEN', 'CONSTANT', 'COLUMN_REF']);
/** LIKE and its negation: functions whose answer depends on their arguments alone. */
const plainFunctions = new Set(['~~', '!~~', 'starts_with', 'prefix']);

/** The condition over a column `slice` without a table's name, or `null` where it reads anything else. */
function onSlice(condition: Node, qualifier: string, alone: boolean): Node | null {
  let plain = true;
  let reads = 0;
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null) return value;
    const node = value as Node;
    if (typeof node.class === 'string') {
      const { class: nodeClass, function_name } = node;
      plain &&=
        plainClasses.has(nodeClass) ||
        (nodeClass === 'FUNCTION' && plainFunctions.has(String(function_name)));
    }
    if (node.class === 'COLUMN_REF') {
      reads++;
      plain &&= isSlice(node.column_names as string[], qualifier, alone);
      return { ...node, column_names: ['slice'], query_location: 0 };
    }
    // The parser's "nowhere" is a number that JavaScript cannot hold.
    const entries = Object.entries(node).map(([name, member]) => [name, copy(member)]);
    return { ...Object.fromEntries(entries), ...('query_location' in node ? { query_location: 0 } : {}) };
  };
  const copied = copy(condition) as Node;
  return plain && reads > 0 ? copied : null;
}

function isSlice(names: string[], qualifier: string, alone: boolean): boolean {
  const [first, second, ...more] = names.map((name) => name.toLowerCase());
  if (more.length > 0) return false;
  return second === undefined ? alone && first === 'slice' : first === qualifier && second === 'slice';
}
