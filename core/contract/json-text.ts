/**
 * JSON (RFC 8259) in a text, as SQL. DuckDB's own reading of JSON loses silently: it takes `NaN`, a comma before a
 * closing bracket and the first of two equal keys, cuts `0.1234567890123456789` to a double, and makes `1.1` of
 * `1.10`. So a text is checked first, and its numbers become strings, which stay as they are.
 */
import { sqlText } from './sql.ts';

const blank = '[ \\t\\r\\n]';
const string = String.raw`"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
const number = `-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?`;
const scalar = `${string}|${number}|true|false|null`;

/** An object's or a list's words, where none is missing behind a comma; their order is DuckDB's to check. */
const words = String.raw`[\[{](?:${blank}|[\[\]{}:]|,${blank}*(?:${scalar}|[\[{])|${scalar})*`;

/** What stands before a number, and the number; or what stands behind the last one, so that no search begins there. */
const numbers = String.raw`((?:[^"0-9-]|"(?:[^"\\]|\\.)*")*)(${number}|$)`;

/** DuckDB keeps the digits of a whole number, however many there are, but not the sign of `-0`. */
const notWhole = '[[:, \\t\\r\\n](?:-?[0-9]+[.eE]|-0)';

/** Of a text its JSON object or list, where what DuckDB would change of a number is a string; NULL where it is none. */
export function jsonText(text: string): string {
  const quoted = `regexp_replace(${text}, ${sqlText(numbers)}, '\\1"\\2"', 'g')`;
  // the end, too, got its two quotes
  const exact = `CASE WHEN regexp_matches(${text}, ${sqlText(notWhole)}) THEN rtrim(${quoted}, '"') ELSE ${text} END`;
  return `CASE WHEN regexp_full_match(${text}, ${sqlText(words)}) AND json_valid(${text}) THEN ${exact} END`;
}

/** A text without the blanks that JSON allows around a value. Few have any, and `trim` looks at each character. */
export function withoutBlanks(text: string): string {
  const isBare = `left(${text}, 1) IN ('{', '[') AND (ends_with(${text}, '}') OR ends_with(${text}, ']'))`;
  return `CASE WHEN ${isBare} THEN ${text} ELSE trim(${text}, ' \t\r\n') END`;
}
