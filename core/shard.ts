/** Objects, their scans, and the shards that are planned from them. */
import type { ErrorRecord } from './errors.ts';
import type { ObjectRef } from './run.ts';

/** One object of the source, as Discover lists it: a line of `objects.json`. */
export interface SourceObject {
  /** From 0, in the order of the keys' bytes. */
  n: number;
  bucket: string;
  key: string;
  /** S3's version id, or `null` where the bucket keeps no versions. */
  versionId: string | null;
  /** With its quotes removed. */
  etag: string;
  bytes: number;
  /** The key behind the folders of the slice's prefix: what the provider called it. */
  name: string;
  /** Where a run reads it from raw: what an earlier run put of it into the raw bucket. The source is not asked. */
  raw?: { key: string; versionId: string | null; sha256: string };
  /** A failed run that extracted it. */
  from?: Finished;
}

/** An object or a shard, by its number, that a failed run had finished. */
export interface Finished {
  runId: string;
  n: number;
}

/** A byte range, `[offset, offset + length)`, of a raw object, or of its text where that had to be unpacked. */
export interface ByteRange {
  offset: number;
  length: number;
}

/** What the scan of an object found out of its format that a reading of a range of it needs. */
export interface Detected {
  /** Of CSV, where the job leaves it open. */
  delimiter?: string;
  /** Of XML, a range's own: what stands above its first record, as the job's columns ask for it. */
  context?: string;
}

/** What one pass over an object's bytes tells of its records. */
export interface Scan extends Pick<Detected, 'delimiter'> {
  /** Data records: neither header nor comments nor blank lines. */
  records: number;
  /**
   * The bytes of the record that tells the fields: the header, or, where the job says that the file has none, a data
   * record. `null`: the job itself gives the names, or there is no record.
   */
  header: ByteRange | null;
  /** Record-aligned ranges in order; together they hold every data record exactly once. */
  ranges: Array<ByteRange & Pick<Detected, 'context'> & { records: number }>;
}

/** An object that Extract put, as S3 has it. */
export interface StoredBytes extends ObjectRef {
  versionId: string | null;
  bytes: number;
  /** Hex. */
  sha256: string;
}

/** What Extract found of an object, in `staging/<job>/<run>/scans/<n>.json`; the ledger has its summary. */
export interface ScannedObject {
  object: SourceObject;
  raw: StoredBytes;
  /** Its text in UTF-8, where the raw bytes are not that: `scan` is of this then. */
  unpacked: StoredBytes | null;
  scan: Scan;
}

/** One line of `shards.json`. */
export interface Shard extends ByteRange, Detected {
  /** From 0, over the whole run. */
  n: number;
  /** `n` of the object it is a range of. */
  object: number;
  /** Whose records these are: ids and lineage are made from it. */
  raw: ObjectRef & { versionId: string | null; sha256: string };
  /** Where their bytes lie, if they were unpacked; `null`: in `raw` itself. */
  unpacked: ObjectRef | null;
  header: ByteRange | null;
  /** The number, from 0 within the object, of the shard's first record. */
  firstRecord: number;
  /** Extract's count. */
  records: number;
  /** A failed run that enveloped it. */
  from?: Finished;
}

/** One Parquet batch of one shard in staging. */
export interface Batch extends ObjectRef {
  rows: number;
  bytes: number;
  /** Hex. */
  sha256: string;
}

/** How a child of a Map ended. */
export type Outcome = { status: 'done' } | { status: 'failed'; error: ErrorRecord };

/** A record that broke the contract: a line of the rejects file. Never the record's text. */
export interface Reject {
  code: RejectCode;
  /** The contract's column; `null` where the record as a whole is at fault. */
  column: string | null;
  /** From 0, within the raw object. */
  record: number;
  /** Key, in the raw bucket, of the object that its bytes lie in: the raw one, or what was unpacked from it. */
  object: string;
  in: 'raw' | 'unpacked';
  /** Bytes from the start of that object. */
  offset: number;
  length: number;
  message: string;
}

export const rejectCodes = [
  'RaggedRow',
  'UnclosedQuote',
  'InvalidQuote',
  'InvalidUtf8',
  'InvalidJson',
  'DuplicateKey',
  'TooDeep',
  'NotARecord',
  'ColumnUnexpected',
  'ColumnMissing',
  'NullNotAllowed',
  'CastFailed',
  'ExpressionFailed',
  'RepeatedKey',
] as const;

export type RejectCode = (typeof rejectCodes)[number];
