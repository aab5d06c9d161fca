/**
 * Envelope's reading of CSV, with csv-parse: the fields of each record. Where records end and how many there are
 * is csv-parse's own word, so that Reconcile compares two readings. The grammar is in `dialect.ts`.
 */
import { once } from 'node:events';
import { type Options, Parser } from 'csv-parse';
import type { CsvFormat } from '../../job/model.ts';
import type { Malformed, ReadSummary, RecordChunk } from '../interfaces.ts';
import { type Examiner, examiner } from './examine.ts';

const CHUNK_RECORDS = 2_048;
const WRITE_BYTES = 65_536;

/**
 * How csv-parse reads the grammar. It has the same fields for each format and file: csv-parse's one inner loop is
 * a tenth slower once it has met options of two shapes.
 */
export function parserOptions(format: CsvFormat, bytes: Buffer, onOpenQuote = () => {}): Options {
  return {
    // in front, where csv-parse's stream would put one of its own
    on_skip: () => {
      onOpenQuote();
    },
    delimiter: format.delimiter,
    quote: format.quote,
    escape: format.escape,
    comment: format.comment,
    // only where a record would begin
    comment_no_infix: true,
    // it looks for each of them at each byte
    record_delimiter: bytes.includes('\r') ? ['\r\n', '\n', '\r'] : ['\n'],
    bom: false,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    // all that is left to skip is a record whose quote is open at the end: without this it is an error, which would
    // take records with it that are read but not handed out yet
    skip_records_with_error: true,
  };
}

export async function readCsv(
  format: CsvFormat,
  shard: Buffer,
  fields: readonly string[],
  onChunk: (chunk: RecordChunk) => void | Promise<void>,
): Promise<ReadSummary> {
  const examine = examiner(format, shard, fields.length);
  const malformed: Malformed[] = [];
  let records = 0;
  for await (const rows of rowsOf(format, shard, fields.length)) {
    if (rows === 'UnclosedQuote') {
      malformed.push({
        record: records++,
        code: rows,
        message: 'a quote is still open at the end of the file',
      });
      continue;
    }
    const chunk = pick(rows, records, examine, fields.length, malformed);
    records += rows.length;
    if (chunk.records.length > 0) await onChunk(chunk);
  }
  return { records, malformed };
}

/** The good ones of some records, turned from rows into columns; the others go to `malformed`. */
function pick(
  rows: string[][],
  first: number,
  examine: Examiner,
  width: number,
  malformed: Malformed[],
): RecordChunk {
  const chunk: RecordChunk = { records: [], columns: Array.from({ length: width }, () => []) };
  for (const [i, row] of rows.entries()) {
    const found = examine(row, first + i);
    if (!('row' in found)) {
      malformed.push({ record: first + i, ...found });
      continue;
    }
    chunk.records.push(first + i);
    for (let f = 0; f < width; f++) chunk.columns[f]?.push(found.row[f] ?? null);
  }
  return chunk;
}

/** csv-parse's records in chunks, and at the end its word where the last one is not whole. */
async function* rowsOf(
  format: CsvFormat,
  shard: Buffer,
  width: number,
): AsyncGenerator<string[][] | 'UnclosedQuote'> {
  let rows: string[][] = [];
  let open = false;
  const parser = new RowParser(format, shard, width, {
    onRow: (row) => rows.push(row),
    onOpenQuote: () => {
      open = true;
    },
  });
  const ended = once(parser, 'end');
  // awaited below; a write that fails says so itself
  ended.catch(() => undefined);
  for (let at = 0; at < shard.length; at += WRITE_BYTES) {
    await write(parser, shard.subarray(at, at + WRITE_BYTES));
    while (rows.length >= CHUNK_RECORDS) {
      yield rows.slice(0, CHUNK_RECORDS);
      rows = rows.slice(CHUNK_RECORDS);
    }
  }
  parser.end();
  await ended;
  for (let from = 0; from < rows.length; from += CHUNK_RECORDS) {
    yield rows.slice(from, from + CHUNK_RECORDS);
  }
  if (open) yield 'UnclosedQuote';
}

interface RowHandlers {
  onRow(row: string[]): void;
  onOpenQuote(): void;
}

/** csv-parse's stream, whose records go to a handler at once instead of through the stream's own buffer. */
class RowParser extends Parser {
  readonly #on: RowHandlers;
  #first = true;

  constructor(format: CsvFormat, shard: Buffer, width: number, on: RowHandlers) {
    super(parserOptions(format, shard, on.onOpenQuote));
    this.#on = on;
    this.resume();
    // csv-parse makes an Error for each record that is not as wide as the first; so it gets a first one that is as
    // wide as all should be, and that is not handed on
    this.write(`${format.quote}${format.quote}${format.delimiter.repeat(width - 1)}\n`);
  }

  override push(row: string[] | null): boolean {
    if (row === null) return super.push(null);
    if (!this.#first) this.#on.onRow(row);
    this.#first = false;
    return true;
  }
}

const write = (parser: NodeJS.WritableStream, bytes: Buffer): Promise<void> =>
  new Promise((done, failed) => {
    parser.write(bytes, (error) => (error ? failed(error) : done()));
  });
