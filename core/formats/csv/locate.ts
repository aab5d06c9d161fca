/**
 * Where single records lie: for pointers in rejects, and for looking at a record's own bytes where csv-parse's
 * fields do not tell enough. It takes no part in any count.
 */
import type { ByteRange } from '../../shard.ts';
import type { Dialect } from './dialect.ts';
import { type QuoteFault, RecordWalker } from './walk.ts';

export interface LocatedRecord extends ByteRange {
  quotes: QuoteFault;
}

/** How many bytes are walked at a time: so much is looked ahead of the record that is asked for. */
const STEP = 65_536;

/** Finds records of a shard by their numbers, asked for in ascending order: all of them take one pass. */
export function recordFinder(dialect: Dialect, shard: Buffer): (record: number) => LocatedRecord | null {
  let found: LocatedRecord[] = [];
  let first = 0;
  let walked = 0;
  const walker = new RecordWalker(dialect, Number.POSITIVE_INFINITY, (start, end, quotes) =>
    found.push({ offset: start, length: end - start, quotes }),
  );
  return (record) => {
    while (record >= first + found.length) {
      if (walked > shard.length) return null;
      first += found.length;
      found = [];
      walker.push(shard.subarray(walked, walked + STEP));
      walked += STEP;
      if (walked >= shard.length) {
        walker.end();
        walked = Number.POSITIVE_INFINITY;
      }
    }
    return found[record - first] ?? null;
  };
}

/** Which fields of one record are quoted, by position. `record`: its bytes without the line end, well-formed. */
export function quotedFields(dialect: Dialect, record: Buffer): boolean[] {
  const { delimiter, quoteByte } = dialect;
  const fields: boolean[] = [];
  let at = 0;
  for (;;) {
    const quoted = record[at] === quoteByte;
    fields.push(quoted);
    const next = record.indexOf(delimiter, quoted ? closingQuote(dialect, record, at) : at);
    if (next === -1) return fields;
    at = next + delimiter.length;
  }
}

/** The offset of the quote that closes the field which opens at `open`. */
function closingQuote({ quoteByte, escapeByte }: Dialect, record: Buffer, open: number): number {
  for (let at = open + 1; at < record.length; at++) {
    const escapes = record[at] === escapeByte && (escapeByte !== quoteByte || record[at + 1] === quoteByte);
    if (escapes) at++;
    else if (record[at] === quoteByte) return at;
  }
  return record.length;
}
