/** The dialect of a CSV file, told from its first bytes. */
import { candidates } from '../../core/formats/csv/detect.ts';
import { dialectOf } from '../../core/formats/csv/dialect.ts';
import { FieldReader } from '../../core/formats/csv/fields.ts';
import { Texts } from '../../core/formats/csv/texts.ts';
import type { CsvFormat } from '../../core/job/model.ts';
import { isTyped } from './types.ts';

const quotes = ['"', "'"];

/** Whole records of a sample, as a format reads them. */
export function sampleRecords(format: CsvFormat, sample: Buffer, whole: boolean): string[][] {
  const reader = new FieldReader(dialectOf(format), sample);
  const records: string[][] = [];
  while (reader.find()) {
    const texts = new Texts(sample);
    reader.read(texts);
    // the last one may go on behind the sample
    if (reader.end === sample.length && !whole && records.length > 0) break;
    if (reader.fault === 'none') records.push(texts.fields);
  }
  return records;
}

/**
 * Delimiter, quote and escape that give the most records of the sample one number of fields, more than one; of two
 * that do so alike the one with more fields, then the first of the list. Where none does, each record is one field.
 */
export function dialectIn(
  format: CsvFormat,
  sample: Buffer,
  whole: boolean,
  given: ReadonlySet<string>,
): Pick<CsvFormat, 'delimiter' | 'quote' | 'escape'> {
  const escapes = (quote: CsvFormat['quote']) =>
    given.has('escape') ? [format.escape] : [quote, ...(quote === null ? [] : ['\\'])];
  const tried = (given.has('delimiter') ? [format.delimiter] : candidates).flatMap((delimiter) =>
    (given.has('quote') ? [format.quote] : quotes).flatMap((quote) =>
      escapes(quote).map((character) => ({ delimiter, quote, escape: character })),
    ),
  );
  const ranked = tried
    .filter(({ delimiter, quote }) => ![quote, format.comment].includes(delimiter))
    .map((dialect) => ({ dialect, ...agreement(sampleRecords({ ...format, ...dialect }, sample, whole)) }))
    .sort((a, b) => b.alike - a.alike || b.width - a.width);
  const best = ranked[0];
  if (best !== undefined && best.alike > 0) return best.dialect;
  return { delimiter: format.delimiter, quote: format.quote, escape: format.escape };
}

/** How many records have the most frequent number of fields. */
function agreement(records: readonly string[][]): { alike: number; width: number } {
  const counts = new Map<number, number>();
  for (const { length } of records) if (length > 1) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [best] = [...counts].sort(([a, m], [b, n]) => n - m || b - a);
  return best === undefined ? { alike: 0, width: 0 } : { alike: best[1], width: best[0] };
}

/** The rule by which a first record is a header, in words. */
export const headerRule =
  'none of its fields is a number, a date, a timestamp, true or false, and at most one is empty';

/** Whether the first record holds names: data mostly have a number, a date or a boolean somewhere, names do not. */
export const isHeader = (first: readonly string[]): boolean =>
  first.some((text) => text.trim() !== '') &&
  first.filter((text) => text.trim() === '').length <= 1 &&
  first.every((text) => !isTyped(text) && text !== '\\N');
