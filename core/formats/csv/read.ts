/**
 * Envelope's reading of CSV, with csv-parse: the fields of each record. Where records end and how many there are
 * is csv-parse's own word, so that Reconcile compares two readings. The grammar is in `dialect.ts`.
 */
import { once } from 'node:events';
import { type Options, Parser } from 'csv-parse';
import type { CsvFormat } from '../../job/model.ts';
import type { ReadSummary, RecordChunk } from '../interfaces.ts';
import { collector } from './collect.ts';
import { examiner } from './examine.ts';

const writeBytes = 65_536;

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
  const rows = collector(examiner(format, shard, fields.length), fields.length);
  let open = false;
  const parser = new RowParser(format, shard, fields.length, {
    onRow: rows.add,
    onOpenQuote: () => {
      open = true;
    },
  });
  const ended = once(parser, 'end');
  // awaited below; a write that fails says so itself
  ended.catch(() => undefined);
  for (let at = 0; at < shard.length; at += writeBytes) {
    await write(parser, shard.subarray(at, at + writeBytes));
    for (const chunk of rows.take()) await onChunk(chunk);
  }
  parser.end();
  await ended;
  for (const chunk of rows.take(true)) await onChunk(chunk);
  if (open) rows.addMalformed(unclosedQuote);
  return { records: rows.records, malformed: rows.malformed };
}

const unclosedQuote = {
  code: 'UnclosedQuote',
  message: 'a quote is still open at the end of the file',
} as const;

interface RowHandlers {
  onRow(row: Array<string | null>): void;
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
