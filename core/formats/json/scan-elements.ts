/**
 * Where the records of a document begin and end: by strings, brackets and commas alone, in chunks of any size, without
 * keeping any of them. What else is in a record is the reader's to judge. But where a record ends is known only as long
 * as brackets close what they open, and as each string has before and behind it what a string may have: a quote
 * too many or too few turns all strings behind it inside out. A file in which that does not hold is refused.
 */
import { ForebayError } from '../../errors.ts';
import type { Ranges } from '../ranges.ts';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isBlank,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './grammar.ts';
import { documentInvalid } from './refuse.ts';

const FIRST = 0; // behind the array's bracket: an element, or the end
const NEXT = 1; // behind a comma: an element
const WORD = 2; // in an element that is neither string nor brackets
const NESTED = 3; // in an element's brackets
const STRING = 4; // in an element's string
const BEHIND = 5; // behind an element: a comma, or the end

const isOpening = (byte: number | undefined): boolean => byte === OPEN_OBJECT || byte === OPEN_ARRAY;
const isClosing = (byte: number | undefined): boolean => byte === CLOSE_OBJECT || byte === CLOSE_ARRAY;

export class ElementWalker {
  /** Behind the last byte of the array, or of the object. */
  done = false;
  readonly #maxRecordBytes: number;
  readonly #onElement: Ranges['add'];
  /** An object is one element, without an array around it. */
  readonly #isArray: boolean;
  #state: number;
  #start = 0;
  #escaped = false;
  /** The last byte outside of strings that is no blank, or a string's closing quote. */
  #last = COMMA;
  /** The brackets that are open, one behind the other. */
  #open = new Uint8Array(1_024);
  #depth = 0;

  constructor(isArray: boolean, maxRecordBytes: number, onElement: Ranges['add']) {
    this.#isArray = isArray;
    this.#maxRecordBytes = maxRecordBytes;
    this.#onElement = onElement;
    this.#state = isArray ? FIRST : NEXT;
  }

  /** Reads the chunk, whose first byte is the file's `offset`, on from `from`; gives the index behind what it took. */
  push(chunk: Buffer, from: number, offset: number): number {
    let at = from;
    while (at < chunk.length && !this.done) {
      if (this.#state === STRING) at = this.#string(chunk, at, offset);
      else if (this.#state === NESTED) at = this.#nested(chunk, at, offset);
      else {
        this.#between(chunk[at] as number, offset + at);
        at++;
      }
    }
    const inElement = this.#state === WORD || this.#state === NESTED || this.#state === STRING;
    if (inElement) this.#checkSize(offset + at);
    return at;
  }

  /** A byte at the level of the elements. */
  #between(byte: number, at: number): void {
    const state = this.#state;
    if (state === WORD) this.#inWord(byte, at);
    else if (isBlank(byte)) return;
    else if (state === BEHIND || (state === FIRST && byte === CLOSE_ARRAY)) this.#behind(byte, at);
    else this.#begin(byte, at);
  }

  #begin(byte: number, at: number): void {
    if (byte === COMMA || isClosing(byte)) throw documentInvalid(at, 'a record is missing');
    this.#start = at;
    if (byte === QUOTE) this.#state = STRING;
    else if (isOpening(byte)) {
      this.#push(byte);
      this.#state = NESTED;
    } else this.#state = WORD;
  }

  /** A number, `true`, `false`, `null`, or what the reader will refuse. */
  #inWord(byte: number, at: number): void {
    if (byte !== COMMA && byte !== CLOSE_ARRAY && !isBlank(byte)) {
      if (byte === QUOTE || isOpening(byte) || byte === CLOSE_OBJECT) throw this.#damaged(at, noComma);
      return;
    }
    this.#elementEnd(at);
    if (!isBlank(byte)) this.#behind(byte, at);
  }

  #behind(byte: number, at: number): void {
    if (byte === COMMA) this.#state = NEXT;
    else if (byte === CLOSE_ARRAY) this.done = true;
    else throw documentInvalid(at, noComma);
  }

  #nested(chunk: Buffer, from: number, offset: number): number {
    let last = this.#last;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (isBlank(byte)) continue;
      if (last === QUOTE && byte !== COMMA && byte !== COLON && !isClosing(byte)) {
        throw this.#damaged(offset + at, 'something follows a string that cannot');
      }
      if (byte === QUOTE) {
        if (last !== COMMA && last !== COLON && !isOpening(last)) {
          throw this.#damaged(offset + at, 'a string begins where none can');
        }
        this.#state = STRING;
        return at + 1;
      }
      last = byte;
      if (isOpening(byte)) this.#push(byte);
      else if (isClosing(byte) && this.#closes(byte, offset + at)) {
        this.#elementEnd(offset + at + 1);
        return at + 1;
      }
    }
    this.#last = last;
    return chunk.length;
  }

  #string(chunk: Buffer, from: number, offset: number): number {
    let at = from;
    if (this.#escaped) at++;
    this.#escaped = false;
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) {
        this.#last = QUOTE;
        this.#state = NESTED;
        if (this.#depth === 0) this.#elementEnd(offset + at + 1);
        return at + 1;
      }
    }
    // a backslash was the last byte
    this.#escaped = at > chunk.length;
    return chunk.length;
  }

  #push(bracket: number): void {
    if (this.#depth === this.#open.length) {
      const larger = new Uint8Array(this.#open.length * 2);
      larger.set(this.#open);
      this.#open = larger;
    }
    this.#open[this.#depth++] = bracket;
    this.#last = bracket;
  }

  /** Whether it closes the element's outermost bracket. */
  #closes(bracket: number, at: number): boolean {
    this.#depth--;
    const opened = this.#open[this.#depth];
    if ((bracket === CLOSE_OBJECT) !== (opened === OPEN_OBJECT)) {
      throw this.#damaged(at, 'a bracket closes one of the other kind');
    }
    return this.#depth === 0;
  }

  #elementEnd(end: number): void {
    this.#checkSize(end);
    this.#onElement(this.#start, end);
    this.#state = BEHIND;
    this.done = !this.#isArray;
  }

  /** Of damage behind what a record may have, its size is told, in whatever chunks it comes. */
  #damaged(at: number, what: string): ForebayError {
    this.#checkSize(at);
    return documentInvalid(at, what);
  }

  #checkSize(at: number): void {
    if (at - this.#start <= this.#maxRecordBytes) return;
    throw new ForebayError(
      'RecordTooLarge',
      `the record at byte ${this.#start} does not end within ${this.#maxRecordBytes} bytes; put the file right`,
    );
  }
}

const noComma = 'no comma stands between two records';
