import type { CsvFormat } from '../../job/model.ts';
import type { RecordFormat } from '../interfaces.ts';
import { dialectOf } from './dialect.ts';
import { csvFields } from './header.ts';
import { recordFinder } from './locate.ts';
import { readCsv } from './read.ts';
import { csvScanner } from './scan.ts';

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function csvFormat(format: CsvFormat): RecordFormat {
  return {
    scanner: (limits) => csvScanner(format, limits),
    fields: (header) => csvFields(format, header),
    read: (shard, fields, onChunk) => readCsv(format, asBuffer(shard), fields, onChunk),
    locate(shard, records) {
      const find = recordFinder(dialectOf(format), asBuffer(shard));
      return records.map((record) => {
        const found = find(record);
        if (found === null)
          throw new RangeError(`record ${record} is not in a shard of ${shard.length} bytes`);
        return { offset: found.offset, length: found.length };
      });
    },
  };
}
