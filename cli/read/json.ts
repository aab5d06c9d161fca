/**
 * DuckDB's values as JSON text, in SQL. JSON bounds no number's digits, so integers and decimals are numbers as long
 * as they are: DuckDB's own `to_json` takes a decimal through a double.
 */
import {
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import { sqlName, sqlText } from '../../core/contract/sql.ts';

/** SQL for the JSON text of a value, `null` for null. `depth` tells the names of lambdas within each other apart. */
export function jsonSql(type: DuckDBType, value: string, depth = 0): string {
  return `coalesce(${present(type, value, depth)}, 'null')`;
}

/** SQL for an object of members, each with its JSON text in SQL; one whose text is null is left out. */
export function objectSql(members: ReadonlyArray<{ name: string; json: string }>): string {
  const texts = members.map(({ name, json }) => `${sqlText(`${JSON.stringify(name)}:`)} || ${json}`);
  return texts.length === 0 ? `'{}'` : `'{' || concat_ws(',', ${texts.join(', ')}) || '}'`;
}

function present(type: DuckDBType, value: string, depth: number): string {
  const text = `CAST(${value} AS VARCHAR)`;
  switch (type.typeId) {
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.ENUM:
      return `CAST(to_json(${text}) AS VARCHAR)`;
    case DuckDBTypeId.DATE:
      return `'"' || ${text} || '"'`;
    case DuckDBTypeId.TIMESTAMP:
      return `'"' || replace(${text}, ' ', 'T') || 'Z"'`;
    case DuckDBTypeId.DECIMAL:
      // DuckDB writes no digit before the point where the type has none there.
      return `regexp_replace(${text}, '^(-?)[.]', '\\10.')`;
    case DuckDBTypeId.LIST: {
      const item = `i${depth}`;
      const items = jsonSql((type as DuckDBListType).valueType, item, depth + 1);
      return listSql(`list_transform(${value}, lambda ${item}: ${items})`);
    }
    case DuckDBTypeId.STRUCT:
      return structSql(type as DuckDBStructType, value, depth);
    case DuckDBTypeId.MAP: {
      const { valueType } = type as DuckDBMapType;
      const entry = `i${depth}`;
      const key = `CAST(to_json(CAST(${entry}.key AS VARCHAR)) AS VARCHAR)`;
      const member = `${key} || ':' || ${jsonSql(valueType, `${entry}.value`, depth + 1)}`;
      return listSql(`list_transform(map_entries(${value}), lambda ${entry}: ${member})`, '{', '}');
    }
    default:
      return text;
  }
}

const listSql = (texts: string, open = '[', close = ']'): string =>
  `'${open}' || array_to_string(${texts}, ',') || '${close}'`;

function structSql({ entryNames, entryTypes }: DuckDBStructType, value: string, depth: number): string {
  const members = entryNames.map((name, i) => ({
    name,
    json: jsonSql(entryTypes[i] as DuckDBType, `${value}.${sqlName(name)}`, depth),
  }));
  return `CASE WHEN ${value} IS NOT NULL THEN ${objectSql(members)} END`;
}
