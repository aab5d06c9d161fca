import { recordFormat } from '../../../core/formats/format.ts';
import type { Malformed, ReadSummary, Wanted } from '../../../core/formats/interfaces.ts';
import type { CsvFormat, Format } from '../../../core/job/model.ts';
import type { Detected, Scan } from '../../../core/shard.ts';

export const plain: CsvFormat = {
  kind: 'csv',
  delimiter: ',',
  quote: '"',
  escape: '"',
  header: true,
  headerNames: 'reject',
  skipRows: 0,
  trim: false,
  ragged: 'reject',
  nulls: [''],
  comment: null,
  required: false,
  encoding: 'utf-8',
};

export const dialect = (changes: Partial<CsvFormat>): CsvFormat => ({ ...plain, ...changes });

/** A format as the golden folders have it: what is the default may be left out, which most of all is CSV's. */
export const formatOf = (given: Partial<Format>): Format =>
  given.kind === undefined || given.kind === 'csv'
    ? dialect(given as Partial<CsvFormat>)
    : ({ required: false, encoding: given.kind === 'xml' ? null : 'utf-8', ...given } as Format);

export const MiB = 1024 * 1024;

/** `chunks` gives the length of each push in turn, round and round. */
export function scan(
  format: Format,
  input: Uint8Array | string,
  options: { shardBytes?: number; maxRecordBytes?: number; chunks?: number[]; paths?: string[] } = {},
): Scan {
  const bytes = Buffer.from(input);
  const { shardBytes = 64 * MiB, maxRecordBytes = 16 * MiB, chunks = [65_536], paths } = options;
  const limits = { shardBytes, maxRecordBytes, ...(paths === undefined ? {} : { paths }) };
  const scanner = recordFormat(format).scanner(limits);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = Math.max(1, chunks[turn % chunks.length] ?? 1);
    scanner.push(bytes.subarray(at, at + length));
    at += length;
  }
  return scanner.end();
}

/** Good records that follow each other. */
export interface Rows {
  first: number;
  count: number;
  rows: Array<Array<string | null>>;
}

/** Whether the format knows no names for all records: each has its own. */
export const isMembers = (format: Format): boolean =>
  ['json', 'xml'].includes(format.kind) || (format.kind === 'ndjson' && format.header === null);

/** Reads a shard with all of its fields, or with the members that these names are of. */
export function readTexts(
  format: Format,
  shard: Buffer,
  fields: string[],
  onRows: (rows: Rows) => void | Promise<void> = () => undefined,
  detected: Detected = {},
  shapes?: Wanted['shapes'],
): Promise<ReadSummary> {
  const reader = recordFormat(format, detected);
  const marks = reader.marks(shard);
  const wanted = {
    ...{ fields: isMembers(format) ? null : fields, names: fields, marks },
    ...(shapes && { shapes }),
  };
  return reader.read(shard, wanted, ({ first, count, columns }) => {
    const values = columns.map((column) => column.split(marks.separator));
    const text = (value: string | undefined) => (value === marks.none ? null : (value ?? null));
    const rows = Array.from({ length: count }, (_, i) => values.map((column) => text(column[i])));
    return onRows({ first, count, rows });
  });
}

export interface ReadFile {
  scan: Scan;
  fields: string[];
  /** Over all shards, numbers within the file. */
  rows: Array<Array<string | null>>;
  numbers: number[];
  malformed: Malformed[];
  /** As the reading counts them. */
  records: number;
}

/** A whole file as the pipeline reads it: scanned, then read shard by shard. */
export async function readFile(
  format: Format,
  input: Uint8Array | string,
  shardBytes = 64 * MiB,
  fieldNames?: string[],
  shapes?: Wanted['shapes'],
): Promise<ReadFile> {
  const bytes = Buffer.from(input);
  const found = scan(format, bytes, { shardBytes, ...(fieldNames && { paths: fieldNames }) });
  const { header } = found;
  const reader = recordFormat(format, found);
  const fields =
    fieldNames ?? reader.fields(header && bytes.subarray(header.offset, header.offset + header.length)) ?? [];
  const file: ReadFile = { scan: found, fields, rows: [], numbers: [], malformed: [], records: 0 };
  for (const range of found.ranges) {
    const shard = bytes.subarray(range.offset, range.offset + range.length);
    const first = file.records;
    const onRows = (one: Rows) => {
      for (let i = 0; i < one.count; i++) file.numbers.push(first + one.first + i);
      file.rows.push(...one.rows);
    };
    const summary = await readTexts(format, shard, fields, onRows, { ...found, ...range }, shapes);
    file.malformed.push(...summary.malformed.map((one) => ({ ...one, record: first + one.record })));
    file.records += summary.records;
  }
  return file;
}
