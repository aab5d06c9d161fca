import { isUtf8 } from 'node:buffer';
import { ForebayError } from '../../errors.ts';
import type { NdjsonFormat } from '../../job/model.ts';
import { asBuffer } from '../bytes.ts';

/**
 * The names of the elements of lines that are arrays. A first line that is no array of texts, or gives a name that
 * is empty or given before, refuses the file (`HeaderInvalid`). Messages give positions: the line may be data.
 */
export function ndjsonFields({ header }: NdjsonFormat, line: Uint8Array | null): string[] | null {
  if (header !== 'first-line') return header;
  if (line === null) throw invalid('the file has none');
  const names = namesIn(asBuffer(line));
  for (const [at, name] of names.entries()) {
    if (name.trim() === '') throw invalid(`field ${at + 1} of ${names.length} has no name`);
    const first = names.indexOf(name);
    if (first < at) throw invalid(`fields ${first + 1} and ${at + 1} have the same name`);
  }
  return names;
}

function namesIn(line: Buffer): string[] {
  if (!isUtf8(line)) throw invalid('it is not valid UTF-8');
  let names: unknown;
  try {
    names = JSON.parse(line.toString());
  } catch {
    throw invalid('the first line is not JSON');
  }
  const isName = (name: unknown): name is string => typeof name === 'string' && name.isWellFormed();
  if (Array.isArray(names) && names.length > 0 && names.every(isName)) return names;
  throw invalid('the first line is not an array of texts');
}

const invalid = (what: string) =>
  new ForebayError(
    'HeaderInvalid',
    `header: ${what}; put the file right, or give the names in the job's format`,
  );
