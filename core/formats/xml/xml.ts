import { ForebayError } from '../../errors.ts';
import type { Contract, XmlFormat } from '../../job/model.ts';
import type { ByteRange, Detected } from '../../shard.ts';
import { asBuffer } from '../bytes.ts';
import type { RecordFormat } from '../interfaces.ts';
import { nameKey } from '../names.ts';
import { RecordFinder } from './find.ts';
import { elementNames, unreadElements } from './names.ts';
import { readXml } from './read.ts';
import { xmlScanner } from './scan.ts';

/** `detected`: with the context of the range that is read. The scanner itself needs none of it. */
export function xmlFormat(
  format: XmlFormat,
  { context = '' }: Detected,
  names: Contract['names'],
): RecordFormat {
  const key = nameKey(names);
  return {
    scanner: (limits) => xmlScanner(format, limits, key),
    fields: () => null,
    names: (shard) => elementNames(format, asBuffer(shard), context, key),
    unread: (found, read) => unreadElements(format, found, read, key),
    // control characters that XML has in no form (XML 1.0, 2.2 and 4.1)
    marks: () => ({ separator: '\u001f', none: '\u001e' }),
    read: (shard, wanted, onChunk) => readXml({ format, names, context }, asBuffer(shard), wanted, onChunk),
    locate: (shard, records) => locate(format, asBuffer(shard), context, records),
  };
}

function locate(format: XmlFormat, shard: Buffer, context: string, records: readonly number[]): ByteRange[] {
  const finder = new RecordFinder(format, shard, context);
  let found = -1;
  return records.map((record) => {
    for (; found < record; found++) {
      if (!finder.find()) {
        const what = `the reading of a shard of ${shard.length} bytes finds no record ${record} in it`;
        throw new ForebayError('CountMismatch', `${what}; report this file`);
      }
    }
    return { offset: finder.start, length: finder.end - finder.start };
  });
}
