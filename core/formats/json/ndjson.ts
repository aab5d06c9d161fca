import type { Contract, NdjsonFormat } from '../../job/model.ts';
import { asBuffer } from '../bytes.ts';
import { readInChunks } from '../chunks.ts';
import type { RecordFormat } from '../interfaces.ts';
import { marksFor } from '../marks.ts';
import { distinct, nameKey, unreadFields } from '../names.ts';
import { LineFinder, locateRecords } from './find.ts';
import { ndjsonFields } from './header.ts';
import { memberNames, unreadMembers } from './members.ts';
import { arrayReader, objectReader } from './readers.ts';
import { lineScanner } from './scan-lines.ts';
import { escapesIn } from './text.ts';

export function ndjsonFormat(format: NdjsonFormat, names: Contract['names']): RecordFormat {
  const key = nameKey(names);
  return {
    scanner: (limits) => lineScanner(format.header === 'first-line', limits),
    fields(header) {
      const fields = ndjsonFields(format, header);
      return fields === null ? null : distinct(fields, key);
    },
    names(shard, fields) {
      const bytes = asBuffer(shard);
      return fields === null ? memberNames(new LineFinder(bytes), bytes, names) : [...fields];
    },
    unread: format.header === null ? unreadMembers(key) : unreadFields(key),
    marks: (shard) => marksFor(shard, escapesIn(asBuffer(shard))),
    read(shard, wanted, onChunk) {
      const bytes = asBuffer(shard);
      const finder = new LineFinder(bytes);
      const { reader, columns } =
        wanted.fields === null
          ? objectReader(finder, bytes, wanted, names)
          : arrayReader(finder, bytes, { ...wanted, fields: wanted.fields }, key);
      return readInChunks(reader, columns, onChunk);
    },
    locate: (shard, records) => locateRecords(new LineFinder(asBuffer(shard)), records, shard.length),
  };
}
