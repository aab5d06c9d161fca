/**
 * A job as the pipeline knows it: what `defineJob` makes of a job file after every default is filled in and
 * every rule is checked. It is plain JSON; its canonical form's sha256 is the job version.
 */
import type { ColumnType } from '../contract/types.ts';
import type { Interval } from '../privacy/generalise.ts';

export type Cadence = 'hourly' | 'daily' | 'monthly' | 'once';

/** A managed bucket in which files are put under `<job>/<slice>/`. */
export interface InboxSource {
  kind: 'inbox';
}

/** A bucket that exists already. `bucket` is a logical name; `prefix` may hold `{slice}`. */
export interface S3Source {
  kind: 's3';
  bucket: string;
  prefix: string;
}

export type Source = InboxSource | S3Source;

/** How text is encoded. `latin-1` is ISO 8859-1, and not windows-1252. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'latin-1' | 'windows-1252';

interface AnyFormat {
  /** Whether a slice without a single record is a failure (`SourceEmpty`). */
  required: boolean;
  /** Of files that begin without a byte order mark. */
  encoding: Encoding;
}

export interface CsvFormat extends AnyFormat {
  kind: 'csv';
  /** One character or several; `detect`: each file tells. */
  delimiter: string;
  /** `null`: nothing is quoted, and nothing escaped. */
  quote: string | null;
  escape: string | null;
  /** `true`: the first record holds the names. `false`: they are f1, f2 …. A list: the names, and all records are data. */
  header: boolean | string[];
  /** What becomes of a name that a header has twice or leaves out: the file is refused, or the field gets another. */
  headerNames: 'reject' | 'rename';
  /** Lines before header and records. */
  skipRows: number;
  /** Whether blanks around fields are passed over. */
  trim: boolean;
  /** What becomes of a record with fewer fields than there are names; one with more is always rejected. */
  ragged: 'reject' | 'pad';
  /** Field texts that mean null, exactly as written between the delimiters and without quotes around them. */
  nulls: string[];
  /** A record that begins with this is passed over, and neither counted nor read. */
  comment: string | null;
}

export interface NdjsonFormat extends AnyFormat {
  kind: 'ndjson';
  /** `null`: each line is an object. Else an array, whose names are in the first line, or in this list. */
  header: null | 'first-line' | string[];
}

export interface JsonFormat extends AnyFormat {
  kind: 'json';
  /** To the array whose elements are the records, or to the object that is the one record. */
  path: string;
}

export interface XmlFormat extends Omit<AnyFormat, 'encoding'> {
  /** `null`: the file's own XML declaration says it. */
  encoding: Encoding | null;
  kind: 'xml';
  /** Path of element names that a record's element ends, `Series/Obs`; with `/` in front it begins at the root. */
  record: string;
  /** Whether names count without their prefix, or with it as it is written. */
  namespaces: 'strip' | 'keep';
}

export type Format = CsvFormat | NdjsonFormat | JsonFormat | XmlFormat;

export interface Column {
  name: string;
  type: ColumnType;
  nullable: boolean;
  /** SQL over the source's fields; `null`: the source's field of the column's own name. */
  from: string | null;
  /** Not the contract's, but brought by the slice's data: a file may be without its field. No job version has it. */
  evolved?: true;
}

/**
 * 'allow': all are written. 'reject': all are rejects, since none can be told to be the right one. 'keep-first',
 * 'keep-last': one is written, by the order of objects and records, and the others are filtered.
 */
export type RepeatedKeyPolicy = 'allow' | 'reject' | 'keep-first' | 'keep-last';

export type MaxRejects = { count: number } | { ratio: number };

/** What becomes of a source whose columns are not those of the contract; `docs/job-file.md` has each word's meaning. */
export type ColumnPolicy = 'evolve' | 'fail' | 'discard-column' | 'discard-record';

export interface Contract {
  /** In the order of the job file. */
  columns: Column[];
  filter: string | null;
  key: string[];
  /** A field at the top level of a record that nothing in the contract reads. */
  onNewColumn: ColumnPolicy;
  /** A field that the contract reads and the source does not have. */
  onMissingColumn: ColumnPolicy;
  /** A field's value that is none of its column's type. */
  onRetypedColumn: ColumnPolicy;
  /** Whether the source's names count with their case. */
  names: 'exact' | 'ignore-case';
  /** What becomes of a key's records where there are several in a slice; other than 'allow' only with a key. */
  onRepeatedKey: RepeatedKeyPolicy;
  onBadRecord: 'quarantine' | 'fail';
  /** `null`: any number may be rejected. */
  maxRejects: MaxRejects | null;
}

export interface EnvelopeSpec {
  eventType: string;
  resource: string;
  version: string | null;
  jurisdiction: string | null;
  dataSensitivity: string | null;
  tags: string[] | null;
}

export type PrivacyRule =
  | 'hash'
  | 'mask'
  | 'drop'
  | 'encrypt'
  /** The same value has the same token in the job, or in all jobs of the stage. */
  | { rule: 'tokenise'; scope: 'job' | 'shared' }
  /** Characters (Unicode code points) that are kept. */
  | { rule: 'truncate'; to: number }
  /** Width of the interval, for numbers, or a calendar's unit. */
  | { rule: 'generalise'; to: Interval };

/** Columns of the transformed zone's Parquet. */
export interface LakeSink {
  kind: 'lake';
  /** Of the table, from 1: each has a table of its own, for changes that its former slices could not be read with. */
  major: number;
}

export type Sink = LakeSink;

export interface Job {
  name: string;
  owner: string;
  cadence: Cadence;
  /** IANA name; the slices' edges and timestamps without an offset lie in it. */
  timezone: string;
  /** Seconds by which a scheduled run waits for late data: it loads the last slice that ended this long ago. */
  lagSeconds: number;
  source: Source;
  format: Format;
  contract: Contract;
  envelope: EnvelopeSpec;
  /** By column, or by the way to what is within one: `address.street`, `lines[].sku`, `prices{}`. */
  privacy: Record<string, PrivacyRule>;
  sinks: Sink[];
  /** An EventBridge Scheduler expression, `cron(…)` or `rate(…)`, in the job's timezone. */
  schedule: string | null;
  /** Within which behind the scheduled time a run may start; 0: at once. */
  scheduleWindowMinutes: number;
  /** How long after its end, and the lag, a slice may be loaded before it counts as late; `null`: none is expected. */
  freshnessSeconds: number | null;
  /** Whether slices that no run has loaded are backfilled without anybody asking for it. */
  catchUp: boolean;
  /** Files that arrive start a run of their slice; `null`: they do not. */
  arrival: Arrival | null;
  /** Jobs behind whose commits of the same time a slice of this one is run. */
  after: string[];
  /** What becomes of a slice when one of `after` commits a new revision behind it. */
  onRevision: 'rerun' | 'ignore';
}

export interface Arrival {
  /** For how long no further file of the slice may come before its run starts: at most 900. */
  quietSeconds: number;
  /** The name of a file without which the slice is not complete; `null`: any file may be the last. */
  marker: string | null;
}

/** A job version: the job and the sha256 (hex) of its canonical JSON. */
export interface JobVersion {
  version: string;
  job: Job;
}
