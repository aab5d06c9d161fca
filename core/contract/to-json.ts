/** A nested value as JSON text, in SQL: the form that docs/privacy.md promises, with every digit that the value has. */
import { sqlText } from './sql.ts';
import { type ColumnType, isNested, type NestedType, type ScalarType } from './types.ts';

/**
 * SQL for a VARCHAR; of a null value null. DuckDB's own `to_json` would make 1.1 of a decimal's 1.10, and
 * 0.10000000149011612 of a float's 0.1.
 */
export const nestedJson = (value: string, type: NestedType): string => jsonOf(value, type, 0);

/** `level`: how many lambdas are around it. */
function jsonOf(value: string, type: ColumnType, level: number): string {
  if (!isNested(type)) return scalarJson(value, type);
  const one = `j${level}`;
  const joined = (values: string, json: string) =>
    `array_to_string(list_transform(${values}, lambda ${one}: ${json}), ',')`;
  switch (type.name) {
    case 'struct': {
      const members = type.members.map(({ name, type: of }) => {
        const member = orNull(jsonOf(`struct_extract(${value}, ${sqlText(name)})`, of, level));
        return `'"${name}":' || ${member}`;
      });
      return `CASE WHEN ${value} IS NOT NULL THEN '{' || ${members.join(` || ',' || `)} || '}' END`;
    }
    case 'list':
      return `'[' || ${joined(value, orNull(jsonOf(one, type.element.type, level + 1)))} || ']'`;
    case 'map': {
      const entry = orNull(jsonOf(`${one}.value`, type.value.type, level + 1));
      return `'{' || ${joined(`map_entries(${value})`, `${quoted(`${one}.key`)} || ':' || ${entry}`)} || '}'`;
    }
  }
}

const orNull = (json: string): string => `coalesce(${json}, 'null')`;

const quoted = (value: string): string => `CAST(to_json(${value}) AS VARCHAR)`;

function scalarJson(value: string, type: ScalarType): string {
  const text = `CAST(${value} AS VARCHAR)`;
  switch (type.name) {
    case 'string':
      return quoted(value);
    case 'date':
    case 'timestamp':
      return `'"' || ${text} || '"'`;
    case 'decimal':
      // DuckDB begins with the point where the type has no digit before it, which JSON does not allow.
      return type.scale === type.precision ? `replace(${text}, '.', '0.')` : text;
    default:
      return text;
  }
}
