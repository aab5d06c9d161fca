import type { ColumnText } from './column-text.ts';
import type { Malformed, ReadSummary, RecordChunk } from './interfaces.ts';

/** What is wrong with a record. */
export type RecordFault = Omit<Malformed, 'record'>;

/** A shard's records, one after the other. */
export interface RecordReader {
  /** Goes on to the next one; `false`: there is none. */
  find(): boolean;
  /** Adds the values of the one that was found to the columns, or tells its fault. */
  read(): RecordFault | null;
}

const chunkRecords = 2_048;

/** Reads all records, and hands on the good ones in chunks. A faulty one ends its chunk. */
export async function readInChunks(
  reader: RecordReader,
  columns: readonly ColumnText[],
  onChunk: (chunk: RecordChunk) => void | Promise<void>,
): Promise<ReadSummary> {
  const malformed: Malformed[] = [];
  let records = 0;
  let count = 0;
  const handOn = async (): Promise<void> => {
    if (count === 0) return;
    const chunk = { first: records - count, count, columns: columns.map((column) => column.take()) };
    count = 0;
    await onChunk(chunk);
  };
  while (reader.find()) {
    const fault = reader.read();
    if (fault === null) {
      for (const column of columns) column.keep();
      records++;
      count++;
      if (count === chunkRecords) await handOn();
    } else {
      for (const column of columns) column.drop();
      await handOn();
      malformed.push({ record: records++, ...fault });
    }
  }
  await handOn();
  return { records, malformed };
}
