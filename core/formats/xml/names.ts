/** What a record has at its top level, by the paths that read it: `Price` for a child element, `@id` for an attribute. */
import { isUtf8 } from 'node:buffer';
import type { XmlFormat } from '../../job/model.ts';
import type { RecordFault } from '../chunks.ts';
import type { Wanted } from '../interfaces.ts';
import { type NameKey, Names, unexpected } from '../names.ts';
import { RecordFinder } from './find.ts';
import { fieldPath, nameAs } from './path.ts';
import { Tags } from './tags.ts';

/** Attributes, then elements, in the record's order; those that come again come again. */
export function* namesIn(record: Buffer, namespaces: XmlFormat['namespaces']): Generator<string> {
  const tags = new Tags(record);
  if (!tags.next()) return;
  yield* attributeNames(record.toString('utf8', tags.start, tags.end), namespaces);
  let depth = tags.kind === 'open' ? 1 : 0;
  while (depth > 0 && tags.next()) {
    if (depth === 1 && tags.kind !== 'close') yield nameAs(namespaces, tags.name());
    if (tags.kind === 'open') depth++;
    if (tags.kind === 'close') depth--;
  }
}

/** Declarations of namespaces are none (Namespaces in XML 1.0, 3). */
function* attributeNames(tag: string, namespaces: XmlFormat['namespaces']): Generator<string> {
  for (const [, name = ''] of tag.matchAll(/([^ \t\r\n=<>"'/]+)[ \t\r\n]*=[ \t\r\n]*(?:"[^"]*"|'[^']*')/g)) {
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) yield `@${nameAs(namespaces, name)}`;
  }
}

/** What is wrong with a record that has a name twice but for its case, or something that is not read. */
export function nameFault(
  { namespaces }: XmlFormat,
  read: readonly string[],
  { rejectsUnread = false }: Pick<Wanted, 'rejectsUnread'>,
  key: NameKey,
): (record: Buffer) => RecordFault | null {
  const known = rejectsUnread ? topNames(namespaces, read, key) : null;
  return (record) => {
    const seen = new Map<string, { name: string; at: number }>();
    let unread: RecordFault | null = null;
    let at = 0;
    for (const name of namesIn(record, namespaces)) {
      const first = seen.get(key(name));
      if (first === undefined) seen.set(key(name), { name, at });
      else if (first.name !== name) return sameButForCase(first.at, at);
      if (known !== null && !known.has(key(name))) unread ??= unexpected(name, at);
      at++;
    }
    return unread;
  };
}

const sameButForCase = (first: number, second: number): RecordFault => ({
  code: 'DuplicateKey',
  message: `fields ${first + 1} and ${second + 1} have names that differ in case only`,
});

/** Of all good records of a range. */
export function elementNames(format: XmlFormat, shard: Buffer, context: string, key: NameKey): string[] {
  const names = new Names(key);
  const finder = new RecordFinder(format, shard, context);
  const fault = nameFault(format, [], {}, key);
  const allUtf8 = isUtf8(shard);
  while (finder.find()) {
    const record = shard.subarray(finder.start, finder.end);
    if ((!allUtf8 && !isUtf8(record)) || fault(record) !== null) continue;
    for (const name of namesIn(record, format.namespaces)) names.add(name);
  }
  return names.all();
}

export function unreadElements(
  { namespaces }: XmlFormat,
  names: readonly string[],
  read: readonly string[],
  key: NameKey,
): string[] {
  const known = topNames(namespaces, read, key);
  return known === null ? [] : names.filter((name) => !known.has(key(name)));
}

/** What paths lead to or into; `null`: one of them reads the record as a whole. */
function topNames(
  namespaces: XmlFormat['namespaces'],
  paths: readonly string[],
  key: NameKey,
): Set<string> | null {
  const known = new Set<string>();
  for (const text of paths) {
    const path = fieldPath(text, namespaces === 'keep');
    if (path === null || path.up > 0) continue;
    const top = path.steps[0]?.name ?? (path.attribute === null ? null : `@${path.attribute}`);
    if (top === null) return null;
    known.add(key(top));
  }
  return known;
}
