/**
 * What a format is. Two readings that share no code: Extract's `Scanner` finds where records begin and counts
 * them; Envelope's `read` gives their fields. Reconcile compares the two counts.
 */
import type { ByteRange, RejectCode, Scan } from '../shard.ts';

export interface ScanLimits {
  /** A range ends at the first record that begins at or behind this many bytes. */
  shardBytes: number;
  /** A longer record refuses the file (`RecordTooLarge`), in bounded memory. */
  maxRecordBytes: number;
}

/** Fed with an object's bytes in chunks of any size, in order. */
export interface Scanner {
  push(chunk: Uint8Array): void;
  end(): Scan;
}

/** Records as columns of texts: `columns[f][i]` is field `f` of the chunk's record `i`; `null` is the format's null. */
export interface RecordChunk {
  /** Number, from 0 within the shard, of each of the chunk's good records. Ascending. */
  records: number[];
  columns: Array<Array<string | null>>;
}

/** A record that the format itself refuses. */
export interface Malformed {
  /** From 0 within the shard. */
  record: number;
  code: RejectCode;
  message: string;
}

export interface ReadSummary {
  /** Records seen, malformed ones included. */
  records: number;
  malformed: Malformed[];
}

export interface RecordFormat {
  scanner(limits: ScanLimits): Scanner;
  /** The source's field names: from the header's bytes, or as given in the job. Throws `HeaderInvalid`. */
  fields(header: Uint8Array | null): string[];
  /** Reads one shard whole; `onChunk` is awaited, so that memory stays bounded by the shard and one chunk. */
  read(
    shard: Uint8Array,
    fields: readonly string[],
    onChunk: (chunk: RecordChunk) => void | Promise<void>,
  ): Promise<ReadSummary>;
  /** Where records (numbers within the shard, ascending) lie, in bytes from the shard's start. */
  locate(shard: Uint8Array, records: readonly number[]): ByteRange[];
}
