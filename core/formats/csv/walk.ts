/**
 * Where records begin and end: one pass over bytes, in chunks of any size, without keeping any of them. The
 * grammar is in `dialect.ts`. Offsets count from the first byte pushed.
 */
import { ForebayError } from '../../errors.ts';
import type { Dialect, QuoteFault } from './dialect.ts';
import { overlapsOf } from './overlap.ts';

/** Called at each record's end, in order. `end` is behind the last byte before the line end. */
export type OnRecord = (start: number, end: number, fault: QuoteFault) => void;

const LF = 10;
const CR = 13;

const RECORD = 0; // at a record's first byte
const FIELD = 1; // behind a delimiter, at a field's first byte or at blanks before it
const PLAIN = 2; // in an unquoted field: delimiters are seen by looking back from a quote
const QUOTED = 3; // in a quoted field
const ESCAPED = 4; // behind an escape that is not the quote
const CLOSED = 5; // behind a quote in a quoted field: its end, or an escaped quote's first half
const COMMENT = 6; // up to the line end
const REST = 7; // of a malformed record, up to the line end
const BEHIND = 8; // at blanks behind a closed quote
const FORWARD = 9; // in an unquoted field where looking back would not do: delimiters are seen as they come

export class RecordWalker {
  readonly #dialect: Dialect;
  readonly #maxRecordBytes: number;
  readonly #onRecord: OnRecord;
  /** Of a match of the delimiter that breaks off, how much is still one. */
  readonly #overlaps: number[];
  /** PLAIN, or FORWARD for a delimiter that can overlap itself, and for blanks that may stand behind any. */
  readonly #unquoted: number;
  readonly #trims: boolean;
  #state = RECORD;
  /** Offset of the chunk's first byte. */
  #base = 0;
  #recordStart = 0;
  #quoteStart = 0;
  #fault: QuoteFault = 'none';
  #quoteEnd = 0;
  /** Bytes of the delimiter seen, behind a closing quote or, looking forward, in plain text. */
  #matched = 0;
  /** The last bytes before the chunk: a delimiter may begin there. */
  #before = Buffer.alloc(0);

  constructor(dialect: Dialect, maxRecordBytes: number, onRecord: OnRecord) {
    this.#dialect = dialect;
    this.#maxRecordBytes = maxRecordBytes;
    this.#onRecord = onRecord;
    this.#overlaps = overlapsOf(dialect.delimiter);
    this.#trims = dialect.spaceByte !== -1 || dialect.tabByte !== -1;
    this.#unquoted = this.#trims || this.#overlaps.at(-1) !== 0 ? FORWARD : PLAIN;
  }

  /** Bytes before the first record that are none of its own: a byte order mark. */
  skip(bytes: number): void {
    this.#base += bytes;
  }

