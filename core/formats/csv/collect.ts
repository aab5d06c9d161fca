import type { Malformed, RecordChunk } from '../interfaces.ts';
import type { Examiner } from './examine.ts';

/** Rows on their way to columns. */
export interface Collector {
  add(row: Array<string | null>): void;
  /** A record that csv-parse does not hand out. */
  addMalformed(fault: Omit<Malformed, 'record'>): void;
  /** The chunks that are full; at the end, what is left as well. */
  take(atEnd?: boolean): RecordChunk[];
  readonly records: number;
  readonly malformed: Malformed[];
}

const chunkRecords = 2_048;

/** Each row is examined and taken apart at once: to keep rows for later costs more than both. */
export function collector(examine: Examiner, width: number): Collector {
  const empty = (): RecordChunk => ({ records: [], columns: Array.from({ length: width }, () => []) });
  const malformed: Malformed[] = [];
  let chunk = empty();
  let full: RecordChunk[] = [];
  let records = 0;
  return {
    malformed,
    get records() {
      return records;
    },
    add: (row) => {
      const record = records++;
      const fault = examine(row, record);
      if (fault !== null) {
        malformed.push({ record, ...fault });
        return;
      }
      const { columns } = chunk;
      for (let f = 0; f < width; f++) columns[f]?.push(row[f] ?? null);
      if (chunk.records.push(record) < chunkRecords) return;
      full.push(chunk);
      chunk = empty();
    },
    addMalformed: (fault) => {
      malformed.push({ record: records++, ...fault });
    },
    take: (atEnd = false) => {
      if (atEnd && chunk.records.length > 0) full.push(chunk);
      if (full.length === 0) return [];
      const taken = full;
      full = [];
      return taken;
    },
  };
}
