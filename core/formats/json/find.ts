/** Where Envelope's reading finds the records of a shard. */
import { ForebayError } from '../../errors.ts';
import type { ByteRange } from '../../shard.ts';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  CR,
  isBlank,
  LF,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './grammar.ts';

export interface RecordFinder {
  /** Of the record that was found. `end` is known behind `passOver`. */
  readonly start: number;
  readonly end: number;
  /** An offset that the record does not go beyond. */
  readonly limit: number;
  /** Goes on to the next record; `false`: there is none. */
  find(): boolean;
  /** Whether a record whose value and the blanks behind it end at this offset ends there; if so, goes behind it. */
  closes(at: number): boolean;
  /** Goes behind the record, whatever is in it. */
  passOver(): void;
}

/** Lines that hold more than blanks. A line ends with LF or CRLF, the last one also with the shard. */
export class LineFinder implements RecordFinder {
  start = 0;
  end = 0;
  readonly #bytes: Buffer;
  #next = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get limit(): number {
    return this.end;
  }

  find(): boolean {
    const bytes = this.#bytes;
    while (this.#next < bytes.length) {
      const lineEnd = bytes.indexOf(LF, this.#next);
      this.start = this.#next;
      this.end = lineEnd === -1 ? bytes.length : lineEnd;
      this.#next = this.end + 1;
      if (this.end > this.start && bytes[this.end - 1] === CR) this.end--;
      if (!this.#isBlank()) return true;
    }
    return false;
  }

  closes(at: number): boolean {
    return at === this.end;
  }

  passOver(): void {
    // the line's end was found with the line
  }

  #isBlank(): boolean {
    let at = this.start;
    while (at < this.end && isBlank(this.#bytes[at])) at++;
    return at === this.end;
  }
}

/** Elements of an array, with commas between them. */
export class ElementFinder implements RecordFinder {
  start = 0;
  end = 0;
  readonly limit: number;
  readonly #bytes: Buffer;
  /** The first byte, or the comma behind the last record. */
  #next = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.limit = bytes.length;
  }

  find(): boolean {
    const bytes = this.#bytes;
    let at = this.#next;
    if (bytes[at] === COMMA) at++;
    while (isBlank(bytes[at])) at++;
    this.start = at;
    return at < bytes.length;
  }

  closes(at: number): boolean {
    this.#next = at;
    return at === this.limit || this.#bytes[at] === COMMA;
  }

  /** Strings and brackets alone tell where it ends: the scan has refused a file in which they do not. */
  passOver(): void {
    const bytes = this.#bytes;
    let depth = 0;
    let at = this.start;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === COMMA && depth === 0) break;
      if (byte === QUOTE) at = this.#closingQuote(at);
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--;
    }
    at = Math.min(at, bytes.length);
    this.#next = at;
    while (at > this.start && isBlank(bytes[at - 1])) at--;
    this.end = at;
  }

  #closingQuote(open: number): number {
    const bytes = this.#bytes;
    let at = open + 1;
    while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    return at;
  }
}

/** Where records (ascending) lie. */
export function locateRecords(
  finder: RecordFinder,
  records: readonly number[],
  shardBytes: number,
): ByteRange[] {
  let passed = 0;
  return records.map((record) => {
    for (; passed <= record; passed++) {
      if (!finder.find()) throw unknown(record, shardBytes);
      finder.passOver();
    }
    return { offset: finder.start, length: finder.end - finder.start };
  });
}

const unknown = (record: number, bytes: number): ForebayError =>
  new ForebayError(
    'CountMismatch',
    `a shard of ${bytes} bytes has no record ${record} to be located; report this file`,
  );
