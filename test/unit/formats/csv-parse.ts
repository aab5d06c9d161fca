/** csv-parse with the options that read the grammar of `dialect.ts`: what both readings of CSV are held to. */
import { parse } from 'csv-parse/sync';
import type { CsvFormat } from '../../../core/job/model.ts';

/** The rows of a text, and whether a quote is open at its end: then one more record is not among the rows. */
export function csvParse(format: CsvFormat, text: string | Buffer): { rows: string[][]; open: boolean } {
  let open = false;
  const rows = parse(text, {
    delimiter: format.delimiter,
    quote: format.quote,
    escape: format.escape,
    comment: format.comment,
    // only where a record would begin
    comment_no_infix: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    bom: false,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    // all that is left to skip is a record whose quote is open at the end
    skip_records_with_error: true,
    on_skip: () => {
      open = true;
      return undefined;
    },
  });
  return { rows, open };
}
