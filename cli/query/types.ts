/** A catalog column's type in DuckDB's words, so that a column that no file has is still one of its type. */

const words: Record<string, string> = {
  boolean: 'BOOLEAN',
  tinyint: 'TINYINT',
  smallint: 'SMALLINT',
  int: 'INTEGER',
  bigint: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  binary: 'BLOB',
};

/** Hive's grammar: words, `decimal(p,s)`, `array<t>`, `map<k,v>`, `struct<name:t,…>`. */
export function duckType(hive: string): string {
  const text = hive.trim();
  const word = words[text.toLowerCase()];
  if (word !== undefined) return word;
  const nested = /^(array|map|struct)<(.*)>$/is.exec(text);
  if (nested === null) return /^decimal\(\d+, ?\d+\)$/i.test(text) ? text.toUpperCase() : 'VARCHAR';
  const parts = split(nested[2] ?? '');
  if (nested[1]?.toLowerCase() === 'array') return `${duckType(nested[2] ?? '')}[]`;
  if (nested[1]?.toLowerCase() === 'map') return `MAP(${parts.map(duckType).join(', ')})`;
  const members = parts.map((part) => {
    const colon = part.indexOf(':');
    return `"${part.slice(0, colon).trim()}" ${duckType(part.slice(colon + 1))}`;
  });
  return `STRUCT(${members.join(', ')})`;
}

/** At commas that lie within no brackets. */
function split(text: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '<' || char === '(') depth++;
    if (char === '>' || char === ')') depth--;
    if (char === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}
