/**
 * Which delimiter a file has, where the job leaves it open. Decided once for an object, by Extract's scan; it goes
 * with each shard, so that no reading guesses again. `docs/formats.md#csv` has the rule for users.
 */
import { ForebayError } from '../../errors.ts';
import type { CsvFormat } from '../../job/model.ts';
import { counted } from '../../text.ts';
import { type Dialect, dialectOf } from './dialect.ts';
import { FieldReader, type FieldSink } from './fields.ts';

/** So many bytes of a file, behind byte order mark and skipped rows, are looked at. */
export const sampleBytes = 65_536;

export const candidates = [',', ';', '\t', '|'];

const names: Record<string, string> = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' };

/**
 * The delimiter by which the most records of the sample have the same number of fields, more than one; `null` where
 * the sample has no record. Refuses the file (`DelimiterUnclear`) where two are level, or the best one divides no
 * more than half of the records alike. `whole`: the sample ends with the file, so that its last record does, too.
 */
export function detectDelimiter(format: CsvFormat, sample: Buffer, whole: boolean): string | null {
  const special = [format.quote, format.escape, format.comment];
  const found = candidates
    .filter((delimiter) => !special.includes(delimiter))
    .map((delimiter) => ({ delimiter, ...census(dialectOf({ ...format, delimiter }), sample, whole) }))
    .sort((a, b) => b.alike - a.alike);
  const [best, second] = found;
  if (best === undefined) throw unclear('quote, escape and comment leave none to choose from');
  if (found.every(({ records }) => records === 0)) {
    if (whole) return null;
    throw unclear(`the first record has more than ${sampleBytes} bytes`);
  }
  const nameOf = ({ delimiter }: { delimiter: string }) => names[delimiter];
  if (best.alike === 0) throw unclear('no comma, semicolon, tab or bar divides a record');
  if (second !== undefined && second.alike === best.alike) {
    const like = `${counted(best.alike, 'records')} into the same number of fields`;
    throw unclear(`${nameOf(best)} and ${nameOf(second)} both divide ${like}`);
  }
  if (best.alike * 2 <= best.records) {
    throw unclear(
      `${nameOf(best)} fits best, and divides only ${best.alike} of ${best.records} records alike`,
    );
  }
  return best.delimiter;
}

interface Census {
  /** Whole records in the sample. */
  records: number;
  /** Of them those with the most frequent number of fields that is more than one. */
  alike: number;
}

function census(dialect: Dialect, sample: Buffer, whole: boolean): Census {
  const reader = new FieldReader(dialect, sample);
  const widths = new Map<number, number>();
  let records = 0;
  while (reader.find()) {
    reader.read(nowhere);
    if (reader.end === sample.length && !whole) break;
    records++;
    const { width, fault } = reader;
    if (fault === 'none' && width > 1) widths.set(width, (widths.get(width) ?? 0) + 1);
  }
  return { records, alike: Math.max(0, ...widths.values()) };
}

const nowhere: FieldSink = { plain: () => undefined, quoted: () => undefined, piece: () => undefined };

const unclear = (what: string): ForebayError =>
  new ForebayError(
    'DelimiterUnclear',
    `the file does not tell its delimiter: ${what}; name it in the job's format, as in csv({ delimiter: ';' })`,
  );
