/** The fields of records that each have names of their own. */
import { Problem } from '../problem.ts';
import { readerOf } from '../read/records.ts';
import type { Field } from './names.ts';
import type { Part } from './survey.ts';

const maxFields = 1_000;

/**
 * All that any record has at its top, in the order in which they come first; of XML also what single elements hold,
 * since values stand below and in attributes there.
 */
export async function fieldsIn(kind: string, part: Part): Promise<Field[]> {
  const names = new Set<string>();
  const leaves = new Leaves();
  const add = (record: object) => {
    if (kind === 'xml') leaves.add(record);
    else for (const name of Object.keys(record)) names.add(name);
  };
  for (const shard of part.shards) {
    const from = await part.bytesOf(shard);
    await readerOf(kind)(from, { left: () => Number.POSITIVE_INFINITY }, async (_first, records) => {
      for (const record of records) add(JSON.parse(record));
    });
    if (names.size + leaves.size > maxFields) {
      throw new Problem(`the records have more than ${maxFields} different names, which makes no table`);
    }
  }
  return kind === 'xml' ? leaves.paths().flatMap(ofElement) : [...names].map(ofMember);
}

/** A name that begins as a path does is said as a JSON Pointer. */
const ofMember = (name: string): Field =>
  /^(\/|@|\.\.?\/)/.test(name)
    ? { name, path: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` }
    : { name, path: null };

/** Names that lead to the values of a record; what is a list in any of them is one value. */
class Leaves {
  /** By the path in JSON. */
  readonly #values = new Map<string, string[]>();

  get size(): number {
    return this.#values.size;
  }

  add(element: object, above: readonly string[] = []): void {
    for (const [name, value] of Object.entries(element)) {
      const path = [...above, name];
      const key = JSON.stringify(path);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        this.add(value, path);
      } else {
        this.#values.set(key, path);
      }
    }
  }

  paths(): string[][] {
    const all = [...this.#values.values()];
    const isOne = (path: readonly string[]) => this.#values.has(JSON.stringify(path));
    return all.filter((path) => !path.some((_, i) => i > 0 && isOne(path.slice(0, i))));
  }
}

/** An element's object does not tell an attribute from an element in it: both are asked for. */
function ofElement(path: readonly string[]): Field[] {
  const last = path.at(-1) ?? '';
  const above = path.slice(0, -1);
  const within = above.map((name) => `${name}/`).join('');
  if (last === '_text') {
    return [{ name: above.at(-1) ?? 'text', path: `./${above.join('/')}` }];
  }
  const name = path.join('_');
  if (above.length === 0) {
    return [
      { name, path: `@${last}` },
      { name, path: null },
    ];
  }
  return [
    { name, path: `./${within}@${last}` },
    { name, path: `./${within}${last}` },
  ];
}
