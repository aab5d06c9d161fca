/** `from` and `filter`: SQL over the source's fields, read with DuckDB's own parser. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { allowedFunctions } from './functions.ts';
import { sqlText } from './sql.ts';

export type Expression =
  /** A bare column reference: the source's field of that name, as text. */
  | { kind: 'field'; name: string }
  /** `sql` is the parser's own spelling, without comments; `names` are those that it reads. */
  | { kind: 'expression'; sql: string; names: string[] };

/** What is wrong with an expression, in words that follow "Allowed: ". */
export class ExpressionProblem extends Error {
  override readonly name = 'ExpressionProblem';
}

type Node = Record<string, unknown>;

const allowedClasses = new Set([
  'COLUMN_REF',
  'CONSTANT',
  'CAST',
  'CASE',
  'COMPARISON',
  'CONJUNCTION',
  'OPERATOR',
  'BETWEEN',
  'FUNCTION',
]);

/** DuckDB reads these as column references until it binds them to functions of the clock or the session. */
const sessionNames =
  /^(current_(date|time|timestamp|user|role|schema|catalog)|localtime|localtimestamp|session_user|user|rowid)$/i;

/** The expression behind a text, or an `ExpressionProblem`. */
export async function readExpression(duck: DuckDBConnection, text: string): Promise<Expression> {
  // The line end closes a comment that the text may end with.
  const statement = `SELECT (${text}\n)`;
  const [tree, sql] = await parse(duck, statement);
  const root = single(tree);
  const names = new Set<string>();
  visit(root, names);
  const [name] = names;
  if (root.class === 'COLUMN_REF' && name !== undefined) return { kind: 'field', name };
  return { kind: 'expression', sql, names: [...names] };
}

async function parse(duck: DuckDBConnection, statement: string): Promise<[Node, string]> {
  const serialized = `json_serialize_sql(${sqlText(statement)})`;
  const reader = await duck.runAndReadAll(`SELECT ${serialized}`);
  const tree = JSON.parse(String(reader.getRows()[0]?.[0])) as Node;
  if (tree.error === true) throw new ExpressionProblem('one SQL expression; this one cannot be parsed');
  const statements = tree.statements as unknown[];
  if (statements.length !== 1) throw new ExpressionProblem('one SQL expression, without ;');
  const spelled = await duck.runAndReadAll(`SELECT json_deserialize_sql(${serialized})`);
  return [tree, String(spelled.getRows()[0]?.[0]).replace(/^SELECT /, '')];
}

function single(tree: Node): Node {
  const { node } = (tree.statements as Array<{ node: Node }>)[0] ?? { node: {} };
  const list = node.select_list as Node[] | undefined;
  const from = node.from_table as Node | undefined;
  const [root] = list ?? [];
  const bare = node.type === 'SELECT_NODE' && list?.length === 1 && from?.type === 'EMPTY';
  if (!bare || root === undefined || clauses.some((clause) => isThere(node[clause]))) {
    throw new ExpressionProblem('one SQL expression, not a statement');
  }
  return root;
}

/** What a SELECT may have behind its list; a `)` in the text would let it in. */
const clauses = ['modifiers', 'where_clause', 'group_expressions', 'having', 'qualify', 'sample'];

const isThere = (clause: unknown): boolean =>
  Array.isArray(clause) ? clause.length > 0 : clause !== null && clause !== undefined;

function visit(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) {
    for (const member of value) visit(member, names);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const node = value as Node;
  if (typeof node.class === 'string') check(node, names);
  for (const member of Object.values(node)) visit(member, names);
}

function check(node: Node, names: Set<string>): void {
  const nodeClass = String(node.class);
  if (!allowedClasses.has(nodeClass)) {
    throw new ExpressionProblem(`columns, literals and scalar functions; not ${described(nodeClass)}`);
  }
  if (nodeClass === 'COLUMN_REF') names.add(columnName(node));
  if (nodeClass === 'FUNCTION') checkFunction(node);
  if (nodeClass === 'CAST') checkCast(node);
}

const described = (nodeClass: string): string => {
  const words: Record<string, string> = {
    SUBQUERY: 'a subquery',
    WINDOW: 'a window function',
    LAMBDA: 'a lambda',
    STAR: '*',
  };
  return words[nodeClass] ?? nodeClass.toLowerCase();
};

function columnName(node: Node): string {
  const [name, ...more] = node.column_names as string[];
  if (name === undefined || more.length > 0) {
    throw new ExpressionProblem(
      `a field's name without a table; quote one that holds a dot: "${[name, ...more].join('.')}"`,
    );
  }
  if (name.toLowerCase() === '_fb') throw new ExpressionProblem('a name other than _fb, which is our own');
  if (sessionNames.test(name)) throw new ExpressionProblem(`what depends on the record alone; not ${name}`);
  return name;
}

function checkFunction(node: Node): void {
  const name = String(node.function_name).toLowerCase();
  if (!allowedFunctions.has(name)) {
    throw new ExpressionProblem(`a function of the list in docs/types.md#expressions; ${name} is not in it`);
  }
  if (node.distinct === true || node.filter || (node.order_bys as Node | undefined)?.orders?.toString()) {
    throw new ExpressionProblem(`scalar functions; ${name} is called as an aggregate`);
  }
}

/** A cast to a type with a time zone would read the session's. */
function checkCast(node: Node): void {
  // As text, so that one within a list or a struct is seen.
  const zoned = /\b(TIME|TIMESTAMP) WITH TIME ZONE\b/.exec(JSON.stringify(node.cast_type));
  if (zoned !== null) throw new ExpressionProblem(`casts to types without a time zone; not ${zoned[0]}`);
}
