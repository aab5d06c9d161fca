/**
 * Extract's reading of CSV: it counts records and finds where a file may be cut. It shares no code with `read.ts`; only
 * a delimiter that has to be found is found with Envelope's fields, and then given to both.
 */

import type { CsvFormat } from '../../job/model.ts';
import type { Scan } from '../../shard.ts';
import { asBuffer } from '../bytes.ts';
import type { ScanLimits, Scanner } from '../interfaces.ts';
import { DETECT, dialectOf, type QuoteFault } from './dialect.ts';
import { type Opened, opening } from './open.ts';
import { RecordWalker } from './walk.ts';

export function csvScanner(format: CsvFormat, limits: ScanLimits): Scanner {
  const ranges = collector(format.header, limits.shardBytes);
  const first = opening(format);
  let bytes = 0;
  let walker: RecordWalker | null = null;
  let detected: Pick<Scan, 'delimiter'> = {};

  const walk = ({ passed, records, delimiter }: Opened): void => {
    if (delimiter === null) return;
    if (format.delimiter === DETECT) detected = { delimiter };
    walker = new RecordWalker(dialectOf({ ...format, delimiter }), limits.maxRecordBytes, ranges.add);
    walker.skip(passed);
    walker.push(records);
  };
  return {
    push(chunk) {
      const buffer = asBuffer(chunk);
      bytes += buffer.length;
      if (walker !== null) return walker.push(buffer);
      const opened = first.push(buffer);
      if (opened !== null) walk(opened);
    },
    end() {
      if (walker === null) walk(first.end());
      walker?.end();
      return { ...ranges.close(bytes), ...detected };
    },
  };
}

/** Puts records, as they come, into ranges of at least `shardBytes`; the first one may be the header. */
function collector(header: CsvFormat['header'], shardBytes: number) {
  const scan: Scan = { records: 0, header: null, ranges: [] };
  let range: Scan['ranges'][number] | null = null;
  const cut = (at: number): void => {
    if (range !== null) range.length = at - range.offset;
  };
  return {
    add(start: number, end: number, fault: QuoteFault): void {
      if (header === true && scan.header === null) {
        scan.header = { offset: start, length: end - start };
        return;
      }
      // where there is no header, the first record whose quotes are right tells how many fields there are
      if (header === false && fault === 'none') scan.header ??= { offset: start, length: end - start };
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
