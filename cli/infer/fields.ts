/** The fields of records that each have names of their own. */
import { Problem } from '../problem.ts';
import { readerOf } from '../read/records.ts';
import type { Field } from './names.ts';
import type { Part } from './survey.ts';

const maxFields = 1_000;

/** All that any record has at its top, in the order in which they come first. */
export async function fieldsIn(kind: string, part: Part): Promise<Field[]> {
  const names = new Set<string>();
  for (const shard of part.shards) {
    const from = await part.bytesOf(shard);
    await readerOf(kind)(from, { left: () => Number.POSITIVE_INFINITY }, async (_first, records) => {
      for (const record of records) for (const name of Object.keys(JSON.parse(record))) names.add(name);
    });
    if (names.size > maxFields) {
      throw new Problem(`the records have more than ${maxFields} different names, which makes no table`);
    }
  }
  return [...names].flatMap(kind === 'xml' ? ofElement : ofMember);
}

/** A name that begins as a path does is said as a JSON Pointer. */
const ofMember = (name: string): Field[] =>
  /^(\/|@|\.\.?\/)/.test(name)
    ? [{ name, path: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` }]
    : [{ name, path: null }];

/** An element's object does not tell an attribute from an element in it: both are asked for. */
const ofElement = (name: string): Field[] =>
  name === '_text'
    ? [{ name: 'text', path: './' }]
    : [
        { name, path: `@${name}` },
        { name, path: null },
      ];
