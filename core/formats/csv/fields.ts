/**
 * Envelope's reading of CSV: the fields of one record after the other. It works on the bytes of a whole shard, and
 * shares no code with Extract's `walk.ts`, so that Reconcile compares two readings. The grammar is in `dialect.ts`.
 */
import type { Dialect, QuoteFault } from './dialect.ts';

/** What becomes of the fields of a record, in their order. Ranges are of the shard's bytes. */
export interface FieldSink {
  /** A field without quotes. */
  plain(field: number, from: number, to: number): void;
  /** A field in quotes begins; its pieces follow, and together are its text. */
  quoted(field: number): void;
  piece(field: number, from: number, to: number): void;
}

const LF = 10;
const CR = 13;

export class FieldReader {
  /** Of the record that was read last. */
  start = 0;
  end = 0;
  width = 0;
  fault: QuoteFault = 'none';
  readonly #bytes: Buffer;
  readonly #dialect: Dialect;
  readonly #delimiter: number;
  readonly #trims: boolean;
  #at = 0;

  constructor(dialect: Dialect, bytes: Buffer) {
    this.#dialect = dialect;
    this.#bytes = bytes;
    this.#delimiter = dialect.delimiter[0] ?? 0;
    this.#trims = dialect.spaceByte !== -1 || dialect.tabByte !== -1;
  }

  /** Goes on behind empty lines and comments; `false`: there is no record any more. */
  find(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === this.#dialect.commentByte) at = this.#lineEnd(at);
      else if (byte !== LF && byte !== CR && !this.#isBlank(byte)) break;
    }
    this.start = at;
    return at < bytes.length;
  }

  /** The record that was found. */
  read(sink: FieldSink): void {
    const bytes = this.#bytes;
    this.fault = 'none';
    let at = this.start;
    let field = 0;
    for (;;) {
      if (this.#trims) at = this.#behindBlanks(at);
      if (bytes[at] === this.#dialect.quoteByte) at = this.#quoted(sink, field, at);
      else {
        const end = this.#fieldEnd(at);
        sink.plain(field, at, this.#trims ? this.#beforeBlanks(at, end) : end);
        at = end;
      }
      field++;
      if (!this.#isDelimiter(at)) break;
      at += this.#dialect.delimiter.length;
    }
    this.width = field;
    this.end = at;
    this.#at = at;
  }

  /** The offset of the delimiter or the line end that a field without quotes ends at. */
  #fieldEnd(from: number): number {
    const bytes = this.#bytes;
    const delimiter = this.#delimiter;
    const { length } = bytes;
    let at = from;
    for (; at < length; at++) {
      const byte = bytes[at];
      if (byte === LF || byte === CR || (byte === delimiter && this.#isDelimiter(at))) break;
    }
    return at;
  }

  #isBlank(byte: number | undefined): boolean {
    return byte === this.#dialect.spaceByte || byte === this.#dialect.tabByte;
  }

  #behindBlanks(from: number): number {
    let at = from;
    while (this.#isBlank(this.#bytes[at])) at++;
    return at;
  }

  #beforeBlanks(from: number, end: number): number {
    let at = end;
    while (at > from && this.#isBlank(this.#bytes[at - 1])) at--;
    return at;
  }

  #lineEnd(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    while (at < bytes.length && bytes[at] !== LF && bytes[at] !== CR) at++;
    return at;
  }

  /** Reads the field whose quote opens at `open`, and gives the offset behind it. */
  #quoted(sink: FieldSink, field: number, open: number): number {
    const bytes = this.#bytes;
    const { quoteByte, escapeByte } = this.#dialect;
    const { length } = bytes;
    sink.quoted(field);
    let from = open + 1;
    let at = from;
    for (; at < length; at++) {
      const byte = bytes[at];
      if (byte !== quoteByte && byte !== escapeByte) continue;
      const escapes = byte === escapeByte && (escapeByte !== quoteByte || bytes[at + 1] === quoteByte);
      sink.piece(field, from, at);
      if (!escapes) return this.#closed(field, open, at);
      // the character behind it belongs to the text
      from = at + 1;
      at++;
    }
    this.fault = 'UnclosedQuote';
    return length;
  }

  /** Behind the quote that closes a field at `close`. */
  #closed(field: number, open: number, close: number): number {
    const at = this.#trims ? this.#behindBlanks(close + 1) : close + 1;
    const byte = this.#bytes[at];
    if (byte === undefined || byte === LF || byte === CR || this.#isDelimiter(at)) return at;
    this.fault = 'InvalidQuote';
    const emptyFirst = field === 0 && close === open + 1;
    return emptyFirst && byte === this.#dialect.commentByte ? this.#lineEnd(at) : this.#fieldEnd(at);
  }

  #isDelimiter(at: number): boolean {
    const { delimiter } = this.#dialect;
    for (let i = 0; i < delimiter.length; i++) if (this.#bytes[at + i] !== delimiter[i]) return false;
    return true;
  }
}
