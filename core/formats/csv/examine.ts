/**
 * What csv-parse's fields do not tell of a record: whether its bytes are UTF-8, whether a closing quote was
 * followed by something else, and whether a null text stood in quotes. The record's own bytes tell; they are
 * looked up only where there is a doubt.
 */
import { isUtf8 } from 'node:buffer';
import type { CsvFormat } from '../../job/model.ts';
import type { Malformed } from '../interfaces.ts';
import { type Dialect, dialectOf } from './dialect.ts';
import { quotedFields, recordFinder } from './locate.ts';

/**
 * What is wrong with a record; `null` where nothing is, and then null is written into the row for each text that
 * means it. Called with ascending record numbers.
 */
export type Examiner = (row: Array<string | null>, record: number) => Omit<Malformed, 'record'> | null;

export function examiner(format: CsvFormat, shard: Buffer, width: number): Examiner {
  const dialect = dialectOf(format);
  const find = recordFinder(dialect, shard);
  const doubtful = { utf8: !isUtf8(shard), ...quoteDoubts(dialect, format.nulls, shard) };
  const nulls = new Set(format.nulls);
  const longestNull = Math.max(-1, ...format.nulls.map((text) => text.length));
  const isNull = (text: string | null) => text !== null && text.length <= longestNull && nulls.has(text);

  return (row, record) => {
    let quoteInFront = false;
    let hasNull = false;
    // No closures: this is done for each field of each record.
    for (const text of row) {
      if (text?.charCodeAt(0) === dialect.quoteByte) quoteInFront = true;
      if (isNull(text)) hasNull = true;
    }
    const badQuote = doubtful.hidden || (doubtful.quotes && quoteInFront);
    const inDoubt = badQuote || doubtful.utf8 || (hasNull && doubtful.quotedNulls);
    const found = inDoubt ? find(record) : null;
    const bytes = found === null ? null : shard.subarray(found.offset, found.offset + found.length);
    if (found?.quotes === 'InvalidQuote') return invalidQuote;
    if (bytes !== null && doubtful.utf8 && !isUtf8(bytes)) return invalidUtf8;
    if (row.length !== width) return raggedRow(width, row.length);
    if (!hasNull) return null;
    const quoted = bytes?.includes(dialect.quoteByte) ? quotedFields(dialect, bytes) : null;
    for (let f = 0; f < width; f++) if (isNull(row[f] ?? null) && !quoted?.[f]) row[f] = null;
    return null;
  };
}

/**
 * `hidden`: csv-parse takes a closing quote for a good one also before a NUL byte or a comment character, and
 * then nothing shows in the fields. In all other cases a field with a bad quote keeps its text as it is, and so
 * begins with the quote. `quotedNulls`: a text that means null stands in quotes somewhere.
 */
function quoteDoubts(
  { delimiter, quoteByte, escapeByte, commentByte }: Dialect,
  nulls: readonly string[],
  shard: Buffer,
): { quotes: boolean; hidden: boolean; quotedNulls: boolean } {
  const quotes = shard.includes(quoteByte);
  const before = (byte: number) => quotes && shard.includes(Buffer.from([quoteByte, byte]));
  const quote = String.fromCharCode(quoteByte);
  const edges = [delimiter.toString(), '\n', '\r'];
  const quoted = nulls.map((text) => quote + text + quote);
  const stands = (field: string) =>
    shard.indexOf(field) === 0 || edges.some((edge) => shard.includes(edge + field));
  // With escapes in quotes there are more ways to write a text than can be looked for.
  const escapes =
    escapeByte === quoteByte ? nulls.some((text) => text.includes(quote)) : shard.includes(escapeByte);
  return {
    quotes,
    hidden: before(0) || (commentByte >= 0 && before(commentByte)),
    quotedNulls: quotes && (escapes || quoted.some(stands)),
  };
}

const invalidQuote = {
  code: 'InvalidQuote',
  message: "a closing quote is followed by neither a delimiter nor the record's end",
} as const;

const invalidUtf8 = { code: 'InvalidUtf8', message: 'the record is not valid UTF-8' } as const;

const raggedRow = (expected: number, found: number) =>
  ({ code: 'RaggedRow', message: `${expected} fields expected, ${found} found` }) as const;
