/** JSON records as they are written: a reading has found them to be JSON, and its words are kept. */

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

const isBlank = (byte: number | undefined): boolean =>
  byte === 32 || byte === 10 || byte === 13 || byte === 9;
const isOpen = (byte: number | undefined): boolean => byte === 91 || byte === 123;
const isClose = (byte: number | undefined): boolean => byte === 93 || byte === 125;

/** A value on one line: without the blanks between its words. */
export function compact(json: Buffer): string {
  const kept = Buffer.allocUnsafe(json.length);
  let length = 0;
  for (let at = 0; at < json.length; ) {
    const end = json[at] === QUOTE ? stringEnd(json, at) : at + 1;
    if (!isBlank(json[at])) length += json.copy(kept, length, at, end);
    at = end;
  }
  return kept.toString('utf8', 0, length);
}

/** An array as the object whose members have these names, in their order. */
export function named(names: readonly string[], json: Buffer): string {
  const members = elements(json).map((element, i) => `${JSON.stringify(names[i] ?? '')}:${compact(element)}`);
  return `{${members.join(',')}}`;
}

function elements(array: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let depth = 0;
  let from = array.indexOf('[') + 1;
  for (let at = from; at < array.length; ) {
    const byte = array[at];
    if (depth === 0 && (byte === COMMA || isClose(byte))) {
      found.push(array.subarray(from, at));
      from = at + 1;
      if (byte !== COMMA) break;
    }
    if (isOpen(byte)) depth++;
    if (isClose(byte)) depth--;
    at = byte === QUOTE ? stringEnd(array, at) : at + 1;
  }
  return found;
}

/** Behind the quote that closes the string at `open`. */
function stringEnd(json: Buffer, open: number): number {
  let at = open + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}
