/**
 * What both readings of JSON hold to: RFC 8259, every word of it, and beyond it
 *
 * - a name comes once in its object, compared unescaped;
 * - an escape that is half of a surrogate pair is no text;
 * - a record is nested at most `maxDepth` deep, itself counted.
 *
 * `docs/formats.md#json` has it for users. Extract's scans (`scan-lines.ts`, `scan.ts`) find records and count them;
 * Envelope's reading (`value.ts` and what it uses) checks each and gives its values. They share these names alone.
 */
export const maxDepth = 512;

export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const BLANK = 32;
export const QUOTE = 34;
export const COMMA = 44;
export const COLON = 58;
export const OPEN_ARRAY = 91;
export const BACKSLASH = 92;
export const CLOSE_ARRAY = 93;
export const OPEN_OBJECT = 123;
export const CLOSE_OBJECT = 125;

/** White space, which may stand between any two words. */
export const isBlank = (byte: number | undefined): boolean =>
  byte === BLANK || byte === LF || byte === CR || byte === TAB;
