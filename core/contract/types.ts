/**
 * The column types: DuckDB's and Glue's common ground. The text grammar of each is in `docs/types.md`.
 */
import { sqlName } from './sql.ts';

export const scalarNames = [
  'boolean',
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'float',
  'double',
  'string',
  'date',
  'timestamp',
] as const;

export type ScalarName = (typeof scalarNames)[number];

export type ScalarType =
  | { name: ScalarName }
  /** 1 ≤ precision ≤ 38, 0 ≤ scale ≤ precision. */
  | { name: 'decimal'; precision: number; scale: number };

/** What holds values of other types; its text is JSON. */
export type NestedType =
  | { name: 'struct'; members: Member[] }
  | { name: 'list'; element: Typed }
  /** A map's keys are strings, as JSON has them. */
  | { name: 'map'; value: Typed };

export type ColumnType = ScalarType | NestedType;

export interface Typed {
  type: ColumnType;
  nullable: boolean;
}

export interface Member extends Typed {
  name: string;
}

export const isNested = (type: ColumnType): type is NestedType =>
  type.name === 'struct' || type.name === 'list' || type.name === 'map';

/** Levels of a type within a type: DuckDB plans deeper ones for seconds. */
export const maxLevels = 10;

export const allowedTypes =
  `${scalarNames.join(', ')}, decimal(p,s) with 1 ≤ p ≤ 38 and 0 ≤ s ≤ p; ` +
  `struct(name type, …), type[], map(string, type), at most ${maxLevels} levels deep; ` +
  'with ? behind it where null is allowed';

/** A type word such as `bigint`, `decimal(10,2)?` or `struct(a int, b string?)[]`; `null` where it is none. */
export function parseType(word: string): Typed | null {
  const rest = { word };
  const typed = readTyped(rest, 1);
  return rest.word !== '' || typed === null || levelsOf(typed.type) > maxLevels ? null : typed;
}

/** What is still to be read of a word. */
interface Rest {
  word: string;
}

/** A type with what may stand behind it: `?`, and `[]` for a list of what stands before. `level`: of the type. */
function readTyped(rest: Rest, level: number): Typed | null {
  let type = level > maxLevels ? null : readType(rest, level);
  let lists = 0;
  while (type !== null) {
    const nullable = take(rest, /^[?]/) !== null;
    if (take(rest, /^\[\]/) === null) return level + lists > maxLevels ? null : { type, nullable };
    type = { name: 'list', element: { type, nullable } };
    lists += 1;
  }
  return null;
}

function levelsOf(type: ColumnType): number {
  if (type.name === 'list') return 1 + levelsOf(type.element.type);
  if (type.name === 'map') return 1 + levelsOf(type.value.type);
  return type.name === 'struct' ? 1 + Math.max(...type.members.map((member) => levelsOf(member.type))) : 1;
}

function readType(rest: Rest, level: number): ColumnType | null {
  const decimal = take(rest, /^decimal\((\d{1,2}), ?(\d{1,2})\)/);
  if (decimal !== null) return decimalType(Number(decimal[1]), Number(decimal[2]));
  if (take(rest, /^struct\( */) !== null) return readStruct(rest, level);
  if (take(rest, /^map\( *string *, */) !== null) {
    const value = readTyped(rest, level + 1);
    return value === null || take(rest, /^ *\)/) === null ? null : { name: 'map', value };
  }
  const [word] = take(rest, /^[a-z]+/) ?? [];
  const scalar = scalarNames.find((name) => name === word);
  return scalar === undefined ? null : { name: scalar };
}

const decimalType = (precision: number, scale: number): ColumnType | null =>
  precision < 1 || precision > 38 || scale > precision ? null : { name: 'decimal', precision, scale };

function readStruct(rest: Rest, level: number): ColumnType | null {
  const members: Member[] = [];
  do {
    const name = take(rest, /^([A-Za-z_][A-Za-z0-9_]{0,127}) +/);
    const typed = name === null ? null : readTyped(rest, level + 1);
    if (typed === null) return null;
    members.push({ name: name?.[1] ?? '', ...typed });
  } while (take(rest, /^ *, */) !== null);
  return take(rest, /^ *\)/) === null ? null : { name: 'struct', members };
}

function take(rest: Rest, pattern: RegExp): RegExpExecArray | null {
  const found = pattern.exec(rest.word);
  if (found !== null) rest.word = rest.word.slice(found[0].length);
  return found;
}

/** The type as written in a job file and in messages. */
export function typeWord(type: ColumnType): string {
  const word = (typed: Typed) => `${typeWord(typed.type)}${typed.nullable ? '?' : ''}`;
  switch (type.name) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'struct':
      return `struct(${type.members.map((member) => `${member.name} ${word(member)}`).join(', ')})`;
    case 'list':
      return `${word(type.element)}[]`;
    case 'map':
      return `map(string, ${word(type.value)})`;
    default:
      return type.name;
  }
}

/** A type's word in a sentence. */
export const article = (word: string): string => `${word === 'int' ? 'an' : 'a'} ${word}`;

/** The type as Glue, Hive and Athena write it. They know no `?`: everything there may be null. */
export function glueType(type: ColumnType): string {
  switch (type.name) {
    case 'struct':
      return `struct<${type.members.map((member) => `${member.name}:${glueType(member.type)}`).join(',')}>`;
    case 'list':
      return `array<${glueType(type.element.type)}>`;
    case 'map':
      return `map<string,${glueType(type.value.type)}>`;
    default:
      return typeWord(type);
  }
}

/** The type as DuckDB writes it. */
export function duckdbType(type: ColumnType): string {
  switch (type.name) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'string':
      return 'VARCHAR';
    case 'struct':
      return `STRUCT(${type.members.map((member) => `${sqlName(member.name)} ${duckdbType(member.type)}`).join(', ')})`;
    case 'list':
      return `${duckdbType(type.element.type)}[]`;
    case 'map':
      return `MAP(VARCHAR, ${duckdbType(type.value.type)})`;
    default:
      return type.name.toUpperCase();
  }
}
