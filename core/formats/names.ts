import { ForebayError } from '../errors.ts';
import type { Contract } from '../job/model.ts';
import type { RecordFault } from './chunks.ts';

/** What names that count as one have in common. */
export type NameKey = (name: string) => string;

/** Without case the letters A to Z are a to z, as in SQL and in Glue, and all others are what they are. */
export const nameKey = (names: Contract['names'] | undefined): NameKey =>
  names === 'ignore-case' ? withoutCase : asItIs;

export const withoutCase: NameKey = (name) => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const asItIs: NameKey = (name) => name;

/** So many names may be at the top level of a shard's records. */
export const maxNames = 10_000;

/** Names, each once as it first came, in the order in which they come; `NamesTooMany` where they are more than `maxNames`. */
export class Names {
  readonly #found = new Map<string, string>();
  readonly #key: NameKey;

  constructor(key: NameKey) {
    this.#key = key;
  }

  add(name: string): void {
    const key = this.#key(name);
    if (!this.#found.has(key)) this.#found.set(key, name);
    if (this.#found.size > maxNames) throw tooMany();
  }

  all(): string[] {
    return [...this.#found.values()];
  }
}

const tooMany = (): ForebayError =>
  new ForebayError(
    'NamesTooMany',
    `the records of a shard have more than ${maxNames} names at their top level, which may be data: ` +
      "read what is needed by paths, and leave the others with onNewColumn: 'discard-column'",
  );

/** Of fields that all records have, the positions of those that are not read. */
export function unreadPositions(
  fields: readonly string[],
  read: readonly string[],
  key: NameKey,
): ReadonlySet<number> {
  const known = new Set(read.map(key));
  return new Set(fields.flatMap((name, at) => (known.has(key(name)) ? [] : [at])));
}

export const unreadFields =
  (key: NameKey) =>
  (names: readonly string[], read: readonly string[]): string[] => {
    const unread = unreadPositions(names, read, key);
    return names.filter((_, at) => unread.has(at));
  };

/** The header's names, of which no two may count as one (`HeaderInvalid`). Those that are the same, case and all, are refused before. */
export function distinct(fields: string[], key: NameKey): string[] {
  const seen = new Map<string, number>();
  for (const [at, name] of fields.entries()) {
    const first = seen.get(key(name));
    if (first !== undefined) {
      throw new ForebayError(
        'HeaderInvalid',
        `header: fields ${first + 1} and ${at + 1} have names that differ in case only; ` +
          "put the file right, or tell them apart: names: 'exact'",
      );
    }
    seen.set(key(name), at);
  }
  return fields;
}

/** A field of a file or record by its name, or, where that may be data, by its position (`at`, from 0). */
export const shownField = (name: string, at: number): string =>
  /^[A-Za-z_@][A-Za-z0-9_]{0,63}$/.test(name) ? `field '${name}'` : `field ${at + 1}`;

/** Of a record with a value in a field that nothing reads. */
export const unexpected = (name: string, at: number): RecordFault => ({
  code: 'ColumnUnexpected',
  message: `${shownField(name, at)} has a value, and nothing in the contract reads it`,
});
