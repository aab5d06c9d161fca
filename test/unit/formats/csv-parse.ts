/** csv-parse with the options that read the grammar of `dialect.ts`: what both readings of CSV are held to. */
import { type CsvError, parse } from 'csv-parse/sync';
import type { CsvFormat } from '../../../core/job/model.ts';

export interface Parsed {
  rows: string[][];
  /** A quote is open at the text's end: then one more record is not among the rows. */
  open: boolean;
  /** It met something behind a closing quote and blanks, and read nothing of what follows. */
  gaveUp: boolean;
}

/** The rows of a text. `skipRows` and `ragged` are none of its options. */
export function csvParse(format: CsvFormat, text: string | Buffer): Parsed {
  const skipped: string[] = [];
  const rows = parse(text, {
    delimiter: format.delimiter,
    quote: format.quote,
    escape: format.escape,
    comment: format.comment,
    trim: format.trim,
    // only where a record would begin
    comment_no_infix: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    bom: false,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    // all that is left to skip is a record whose quote is open at the end, or, trimmed, has text behind it
    skip_records_with_error: true,
    on_skip: (error?: CsvError) => {
      skipped.push(error?.code ?? '');
      return undefined;
    },
  });
  const gaveUp = skipped.includes('CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE');
  return { rows, open: skipped.includes('CSV_QUOTE_NOT_CLOSED'), gaveUp };
}