  push(chunk: Buffer): void {
    const { length } = chunk;
    // the next of each, looked up once and not again before it is passed
    let [quoteAt, lfAt, crAt] = [-1, -1, -1];
    let i = 0;
    while (i < length) {
      const state = this.#state;
      if (state === PLAIN) {
        if (quoteAt < i) quoteAt = nextOf(chunk, this.#dialect.quoteByte, i);
        if (lfAt < i) lfAt = nextOf(chunk, LF, i);
        if (crAt < i) crAt = nextOf(chunk, CR, i);
        i = this.#plain(chunk, quoteAt, Math.min(lfAt, crAt));
      } else if (state === QUOTED) i = this.#quoted(chunk, i);
      else if (state === CLOSED || state === BEHIND) i = this.#closed(chunk, i);
      else if (state === ESCAPED) {
        this.#state = QUOTED;
        i++;
      } else if (state === FIELD) i = this.#field(chunk, i);
      else if (state === RECORD) i = this.#record(chunk, i);
      else if (state === FORWARD) i = this.#forward(chunk, i);
      else i = this.#rest(chunk, i);
    }
    this.#base += length;
    const kept = -this.#dialect.delimiter.length;
    this.#before = Buffer.concat([this.#before, chunk.subarray(kept)]).subarray(kept);
    if (this.#inRecord()) this.#checkSize(this.#base);
  }

  /** The file's end. */
  end(): void {
    const state = this.#state;
    if (state === QUOTED || state === ESCAPED) this.#fault = 'UnclosedQuote';
    if ((state === CLOSED || state === BEHIND) && this.#matched > 0) this.#fault = 'InvalidQuote';
    this.#lineEnd(this.#base);
  }

  #record(chunk: Buffer, i: number): number {
    const byte = chunk[i];
    if (byte === LF || byte === CR || this.#isBlank(byte)) return i + 1;
    if (byte === this.#dialect.commentByte) {
      this.#state = COMMENT;
      return i + 1;
    }
    this.#recordStart = this.#base + i;
    this.#fault = 'none';
    return this.#field(chunk, i);
  }

  #field(chunk: Buffer, i: number): number {
    if (chunk[i] === this.#dialect.quoteByte) return this.#open(i);
    if (this.#isBlank(chunk[i])) return i + 1;
    this.#state = this.#unquoted;
    this.#matched = 0;
    return i;
  }

  #open(i: number): number {
    this.#state = QUOTED;
    this.#quoteStart = this.#base + i;
    return i + 1;
  }

  /** Goes on to the line end, or to the next quote where that is nearer. Delimiters do not matter before either. */
  #plain(chunk: Buffer, quoteAt: number, lineEnd: number): number {
    if (lineEnd < quoteAt) {
      this.#lineEnd(this.#base + lineEnd);
      return lineEnd + 1;
    }
    if (quoteAt === chunk.length) return quoteAt;
    return this.#behindDelimiter(chunk, quoteAt) ? this.#open(quoteAt) : quoteAt + 1;
  }

  /** Goes on to the delimiter that begins first, or to the line end where that is nearer. Quotes are text. */
  #forward(chunk: Buffer, from: number): number {
    const { delimiter } = this.#dialect;
    let matched = this.#matched;
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte === LF || byte === CR) {
        this.#lineEnd(this.#base + i);
        return i + 1;
      }
      while (matched > 0 && byte !== delimiter[matched]) matched = this.#overlaps[matched - 1] ?? 0;
      if (byte !== delimiter[matched]) continue;
      matched++;
      if (matched === delimiter.length) {
        this.#state = FIELD;
        return i + 1;
      }
    }
    this.#matched = matched;
    return chunk.length;
  }

  #quoted(chunk: Buffer, from: number): number {
    const { quoteByte, escapeByte } = this.#dialect;
    const { length } = chunk;
    let i = from;
    if (escapeByte === quoteByte) i = nextOf(chunk, quoteByte, i);
    else while (i < length && chunk[i] !== quoteByte && chunk[i] !== escapeByte) i++;
    if (i === length) return i;
    this.#state = chunk[i] === quoteByte ? CLOSED : ESCAPED;
    this.#quoteEnd = this.#base + i;
    this.#matched = 0;
    return i + 1;
  }

  /** Behind a quote within a quoted field: another one (escaped), the field's end, or neither. */
  #closed(chunk: Buffer, i: number): number {
    const { delimiter, quoteByte, escapeByte, commentByte } = this.#dialect;
    const byte = chunk[i];
    if (byte === delimiter[this.#matched]) {
      this.#matched++;
      if (this.#matched === delimiter.length) this.#state = FIELD;
      return i + 1;
    }
    if (this.#matched === 0) {
      if (this.#isBlank(byte)) {
        this.#state = BEHIND;
        return i + 1;
      }
      if (byte === quoteByte && escapeByte === quoteByte && this.#state === CLOSED) {
        this.#state = QUOTED;
        return i + 1;
      }
      if (byte === LF || byte === CR) {
        this.#lineEnd(this.#base + i);
        return i + 1;
      }
    }
    // what matched so far is text, and may hold the beginning of a delimiter
    this.#fault = 'InvalidQuote';
    const emptyFirst = this.#quoteStart === this.#recordStart && this.#quoteEnd === this.#quoteStart + 1;
    this.#state = emptyFirst && byte === commentByte ? REST : this.#unquoted;
    return i;
  }

  /** To the line end, whatever lies before it. */
  #rest(chunk: Buffer, from: number): number {
    let i = from;
    while (i < chunk.length && chunk[i] !== LF && chunk[i] !== CR) i++;
    if (i < chunk.length) this.#lineEnd(this.#base + i);
    return i + 1;
  }

  #lineEnd(at: number): void {
    if (this.#inRecord()) {
      this.#checkSize(at);
      this.#onRecord(this.#recordStart, at, this.#fault);
    }
    this.#state = RECORD;
  }

  #inRecord(): boolean {
    return this.#state !== RECORD && this.#state !== COMMENT;
  }

  #isBlank(byte: number | undefined): boolean {
    return this.#trims && (byte === this.#dialect.spaceByte || byte === this.#dialect.tabByte);
  }

  /** What lies before the field (a line end, a closing quote, another delimiter) cannot be part of a delimiter. */
  #behindDelimiter(chunk: Buffer, i: number): boolean {
    const { delimiter } = this.#dialect;
    for (let k = 0; k < delimiter.length; k++) {
      const at = i - delimiter.length + k;
      const byte = at < 0 ? this.#before[this.#before.length + at] : chunk[at];
      if (byte !== delimiter[k]) return false;
    }
    return true;
  }

  #checkSize(at: number): void {
    if (at - this.#recordStart <= this.#maxRecordBytes) return;
    const open = this.#state === QUOTED || this.#state === ESCAPED;
    const where = open
      ? `a quote that opens at byte ${this.#quoteStart} is not closed within`
      : `the record at byte ${this.#recordStart} does not end within`;
    throw new ForebayError(
      'RecordTooLarge',
      `${where} ${this.#maxRecordBytes} bytes; put the file right, or the job's quote and escape`,
    );
  }
}

/** A byte of -1 is none: `indexOf` would take it for 255. */
function nextOf(chunk: Buffer, byte: number, from: number): number {
  const at = byte === -1 ? -1 : chunk.indexOf(byte, from);
  return at === -1 ? chunk.length : at;
}
