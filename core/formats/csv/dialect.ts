/**
 * The grammar of CSV that both readings follow, RFC 4180 with what real files need. `docs/formats.md#csv` has it
 * for users.
 *
 * - A file is UTF-8. A byte order mark at its start is no part of it; one of UTF-16 or UTF-32 refuses the file.
 * - CRLF, LF and CR each end a record, also mixed in one file; inside quotes they are text.
 * - An empty line is no record. A line that begins with the comment character is none either.
 * - A field is quoted if its first byte is the quote. Inside, escape and quote are one quote; where the escape is
 *   not the quote, it takes the character behind it as it is, whatever it is.
 * - A closing quote is followed by a delimiter, a record's end or the file's end. Else the record is malformed
 *   (`InvalidQuote`): the field goes on as plain text to the next delimiter or line end; behind an empty quoted
 *   first field (`""#…`) the comment character takes the rest of the line.
 * - A quote inside an unquoted field is plain text.
 * - A quote that is still open at the file's end makes one malformed record of all behind it (`UnclosedQuote`).
 */
import type { CsvFormat } from '../../job/model.ts';

/** What is wrong with the quotes of a record. */
export type QuoteFault = 'none' | 'InvalidQuote' | 'UnclosedQuote';

/** A format in bytes. */
export interface Dialect {
  /** UTF-8 of one character, 1 to 4 bytes. */
  delimiter: Buffer;
  quoteByte: number;
  escapeByte: number;
  /** -1: the format has no comments. */
  commentByte: number;
}

export function dialectOf(format: CsvFormat): Dialect {
  return {
    delimiter: Buffer.from(format.delimiter, 'utf8'),
    quoteByte: ascii('quote', format.quote),
    escapeByte: ascii('escape', format.escape),
    commentByte: format.comment === null ? -1 : ascii('comment', format.comment),
  };
}

/** The job file's check has refused anything else; this keeps a scan of such a job from being silently wrong. */
function ascii(what: string, character: string): number {
  const code = character.charCodeAt(0);
  if (character.length !== 1 || code > 127) throw new RangeError(`csv: ${what} must be one ASCII character`);
  return code;
}
