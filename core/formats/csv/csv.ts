import { ForebayError } from '../../errors.ts';
import type { Contract, CsvFormat } from '../../job/model.ts';
import type { Detected } from '../../shard.ts';
import { asBuffer } from '../bytes.ts';
import type { RecordFormat } from '../interfaces.ts';
import { marksFor } from '../marks.ts';
import { distinct, nameKey, unreadFields } from '../names.ts';
import { dialectOf } from './dialect.ts';
import { csvFields } from './header.ts';
import { recordFinder } from './locate.ts';
import { readCsv } from './read.ts';
import { csvScanner } from './scan.ts';

const unknown = (record: number, bytes: number): ForebayError =>
  new ForebayError(
    'CountMismatch',
    `the scan of a shard of ${bytes} bytes finds no record ${record} in it; report this file`,
  );

/** `detected`: what the file's scan found out. The scanner itself needs none of it. */
export function csvFormat(declared: CsvFormat, detected: Detected, names: Contract['names']): RecordFormat {
  const key = nameKey(names);
  const format = { ...declared, delimiter: detected.delimiter ?? declared.delimiter };
  return {
    scanner: (limits) => csvScanner(format, limits),
    fields: (header) => distinct(csvFields(format, header), key),
    names: (_, fields) => [...(fields ?? [])],
    unread: unreadFields(key),
    marks: marksFor,
    read: (shard, wanted, onChunk) => readCsv(format, asBuffer(shard), wanted, key, onChunk),
    locate(shard, records) {
      const find = recordFinder(dialectOf(format), asBuffer(shard));
      return records.map((record) => {
        const found = find(record);
        if (found === null) throw unknown(record, shard.length);
        return found;
      });
    },
  };
}
