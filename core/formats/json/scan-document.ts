/**
 * What is around the records of a document: all of its grammar (RFC 8259) is checked, for nobody else looks at it,
 * and the path is followed to where the records begin.
 */
import { isUtf8 } from 'node:buffer';
import { ForebayError } from '../../errors.ts';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isBlank,
  maxDepth,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './grammar.ts';
import { memberPath } from './path.ts';
import { documentInvalid, pathMissing } from './refuse.ts';

const VALUE = 0;
const VALUE_OR_END = 1; // behind an array's bracket
const NAME = 2;
const NAME_OR_END = 3; // behind an object's bracket
const TO_COLON = 4;
const BEHIND = 5; // behind a value within brackets
const END = 6; // behind the document

/** What no number and no word holds. */
const ends = new Set<number | undefined>(Buffer.from(' \t\n\r,:[]{}"'));

export class DocumentWalker {
  /** The records begin here: an array's or an object's bracket is next. */
  atRecords = false;
  readonly #path: string;
  readonly #names: string[];
  readonly #maxTokenBytes: number;
  readonly #open: number[] = [];
  #state = VALUE;
  /** Whether the value that comes is on the path. */
  #onPath = true;
  /** Of the path's names, how many the open brackets, and the value that comes, are the values of. */
  #matched = 0;
  /** How many of the path's names were found; a name is looked for in one object only. */
  #found = 0;
  #hasRecords = false;
  /** A string, number or word that is not yet whole, and where it begins. */
  #token: Token | null = null;

  constructor(path: string, maxTokenBytes: number) {
    this.#path = path;
    this.#names = memberPath(path) ?? [];
    this.#maxTokenBytes = maxTokenBytes;
  }

