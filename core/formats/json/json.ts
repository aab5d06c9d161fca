import type { Contract, JsonFormat } from '../../job/model.ts';
import { asBuffer } from '../bytes.ts';
import { readInChunks } from '../chunks.ts';
import type { RecordFormat } from '../interfaces.ts';
import { marksFor } from '../marks.ts';
import { nameKey } from '../names.ts';
import { ElementFinder, locateRecords } from './find.ts';
import { memberNames, unreadMembers } from './members.ts';
import { objectReader } from './readers.ts';
import { documentScanner } from './scan.ts';
import { escapesIn } from './text.ts';

export function jsonFormat({ path }: JsonFormat, names: Contract['names']): RecordFormat {
  return {
    scanner: (limits) => documentScanner(path, limits),
    fields: () => null,
    names(shard) {
      const bytes = asBuffer(shard);
      return memberNames(new ElementFinder(bytes), bytes, names);
    },
    unread: unreadMembers(nameKey(names)),
    marks: (shard) => marksFor(shard, escapesIn(asBuffer(shard))),
    read(shard, wanted, onChunk) {
      const bytes = asBuffer(shard);
      const { reader, columns } = objectReader(new ElementFinder(bytes), bytes, wanted, names);
      return readInChunks(reader, columns, onChunk);
    },
    locate: (shard, records) => locateRecords(new ElementFinder(asBuffer(shard)), records, shard.length),
  };
}
