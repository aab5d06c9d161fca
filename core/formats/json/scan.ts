/** Extract's reading of a JSON document: it counts records and finds where the document may be cut. */
import type { ScanLimits, Scanner } from '../interfaces.ts';
import { behindMark } from '../opening.ts';
import { rangesOf } from '../ranges.ts';
import { OPEN_ARRAY } from './grammar.ts';
import { DocumentWalker } from './scan-document.ts';
import { ElementWalker } from './scan-elements.ts';

/** One walks what is around the records, the other the records, each where the other stops. */
export function documentScanner(path: string, { shardBytes, maxRecordBytes }: ScanLimits): Scanner {
  const ranges = rangesOf(false, shardBytes);
  const around = new DocumentWalker(path, maxRecordBytes);
  let records: ElementWalker | null = null;

  const open = (bracket: number | undefined): ElementWalker =>
    new ElementWalker(bracket === OPEN_ARRAY, maxRecordBytes, ranges.add);

  const file = behindMark((chunk, offset) => {
    let at = 0;
    while (at < chunk.length) {
      if (records === null) at = around.push(chunk, at, offset);
      else at = records.push(chunk, at, offset);
      if (records?.done) {
        around.behindRecords();
        records = null;
      } else if (records === null && around.atRecords && at < chunk.length) {
        records = open(chunk[at]);
        // an array's bracket is behind us, an object's is the record's first byte
        if (chunk[at] === OPEN_ARRAY) at++;
      }
    }
  });
  return {
    push: file.push,
    end() {
      around.end(file.end());
      return ranges.scan();
    },
  };
}
