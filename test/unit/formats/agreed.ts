/** Both readings of CSV against csv-parse. */
import { expect } from 'vitest';
import { dialectOf, type QuoteFault } from '../../../core/formats/csv/dialect.ts';
import { FieldReader } from '../../../core/formats/csv/fields.ts';
import { RecordWalker } from '../../../core/formats/csv/walk.ts';
import type { CsvFormat } from '../../../core/job/model.ts';
import { csvParse } from './csv-parse.ts';

/** The records as Envelope's reading finds them, of any width. */
function fieldsOf(format: CsvFormat, bytes: Buffer): Array<{ fields: string[]; fault: QuoteFault }> {
  const reader = new FieldReader(dialectOf(format), bytes);
  const rows: Array<{ fields: string[]; fault: QuoteFault }> = [];
  while (reader.find()) {
    const fields: string[] = [];
    const text = (from: number, to: number) => bytes.toString('utf8', from, to);
    reader.read({
      plain: (_, from, to) => void fields.push(text(from, to)),
      quoted: () => void fields.push(''),
      piece: (field, from, to) => {
        fields[field] += text(from, to);
      },
    });
    rows.push({ fields, fault: reader.fault });
  }
  return rows;
}

/** The faults of the records as Extract's scan finds them, fed with chunks of that length. */
function faultsOf(format: CsvFormat, bytes: Buffer, chunk: number): QuoteFault[] {
  const faults: QuoteFault[] = [];
  const walker = new RecordWalker(dialectOf(format), 1_000, (_start, _end, fault) => faults.push(fault));
  for (let at = 0; at < bytes.length; at += chunk) walker.push(bytes.subarray(at, at + chunk));
  walker.end();
  return faults;
}

/**
 * As many records, the same ones faulty, and good ones with csv-parse's very fields. Where blanks are trimmed, csv-parse
 * gives a whole file up at text behind a closed quote and blanks, and opens a second quote behind an empty one and
 * blanks (`"" "a"`); here both reject the one record, so that its neighbours are kept: then only the two readings are
 * held against each other.
 */
export function expectAgreed(format: CsvFormat, text: string | Buffer): void {
  const bytes = Buffer.from(text);
  const records = fieldsOf(format, bytes);
  const faults = records.map(({ fault }) => fault);
  const found = {
    faults: faultsOf(format, bytes, bytes.length + 1).join(),
    bytewise: faultsOf(format, bytes, 1).join(),
  };
  if (found.faults !== faults.join() || found.bytewise !== faults.join()) {
    expect({ text, ...found }).toEqual({ text, faults: faults.join(), bytewise: faults.join() });
  }
  const { rows, open, gaveUp } = csvParse(format, bytes);
  if (gaveUp) {
    // a record may have a second fault behind it, which is then the one told
    if (faults.every((fault) => fault === 'none')) expect({ text, faults }).toBe('a malformed record');
    return;
  }
  if (format.trim && format.quote !== null && secondQuote(format.quote, bytes.toString())) return;
  const good = records.flatMap(({ fields, fault }, i) => (fault === 'none' ? [[i, fields]] : []));
  const theirs = rows.flatMap((fields, i) => (faults[i] === 'none' ? [[i, fields]] : []));
  const ours = { records: records.length, open: faults.at(-1) === 'UnclosedQuote', good };
  const agreed = { records: rows.length + (open ? 1 : 0), open, good: theirs };
  if (JSON.stringify(ours) !== JSON.stringify(agreed)) expect({ text, ...ours }).toEqual({ text, ...agreed });
}

const secondQuote = (quote: string, text: string): boolean =>
  new RegExp(`${quote}${quote}[ \\t]+${quote}`).test(text);

/** Every text of so many letters of an alphabet. */
export function* wordsOf(alphabet: string, length: number): Generator<string> {
  if (length === 0) yield '';
  else for (const word of wordsOf(alphabet, length - 1)) for (const letter of alphabet) yield word + letter;
}
