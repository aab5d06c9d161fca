import { isUtf8 } from 'node:buffer';
import { ForebayError } from '../../errors.ts';
import type { CsvFormat } from '../../job/model.ts';
import { dialectOf } from './dialect.ts';
import { FieldReader, type FieldSink } from './fields.ts';

/**
 * The source's field names. A header that leaves a field without a name, or two with the same, refuses the file
 * (`HeaderInvalid`). Names are compared as they are, blanks and case included. Messages give positions: what
 * stands in a file's first line may be data.
 */
export function csvFields(format: CsvFormat, header: Uint8Array | null): string[] {
  if (format.header !== true) return format.header;
  if (header === null) throw invalid('the file has none');
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  if (!isUtf8(bytes)) throw invalid('it is not valid UTF-8');
  const reader = new FieldReader(dialectOf(format), bytes);
  const texts = new Texts(bytes);
  if (reader.find()) reader.read(texts);
  if (reader.fault !== 'none') throw invalid('a quote in it is not closed, or closed within a field');
  const names = texts.fields;
  for (const [at, name] of names.entries()) {
    if (name.trim() === '') throw invalid(`field ${at + 1} of ${names.length} has no name`);
    const first = names.indexOf(name);
    if (first < at) throw invalid(`fields ${first + 1} and ${at + 1} have the same name`);
  }
  return names;
}

class Texts implements FieldSink {
  readonly fields: string[] = [];
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  plain(_field: number, from: number, to: number): void {
    this.fields.push(this.#bytes.toString('utf8', from, to));
  }

  quoted(): void {
    this.fields.push('');
  }

  piece(field: number, from: number, to: number): void {
    this.fields[field] += this.#bytes.toString('utf8', from, to);
  }
}

const invalid = (what: string) =>
  new ForebayError(
    'HeaderInvalid',
    `header: ${what}; put the file right, or give the names in the job's format`,
  );
