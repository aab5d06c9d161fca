/**
 * What a format is. Two readings that share no code: Extract's `Scanner` finds where records begin and counts
 * them; Envelope's `read` gives their fields. Reconcile compares the two counts.
 */

import type { ByteRange, RejectCode, Scan } from '../shard.ts';
import type { Marks } from './marks.ts';

export interface ScanLimits {
  /** A range ends at the first record that begins at or behind this many bytes. */
  shardBytes: number;
  /** A longer record refuses the file (`RecordTooLarge`), in bounded memory. */
  maxRecordBytes: number;
  /**
   * The paths that the job reads its columns from, for formats that carry what stands above a record with a range.
   * Where they are not given, any may be asked for.
   */
  paths?: readonly string[];
}

/** Fed with an object's bytes in chunks of any size, in order. */
export interface Scanner {
  push(chunk: Uint8Array): void;
  end(): Scan;
}

/** The form that a contract's type asks for: where one element may be one of several, only the type can tell. */
export type Shape =
  | 'text'
  | { list: Shape }
  /** A struct's. */
  | { members: ReadonlyMap<string, Shape> }
  /** A map's. */
  | { values: Shape };

/** Which of the source's fields a reading gives, and how. */
export interface Wanted {
  /** All that the source has, as `fields` gave them. */
  fields: readonly string[] | null;
  /** Of those that are read, each once. */
  names: readonly string[];
  /** Of those names whose type is nested, for formats whose values have no form of their own. */
  shapes?: ReadonlyMap<string, Shape>;
  marks: Marks;
  /** A record with a value in a field that none of the names leads to is malformed (`ColumnUnexpected`). */
  rejectsUnread?: boolean;
  /** Of formats whose records have names of their own: what a record does not have is the mark for null twice. */
  tellsAbsent?: boolean;
}

/** Good records that follow each other. */
export interface RecordChunk {
  /** The first one's number, from 0 within the shard. */
  first: number;
  count: number;
  /** For each of the names the texts of all the records, with marks between them and for the format's null. */
  columns: string[];
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
  /**
   * The source's field names: from the bytes of the scan's `header`, or as given in the job. `null`: each record has names of its
   * own. Throws `HeaderInvalid`.
   */
  fields(header: Uint8Array | null): string[] | null;
  /**
   * The fields at the top level of a shard's good records, by the names that read them: those of `fields`, or, where
   * each record has names of its own, members, child elements and attributes (`@id`). Each once, in the order in which
   * they first come. `NamesTooMany` where more than 10,000 are in the shard's records.
   */
  names(shard: Uint8Array, fields: readonly string[] | null): string[];
  /** Of such names those that nothing of what is read leads to: no field, and no path into one. */
  unread(names: readonly string[], read: readonly string[]): string[];
  /** Characters that no text of the shard holds. */
  marks(shard: Uint8Array): Marks;
  /** Reads one shard whole; `onChunk` is awaited, so that memory stays bounded by the shard and one chunk. */
  read(
    shard: Uint8Array,
    wanted: Wanted,
    onChunk: (chunk: RecordChunk) => void | Promise<void>,
  ): Promise<ReadSummary>;
  /** Where records (numbers within the shard, ascending) lie, in bytes from the shard's start. */
  locate(shard: Uint8Array, records: readonly number[]): ByteRange[];
}
