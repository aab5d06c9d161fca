/** How a file's text is encoded, told from its first bytes and from what the job says. */
import { ForebayError } from '../errors.ts';
import { markOf, unsupported } from '../formats/text.ts';
import type { Encoding } from '../job/model.ts';

/** So much of a file's start is looked at. An XML declaration that is longer is not found. */
export const startBytes = 1_024;

export interface Start {
  encoding: Encoding;
  /** Bytes of the byte order mark, which is no part of the text. */
  mark: number;
}

/**
 * A byte order mark decides, whatever the job says: text does not begin with one by chance, and exports add and drop
 * it from one day to the next. Else the job decides; where it leaves it open (`null`) the file's XML declaration;
 * else it is UTF-8. `start`: the first `startBytes` or more, or all.
 */
export function startOf(start: Uint8Array, given: Encoding | null): Start {
  const mark = markOf(start);
  if (mark === null) return { encoding: given ?? xmlEncoding(start) ?? 'utf-8', mark: 0 };
  if (mark.encoding === null) throw unsupported(mark.name);
  return { encoding: mark.encoding, mark: mark.bytes.length };
}

/** Names of IANA's register, in lower case. US-ASCII is a part of UTF-8. */
const names: Record<string, Encoding> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  ascii: 'utf-8',
  'iso-8859-1': 'latin-1',
  'iso_8859-1': 'latin-1',
  'latin-1': 'latin-1',
  latin1: 'latin-1',
  l1: 'latin-1',
  'windows-1252': 'windows-1252',
  cp1252: 'windows-1252',
};

const declaration = /^<\?xml\s(?:[^>]*?\s)?encoding\s*=\s*(?:"([A-Za-z][\w.-]*)"|'([A-Za-z][\w.-]*)')/;

/**
 * What an XML declaration says (XML 1.0, 4.3.3 and appendix F), `null` where there is none. In UTF-16 its first
 * characters tell by themselves; elsewhere ASCII is enough to read it.
 */
export function xmlEncoding(start: Uint8Array): Encoding | null {
  const bytes = Buffer.from(start.buffer, start.byteOffset, Math.min(start.byteLength, startBytes));
  const first = bytes.toString('latin1', 0, 4);
  if (first === '<\0?\0') return 'utf-16le';
  if (first === '\0<\0?') return 'utf-16be';
  const [, quoted, single] = declaration.exec(bytes.toString('latin1')) ?? [];
  const name = (quoted ?? single)?.slice(0, 40);
  if (name === undefined) return null;
  const known = names[name.toLowerCase()];
  if (known !== undefined) return known;
  const what = `the XML declaration says ${name}, which ${/^utf-?16/i.test(name) ? 'the file is not in' : 'is not read'}`;
  throw new ForebayError(
    'EncodingUnsupported',
    `${what}; deliver it as UTF-8, or say in the job's format.encoding what it is`,
  );
}