  /** Reads the chunk, whose first byte is the file's `offset`, on from `from`; gives the index behind what it took. */
  push(chunk: Buffer, from: number, offset: number): number {
    let at = from;
    while (at < chunk.length && !this.atRecords) {
      const byte = chunk[at] as number;
      if (this.#token !== null) at = this.#goOn(this.#token, chunk, at);
      else if (isBlank(byte) || this.#takes(byte, offset + at)) at++;
    }
    return at;
  }

  /** The records were read. */
  behindRecords(): void {
    this.atRecords = false;
    this.#hasRecords = true;
    this.#valueEnd();
  }

  /** The end of the file. One without a document has no records. */
  end(fileBytes: number): void {
    if (this.#token !== null) this.#tokenEnd(this.#token);
    if (this.#state === VALUE && this.#open.length === 0 && !this.atRecords) return;
    if (this.#state !== END) throw documentInvalid(fileBytes, 'the file ends, and the document does not');
    if (!this.#hasRecords) throw pathMissing(this.#path, 'is not in the document');
  }

  /** Outside of tokens. Whether the byte is done with: a token's first byte, and the records' bracket, are not. */
  #takes(byte: number, at: number): boolean {
    const state = this.#state;
    const isName = state === NAME || state === NAME_OR_END;
    if (state === END)
      throw documentInvalid(at, 'more follows the document (if each line is one, it is ndjson)');
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#close(byte, at);
    else if (state === TO_COLON && byte === COLON) this.#state = VALUE;
    else if (state === BEHIND && byte === COMMA) {
      this.#state = this.#open.at(-1) === OPEN_OBJECT ? NAME : VALUE;
    } else if (isName && byte === QUOTE) return this.#begin(at);
    else if (state !== VALUE && state !== VALUE_OR_END) throw malformed(at);
    else return byte === OPEN_OBJECT || byte === OPEN_ARRAY ? this.#nest(byte, at) : this.#begin(at);
    return true;
  }

  #nest(bracket: number, at: number): boolean {
    if (this.#onPath && this.#matched === this.#names.length) {
      this.atRecords = true;
      return false;
    }
    if (this.#onPath && bracket === OPEN_ARRAY) throw pathMissing(this.#path, 'leads into an array');
    if (this.#open.length === maxDepth) {
      throw documentInvalid(at, `it is nested deeper than ${maxDepth} levels outside of the records`);
    }
    this.#open.push(bracket);
    this.#onPath = false;
    this.#state = bracket === OPEN_OBJECT ? NAME_OR_END : VALUE_OR_END;
    return true;
  }

  #close(bracket: number, at: number): void {
    const empty = bracket === CLOSE_OBJECT ? NAME_OR_END : VALUE_OR_END;
    const opened = this.#open.pop();
    const closes = opened === (bracket === CLOSE_OBJECT ? OPEN_OBJECT : OPEN_ARRAY);
    if (!closes || (this.#state !== BEHIND && this.#state !== empty)) throw malformed(at);
    this.#valueEnd();
  }

  #valueEnd(): void {
    this.#onPath = false;
    this.#matched = Math.min(this.#matched, Math.max(this.#open.length - 1, 0));
    this.#state = this.#open.length === 0 ? END : BEHIND;
  }

  #begin(at: number): boolean {
    this.#token = { start: at, pieces: [], length: 0, escaped: false };
    return false;
  }

  #goOn(token: Token, chunk: Buffer, from: number): number {
    const isString = (token.pieces[0]?.[0] ?? chunk[from]) === QUOTE;
    const { at, ended } = isString ? stringPart(token, chunk, from) : wordPart(chunk, from);
    token.pieces.push(Buffer.from(chunk.subarray(from, at)));
    token.length += at - from;
    if (token.length > this.#maxTokenBytes) throw tooLarge(token.start, this.#maxTokenBytes);
    if (ended) this.#tokenEnd(token);
    return at;
  }

  #tokenEnd(token: Token): void {
    this.#token = null;
    const value = parsed(token);
    if (this.#state === NAME || this.#state === NAME_OR_END) {
      this.#state = TO_COLON;
      this.#name(value, token.start);
    } else {
      if (this.#onPath) throw pathMissing(this.#path, 'is neither an array nor an object');
      this.#valueEnd();
    }
  }

  #name(name: unknown, at: number): void {
    if (this.#open.length !== this.#matched + 1 || name !== this.#names[this.#matched]) return;
    if (this.#found > this.#matched) {
      throw documentInvalid(at, "a name of the format's path stands a second time in its object");
    }
    this.#matched++;
    this.#found = this.#matched;
    this.#onPath = true;
  }
}

const malformed = (at: number): ForebayError => documentInvalid(at, 'it is not JSON');

const tooLarge = (start: number, limit: number): ForebayError =>
  new ForebayError(
    'RecordTooLarge',
    `the text at byte ${start}, outside of the records, does not end within ${limit} bytes; put the file right`,
  );

/** A string, a number or a word, as far as it has come. */
interface Token {
  start: number;
  pieces: Buffer[];
  length: number;
  /** Whether a backslash was its last byte, and the next one belongs to it. */
  escaped: boolean;
}

/** Nothing of a record is in it: its value is compared with the path's names, and no more. */
function parsed({ start, pieces }: Token): unknown {
  const bytes = Buffer.concat(pieces);
  try {
    if (isUtf8(bytes)) return JSON.parse(bytes.toString());
  } catch {
    // told below, by its place and without its text
  }
  throw malformed(start);
}

interface Part {
  /** Behind what belongs to the token. */
  at: number;
  ended: boolean;
}

function wordPart(chunk: Buffer, from: number): Part {
  let at = from;
  while (at < chunk.length && !ends.has(chunk[at])) at++;
  return { at, ended: at < chunk.length };
}

function stringPart(token: Token, chunk: Buffer, from: number): Part {
  let at = token.length === 0 ? from + 1 : from;
  for (; at < chunk.length; at++) {
    const byte = chunk[at];
    if (token.escaped) token.escaped = false;
    else if (byte === BACKSLASH) token.escaped = true;
    else if (byte === QUOTE) return { at: at + 1, ended: true };
  }
  return { at, ended: false };
}
