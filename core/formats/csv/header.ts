import { isUtf8 } from 'node:buffer';
import { ForebayError } from '../../errors.ts';
import type { CsvFormat } from '../../job/model.ts';
import { asBuffer } from '../bytes.ts';
import { dialectOf } from './dialect.ts';
import { FieldReader } from './fields.ts';
import { isNameless, numberedName, renamed } from './names.ts';
import { Texts } from './texts.ts';

/**
 * The source's field names. Where the job does not have them renamed, a header that leaves a field without a name, or
 * two with the same, refuses the file (`HeaderInvalid`). Names are compared as they are, blanks and case included.
 * Messages give positions: what stands in a file's first line may be data. A file without a header has as many fields
 * as the record that `header` gives.
 */
export function csvFields(format: CsvFormat, header: Uint8Array | null): string[] {
  if (Array.isArray(format.header)) return format.header;
  if (header === null) {
    throw invalid(format.header ? 'the file has none' : 'no record tells how many fields there are');
  }
  const texts = textsOf(format, header);
  if (!format.header) return texts.map((_, at) => numberedName(at));
  if (format.headerNames === 'rename') return renamed(texts);
  refuseUnclear(texts);
  return texts;
}

function textsOf(format: CsvFormat, header: Uint8Array): string[] {
  const bytes = asBuffer(header);
  if (format.header === true && !isUtf8(bytes)) throw invalid('it is not valid UTF-8');
  const reader = new FieldReader(dialectOf(format), bytes);
  const texts = new Texts(bytes);
  if (reader.find()) reader.read(texts);
  if (reader.fault !== 'none') throw invalid('a quote in it is not closed, or closed within a field');
  return texts.fields;
}

function refuseUnclear(names: string[]): void {
  const rename = ", or have it renamed: headerNames: 'rename'";
  for (const [at, name] of names.entries()) {
    if (isNameless(name)) throw invalid(`field ${at + 1} of ${names.length} has no name`, rename);
    const first = names.indexOf(name);
    if (first < at) throw invalid(`fields ${first + 1} and ${at + 1} have the same name`, rename);
  }
}

const invalid = (what: string, or = '') =>
  new ForebayError(
    'HeaderInvalid',
    `header: ${what}; put the file right, or give the names in the job's format${or}`,
  );
