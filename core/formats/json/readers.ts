/** Readers of records that are objects, and of such as are arrays, for what is wanted of them. */
import type { Contract } from '../../job/model.ts';
import type { RecordReader } from '../chunks.ts';
import { ColumnText } from '../column-text.ts';
import type { Wanted } from '../interfaces.ts';
import { type NameKey, nameKey } from '../names.ts';
import type { RecordFinder } from './find.ts';
import { elementWatch, memberWatch } from './members.ts';
import { placeOfArray, placeOfObject } from './place.ts';
import { jsonReader } from './read.ts';

/** The reader gives the columns their texts. */
export interface ColumnReader {
  reader: RecordReader;
  columns: ColumnText[];
}

export function objectReader(
  finder: RecordFinder,
  shard: Buffer,
  { names: read, marks, rejectsUnread, tellsAbsent }: Wanted,
  names: Contract['names'],
): ColumnReader {
  const columns = read.map(() => new ColumnText(marks));
  const root = placeOfObject(read, names === 'ignore-case');
  const watch = rejectsUnread ? memberWatch(shard, read, nameKey(names)) : undefined;
  return {
    columns,
    reader: jsonReader(finder, shard, { kind: 'object', root, columns, tellsAbsent, watch }),
  };
}

export function arrayReader(
  finder: RecordFinder,
  shard: Buffer,
  { fields, names: read, marks, rejectsUnread }: Wanted & { fields: readonly string[] },
  key: NameKey,
): ColumnReader {
  const columns = read.map(() => new ColumnText(marks));
  const root = placeOfArray(fields, read, key);
  const watch = rejectsUnread ? elementWatch(shard, fields, read, key) : undefined;
  return {
    columns,
    reader: jsonReader(finder, shard, { kind: { width: fields.length }, root, columns, watch }),
  };
}
