/**
 * The grammar of CSV that both readings follow, RFC 4180 with what real files need. `docs/formats.md#csv` has it
 * for users.
 *
 * - A file is UTF-8, if need be once it is unpacked. A byte order mark at its start is no part of it.
 * - `skipRows` lines are passed over first, whatever stands in them: quotes and comments mean nothing there.
 * - CRLF, LF and CR each end a record, also mixed in one file; inside quotes they are text.
 * - An empty line is no record. A line that begins with the comment character is none either.
 * - In a field without quotes the delimiter that begins first counts, and the next is looked for behind it: with
 *   `||` as delimiter `a|||b` is `a` and `|b`.
 * - A field is quoted if its first byte is the quote; where the format has no quote, none is. Inside, escape and quote are one quote; where the escape is
 *   not the quote, it takes the character behind it as it is, whatever it is.
 * - A closing quote is followed by a delimiter, a record's end or the file's end. Else the record is malformed
 *   (`InvalidQuote`): the field goes on as plain text to the next delimiter or line end; behind an empty quoted
 *   first field (`""#…`) the comment character takes the rest of the line.
 * - A quote inside an unquoted field is plain text.
 * - A quote that is still open at the file's end makes one malformed record of all behind it (`UnclosedQuote`).
 * - With `trim` all this holds as if blanks (space and tab, unless the delimiter holds them) at a record's beginning,
 *   around a delimiter and before a record's end were not there. Inside quotes they are text.
 */
import type { CsvFormat } from '../../job/model.ts';

/** What is wrong with the quotes of a record. */
export type QuoteFault = 'none' | 'InvalidQuote' | 'UnclosedQuote';

/** A format in bytes. */
export interface Dialect {
  /** UTF-8 of one character or several. */
  delimiter: Buffer;
  /** -1: nothing is quoted. */
  quoteByte: number;
  escapeByte: number;
  /** -1: the format has no comments. */
  commentByte: number;
  /** Blanks that are passed over around fields; -1: they are text. */
  spaceByte: number;
  tabByte: number;
}

/** Stands for a delimiter that is looked for in the file. */
export const DETECT = 'detect';

const SPACE = 32;
const TAB = 9;

export function dialectOf(format: CsvFormat): Dialect {
  if (format.delimiter === DETECT) throw new RangeError('csv: the delimiter of this file is not known yet');
  const delimiter = Buffer.from(format.delimiter, 'utf8');
  const blank = (byte: number): number => (format.trim && !delimiter.includes(byte) ? byte : -1);
  return {
    delimiter,
    quoteByte: ascii('quote', format.quote),
    escapeByte: ascii('escape', format.escape),
    commentByte: ascii('comment', format.comment),
    spaceByte: blank(SPACE),
    tabByte: blank(TAB),
  };
}

/** The job file's check has refused anything else; this keeps a scan of such a job from being silently wrong. */
function ascii(what: string, character: string | null): number {
  if (character === null) return -1;
  const code = character.charCodeAt(0);
  if (character.length !== 1 || code > 127) throw new RangeError(`csv: ${what} must be one ASCII character`);
  return code;
}
