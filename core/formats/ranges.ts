import type { Scan } from '../shard.ts';

export interface Ranges {
  /** A record's first byte and the one behind its last, in the file's order. */
  add(start: number, end: number): void;
  scan(): Scan;
}

/**
 * Puts records, as they come, into ranges of at least `shardBytes`, each from its first record to the end of its last;
 * the first record of all may be the header.
 */
export function rangesOf(hasHeader: boolean, shardBytes: number): Ranges {
  const scan: Scan = { records: 0, header: null, ranges: [] };
  let range: Scan['ranges'][number] | null = null;
  return {
    add(start, end) {
      if (hasHeader && scan.header === null) {
        scan.header = { offset: start, length: end - start };
        return;
      }
      if (range === null || start - range.offset >= shardBytes) {
        range = { offset: start, length: 0, records: 0 };
        scan.ranges.push(range);
      }
      range.length = end - range.offset;
      range.records++;
      scan.records++;
    },
    scan: () => scan,
  };
}
