/** Extract's reading of CSV: it counts records and finds where a file may be cut. It shares no code with `read.ts`. */
import type { CsvFormat } from '../../job/model.ts';
import type { Scan } from '../../shard.ts';
import type { ScanLimits, Scanner } from '../interfaces.ts';
import { byteOrderMark } from '../text.ts';
import { dialectOf } from './dialect.ts';
import { RecordWalker } from './walk.ts';

export function csvScanner(format: CsvFormat, limits: ScanLimits): Scanner {
  const ranges = collector(format.header === true, limits.shardBytes);
  const walker = new RecordWalker(dialectOf(format), limits.maxRecordBytes, ranges.add);
  let bytes = 0;
  let head: Buffer | null = Buffer.alloc(0);

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
    end() {
      if (head !== null) open(head);
      walker.end();
      return ranges.close(bytes);
    },
  };
}

/** Puts records, as they come, into ranges of at least `shardBytes`; the first one may be the header. */
function collector(hasHeader: boolean, shardBytes: number) {
  const scan: Scan = { records: 0, header: null, ranges: [] };
  let range: Scan['ranges'][number] | null = null;
  const cut = (at: number): void => {
    if (range !== null) range.length = at - range.offset;
  };
  return {
    add(start: number, end: number): void {
      if (hasHeader && scan.header === null) {
        scan.header = { offset: start, length: end - start };
        return;
      }
      if (range === null || start - range.offset >= shardBytes) {
        cut(start);
        range = { offset: start, length: 0, records: 0 };
        scan.ranges.push(range);
      }
      range.records++;
      scan.records++;
    },
    close(bytes: number): Scan {
      cut(bytes);
      return scan;
    },
  };
}
