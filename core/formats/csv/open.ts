/** How the scan begins: what stands before a file's records, and the delimiter where the job leaves it open. */
import type { CsvFormat } from '../../job/model.ts';
import { byteOrderMark } from '../text.ts';
import { detectDelimiter, sampleBytes } from './detect.ts';
import { DETECT } from './dialect.ts';
import { rowSkipper } from './rows.ts';

export interface Opened {
  /** Bytes before the records: byte order mark and skipped rows. */
  passed: number;
  /** The first bytes behind them. */
  records: Buffer;
  /** `null`: it had to be found, and the file has no record. */
  delimiter: string | null;
}

/** Fed with chunks of any size up to the one that it answers; `end`: the file's end came before. */
export function opening(format: CsvFormat): { push(chunk: Buffer): Opened | null; end(): Opened } {
  const detects = format.delimiter === DETECT;
  // the first four bytes tell the encoding, and may come one by one
  const head = gatherer(4);
  const skipRows = rowSkipper(format.skipRows);
  const sample = gatherer(detects ? sampleBytes : 0);
  let passed = 0;
  const opened = (records: Buffer, whole: boolean): Opened => {
    const delimiter = detects
      ? detectDelimiter(format, records.subarray(0, sampleBytes), whole)
      : format.delimiter;
    return { passed, records, delimiter };
  };
  const behindMark = (chunk: Buffer): Opened | null => {
    const rest = skipRows(chunk);
    passed += chunk.length - (rest?.length ?? 0);
    const records = rest && sample.add(rest);
    return records && opened(records, false);
  };
  const begin = (first: Buffer): Opened | null => {
    passed = byteOrderMark(first.subarray(0, 4));
    return behindMark(first.subarray(passed));
  };
  return {
    push(chunk) {
      if (head.isFull()) return behindMark(chunk);
      const first = head.add(chunk);
      return first && begin(first);
    },
    end() {
      const last = head.isFull() ? null : begin(head.rest());
      return last ?? opened(sample.rest(), true);
    },
  };
}

/** Holds chunks back until they have as many bytes, and then gives all of them at once. */
function gatherer(wanted: number) {
  let held: Buffer[] = [];
  let length = 0;
  let full = false;
  const rest = (): Buffer => {
    const all = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held);
    held = [];
    full = true;
    return all;
  };
  return {
    isFull: () => full,
    add(chunk: Buffer): Buffer | null {
      held.push(chunk);
      length += chunk.length;
      return length >= wanted ? rest() : null;
    },
    rest,
  };
}
