/** Extract's reading of CSV: it counts records and finds where a file may be cut. It shares no code with `read.ts`. */
import type { CsvFormat } from '../../job/model.ts';
import type { ByteRange, Scan } from '../../shard.ts';
import type { ScanLimits, Scanner } from '../interfaces.ts';
import { byteOrderMark } from '../text.ts';
import { dialectOf } from './dialect.ts';
import { RecordWalker } from './walk.ts';

export function csvScanner(format: CsvFormat, limits: ScanLimits): Scanner {
  const hasHeader = format.header === true;
  const ranges: Array<ByteRange & { records: number }> = [];
  let header: ByteRange | null = null;
  let range: (ByteRange & { records: number }) | null = null;
  let bytes = 0;
  let head: Buffer | null = Buffer.alloc(0);

  const onRecord = (start: number, end: number): void => {
    if (hasHeader && header === null) {
      header = { offset: start, length: end - start };
      return;
    }
    if (range === null || start - range.offset >= limits.shardBytes) {
      if (range !== null) range.length = start - range.offset;
      range = { offset: start, length: 0, records: 0 };
      ranges.push(range);
    }
    range.records++;
  };
  const walker = new RecordWalker(dialectOf(format), limits.maxRecordBytes, onRecord);

  /** The first four bytes tell the encoding; they may come one by one. */
  const open = (first: Buffer): void => {
    head = null;
    const mark = byteOrderMark(first);
    walker.skip(mark);
    walker.push(first.subarray(mark));
  };

  return {
    push(chunk) {
      const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      bytes += buffer.length;
      if (head === null) return walker.push(buffer);
      head = Buffer.concat([head, buffer]);
      if (head.length >= 4) open(head);
    },
    end(): Scan {
      if (head !== null) open(head);
      walker.end();
      const last = ranges.at(-1);
      if (last !== undefined) last.length = bytes - last.offset;
      return { records: ranges.reduce((sum, { records }) => sum + records, 0), header, ranges };
    },
  };
}
