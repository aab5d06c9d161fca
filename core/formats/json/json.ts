import type { JsonFormat } from '../../job/model.ts';
import { asBuffer } from '../bytes.ts';
import { readInChunks } from '../chunks.ts';
import { ColumnText } from '../column-text.ts';
import type { RecordFormat } from '../interfaces.ts';
import { marksFor } from '../marks.ts';
import { ElementFinder, locateRecords } from './find.ts';
import { placeOfObject } from './place.ts';
import { jsonReader } from './read.ts';
import { documentScanner } from './scan.ts';
import { escapesIn } from './text.ts';

export function jsonFormat({ path }: JsonFormat): RecordFormat {
  return {
    scanner: (limits) => documentScanner(path, limits),
    fields: () => null,
    marks: (shard) => marksFor(shard, escapesIn(asBuffer(shard))),
    read(shard, { names, marks }, onChunk) {
      const bytes = asBuffer(shard);
      const columns = names.map(() => new ColumnText(marks));
      const reader = jsonReader('object', new ElementFinder(bytes), bytes, placeOfObject(names), columns);
      return readInChunks(reader, columns, onChunk);
    },
    locate: (shard, records) => locateRecords(new ElementFinder(asBuffer(shard)), records, shard.length),
  };
}
