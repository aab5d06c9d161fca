/** The members of an object at its top level, in bytes that have been read as JSON before. */
import type { Contract } from '../../job/model.ts';
import type { RecordFault } from '../chunks.ts';
import { type NameKey, Names, nameKey, unexpected, unreadPositions } from '../names.ts';
import type { RecordFinder } from './find.ts';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  isBlank,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './grammar.ts';
import { placeOfObject } from './place.ts';
import { pointerNames } from './pointer.ts';
import { jsonReader } from './read.ts';
import { unescaped } from './text.ts';
import { stringEnd } from './token.ts';

const NULL = 110;

export interface Member {
  name: string;
  isNull: boolean;
}

/** `start`: of the object, or of blanks before it. */
export function* membersOf(bytes: Buffer, start: number): Generator<Member> {
  for (const at of partsOf(bytes, start)) {
    const behind = stringEnd(bytes, at + 1);
    const value = blanksEnd(bytes, blanksEnd(bytes, behind) + 1);
    yield { name: textOf(bytes, at + 1, behind - 1), isNull: bytes[value] === NULL };
  }
}

/** Where the members of an object, or the elements of an array, begin. */
function* partsOf(bytes: Buffer, start: number): Generator<number> {
  let at = blanksEnd(bytes, blanksEnd(bytes, start) + 1);
  while (bytes[at] !== CLOSE_OBJECT && bytes[at] !== CLOSE_ARRAY) {
    yield at;
    at = partEnd(bytes, at);
    if (bytes[at] === COMMA) at = blanksEnd(bytes, at + 1);
  }
}

/** What is wrong with an object that has a value in a member that is not read. */
export function memberWatch(bytes: Buffer, read: readonly string[], key: NameKey) {
  const known = new Set(read.map((name) => key(topMember(name))));
  return (start: number): RecordFault | null => {
    let position = 0;
    for (const { name, isNull } of membersOf(bytes, start)) {
      if (!isNull && !known.has(key(name))) return unexpected(name, position);
      position++;
    }
    return null;
  };
}

/** What is wrong with an array that has a value in an element that is not read. */
export function elementWatch(
  bytes: Buffer,
  fields: readonly string[],
  read: readonly string[],
  key: NameKey,
) {
  const unread = unreadPositions(fields, read, key);
  return (start: number): RecordFault | null => {
    let position = 0;
    for (const at of partsOf(bytes, start)) {
      if (bytes[at] !== NULL && unread.has(position)) return unexpected(fields[position] as string, position);
      position++;
    }
    return null;
  };
}

function textOf(bytes: Buffer, from: number, to: number): string {
  const text = bytes.subarray(from, to);
  return text.includes(BACKSLASH) ? unescaped(bytes, from, to) : text.toString('utf8');
}

function blanksEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (isBlank(bytes[at])) at++;
  return at;
}

/** The offset of the comma or the bracket behind it. */
function partEnd(bytes: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; ; ) {
    const byte = bytes[at];
    const closes = byte === CLOSE_OBJECT || byte === CLOSE_ARRAY;
    if (depth === 0 && (closes || byte === COMMA)) return at;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if (closes) depth--;
    at = byte === QUOTE ? stringEnd(bytes, at + 1) : at + 1;
  }
}

/** The names of the members of good records. */
export function memberNames(finder: RecordFinder, shard: Buffer, names: Contract['names']): string[] {
  const found = new Names(nameKey(names));
  const root = placeOfObject([], names === 'ignore-case');
  const reader = jsonReader(finder, shard, { kind: 'object', root, columns: [] });
  while (reader.find()) {
    if (reader.read() !== null) continue;
    for (const { name } of membersOf(shard, finder.start)) found.add(readingName(name));
  }
  return found.all();
}

/** The name that reads a member: one with `/` in front would be taken for a pointer. */
const readingName = (name: string): string =>
  name.startsWith('/') ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : name;

/** Of names as `memberNames` gives them. */
export const unreadMembers =
  (key: NameKey) =>
  (names: readonly string[], read: readonly string[]): string[] => {
    const known = new Set(read.map((name) => key(topMember(name))));
    return names.filter((name) => !known.has(key(topMember(name))));
  };

/** The member that a name, or the pointer that it is, leads to or into. */
const topMember = (name: string): string => pointerNames(name)?.[0] ?? name;
