import type { NdjsonFormat } from '../../job/model.ts';
import { asBuffer } from '../bytes.ts';
import { readInChunks } from '../chunks.ts';
import { ColumnText } from '../column-text.ts';
import type { RecordFormat } from '../interfaces.ts';
import { marksFor } from '../marks.ts';
import { LineFinder, locateRecords } from './find.ts';
import { ndjsonFields } from './header.ts';
import { placeOfArray, placeOfObject } from './place.ts';
import { jsonReader } from './read.ts';
import { lineScanner } from './scan-lines.ts';
import { escapesIn } from './text.ts';

export function ndjsonFormat(format: NdjsonFormat): RecordFormat {
  return {
    scanner: (limits) => lineScanner(format.header === 'first-line', limits),
    fields: (header) => ndjsonFields(format, header),
    marks: (shard) => marksFor(shard, escapesIn(asBuffer(shard))),
    read(shard, { fields, names, marks }, onChunk) {
      const bytes = asBuffer(shard);
      const columns = names.map(() => new ColumnText(marks));
      const kind = fields === null ? 'object' : { width: fields.length };
      const root = fields === null ? placeOfObject(names) : placeOfArray(fields, names);
      return readInChunks(jsonReader(kind, new LineFinder(bytes), bytes, root, columns), columns, onChunk);
    },
    locate: (shard, records) => locateRecords(new LineFinder(asBuffer(shard)), records, shard.length),
  };
}
