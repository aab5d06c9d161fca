/**
 * Extract's reading of XML: saxes decides what is well formed, and its events tell where records begin and end.
 * Envelope's reading (`find.ts`) knows nothing of saxes: it looks for tags in bytes, and takes from the scan only where
 * a range lies and what stands above it. The two counts come from different eyes.
 */

import { SaxesParser, type SaxesStartTagNS, type SaxesTagNS } from 'saxes';
import type { XmlFormat } from '../../job/model.ts';
import type { Scan } from '../../shard.ts';
import { asBuffer } from '../bytes.ts';
import type { ScanLimits, Scanner } from '../interfaces.ts';
import type { NameKey } from '../names.ts';
import { byteOrderMark } from '../text.ts';
import { Ancestors, maxContextBytes } from './context.ts';
import { besideAncestors, fieldPath, nameAs, type RecordPath, recordPath } from './path.ts';
import { type Piece, Utf8Pieces } from './pieces.ts';
import { Places } from './places.ts';
import { contextTooLarge, doctype, invalid, nested, notWellFormed, tooLarge } from './refusals.ts';

/** Saxes looks up a prefix through all that is open: depth is time, and memory. */
const maxDepth = 512;

/** Of one record: as objects they are many times their bytes, and Envelope has all of them at once. */
const maxElements = 250_000;

export function xmlScanner(format: XmlFormat, limits: ScanLimits, key: NameKey): Scanner {
  let head: Buffer | null = Buffer.alloc(0);
  let scan: XmlScan | null = null;
  const open = (first: Buffer): XmlScan => {
    head = null;
    const mark = byteOrderMark(first);
    scan = new XmlScan(format, limits, key, mark);
    scan.push(first.subarray(mark));
    return scan;
  };
  return {
    push(chunk) {
      const buffer = asBuffer(chunk);
      if (scan !== null) return scan.push(buffer);
      head = Buffer.concat([head ?? buffer, ...(head === null ? [] : [buffer])]);
      if (head.length >= 4) open(head);
    },
    end: () => (scan ?? open(head ?? Buffer.alloc(0))).end(),
  };
}

class XmlScan {
  readonly #parser = new SaxesParser({ xmlns: true, position: false });
  readonly #pieces = new Utf8Pieces();
  readonly #places: Places;
  readonly #namespaces: XmlFormat['namespaces'];
  readonly #path: RecordPath;
  readonly #limits: ScanLimits;
  readonly #ancestors: Ancestors;
  readonly #scan: Scan = { records: 0, header: null, ranges: [] };
  /** Of the elements that are open. */
  readonly #names: string[] = [];
  /** The record that is open. */
  #record: { start: number; depth: number; elements: number } | null = null;
  /** Where the root element ended; the file's start before that. */
  #outside: number;
  /** Where the last event ended, by saxes' count. */
  #heard = 0;

  constructor({ record, namespaces }: XmlFormat, limits: ScanLimits, key: NameKey, from: number) {
    const path = recordPath(record, namespaces === 'keep');
    if (path === null) throw new RangeError('xml: record must be a path of element names');
    this.#path = path;
    this.#namespaces = namespaces;
    this.#limits = limits;
    this.#ancestors = new Ancestors(askedFor(limits.paths, namespaces, key));
    this.#places = new Places(from);
    this.#outside = from;
    this.#listen();
  }

  push(chunk: Buffer): void {
    for (const piece of this.#pieces.push(chunk)) this.#write(piece);
  }

  end(): Scan {
    for (const piece of this.#pieces.end()) this.#write(piece);
    // A file without a byte is an empty delivery, not a broken document.
    if (!this.#places.isEmpty()) this.#parse(null);
    return this.#scan;
  }

  #write(piece: Piece): void {
    if (!piece.valid && this.#record === null) throw invalid('bytes that are not UTF-8', this.#places.end);
    // saxes would pass over a second byte order mark
    if (this.#places.isEmpty() && piece.text.startsWith('\ufeff')) {
      throw invalid('text stands outside of the root element', this.#outside);
    }
    this.#places.next(piece);
    this.#parse(piece.text);
    this.#checkSize();
  }

  /** `null`: the end. */
  #parse(text: string | null): void {
    try {
      if (text === null) this.#parser.close();
      else this.#parser.write(text);
    } catch (error) {
      const { name, message } = error as Error;
      // ours, or a fault of the program: saxes' own are plain ones
      if (name !== 'Error') throw error;
      // saxes tells of text outside of the root when it has gone past, at a place that hangs on the chunks
      const isOutside = /outside of root/.test(message);
      throw notWellFormed(message, isOutside ? this.#outside : this.#at());
    }
  }

  /**
   * Six events: with one more, saxes becomes four times slower, since V8 then keeps the parser's properties in a
   * dictionary. So errors are left to be thrown, and the XML declaration is looked at afterwards.
   */
  #listen(): void {
    const parser = this.#parser;
    parser.on('doctype', () => {
      throw doctype(this.#at());
    });
    parser.on('opentagstart', (tag) => this.#begin(tag));
    parser.on('closetag', (tag) => this.#close(tag));
    parser.on('cdata', (text) => this.#text(text));
    this.#listenOutside(true);
  }

  /** Within a record nothing but where it ends matters, and saxes keeps no text that nobody listens to. */
  #listenOutside(on: boolean): void {
    const parser = this.#parser;
    if (!on) {
      parser.off('opentag');
      parser.off('text');
      return;
    }
    parser.on('opentag', (tag) => this.#ancestors.open(this.#names.at(-1) ?? '', tag));
    parser.on('text', (text) => this.#text(text));
  }

  #text(text: string): void {
    this.#hear();
    if (this.#record === null) this.#ancestors.text(text);
  }

  #begin({ name }: SaxesStartTagNS): void {
    this.#hear();
    const names = this.#names;
    names.push(nameAs(this.#namespaces, name));
    if (names.length === 1 && (this.#parser.xmlDecl.version ?? '1.0') !== '1.0') {
      throw invalid('it declares another version of XML than 1.0', this.#at());
    }
    if (names.length > maxDepth) throw invalid(`elements are nested deeper than ${maxDepth}`, this.#at());
    const record = this.#record;
    if (record !== null && ++record.elements > maxElements) {
      throw tooLarge('the record', record.start, `${maxElements} elements`);
    }
    if (!isRecord(this.#path, names)) return;
    const start = this.#places.tagStart(this.#parser.position, name);
    if (record !== null) throw nested(start);
    this.#record = { start, depth: names.length, elements: 1 };
    // looked at for each record, so that it does not hang on where ranges are cut
    if (!this.#ancestors.record()) throw contextTooLarge(start, maxContextBytes);
    this.#listenOutside(false);
  }

  #close(tag: SaxesTagNS): void {
    this.#hear();
    const record = this.#record;
    const depth = this.#names.length;
    this.#names.pop();
    if (depth === 1) this.#outside = this.#at();
    if (record === null) this.#ancestors.close(tag);
    else if (depth === record.depth) {
      this.#record = null;
      this.#add(record.start, this.#at());
      this.#listenOutside(true);
    }
  }

  /** Puts records, as they come, into ranges of at least `shardBytes`. What lies between two ranges is in none. */
  #add(start: number, end: number): void {
    if (end - start > this.#limits.maxRecordBytes) throw this.#tooLarge(start);
    const { ranges } = this.#scan;
    let range = ranges.at(-1);
    if (range === undefined || start - range.offset >= this.#limits.shardBytes) {
      range = { offset: start, length: 0, records: 0, context: this.#ancestors.context() };
      ranges.push(range);
    }
    range.length = end - range.offset;
    range.records++;
    this.#scan.records++;
  }

  /** Saxes keeps what is not yet over: a record, or one piece of markup or text. */
  #checkSize(): void {
    const { maxRecordBytes } = this.#limits;
    const pending = this.#places.units - this.#heard;
    if (this.#record !== null) {
      if (this.#places.end - this.#record.start > maxRecordBytes) throw this.#tooLarge(this.#record.start);
    } else if (pending > maxRecordBytes)
      throw tooLarge('what begins', this.#places.end - pending, `${maxRecordBytes} bytes`);
  }

  #tooLarge(start: number): Error {
    return tooLarge('the record', start, `${this.#limits.maxRecordBytes} bytes`);
  }

  #hear(): void {
    this.#heard = this.#parser.position;
  }

  #at(): number {
    return this.#places.byteAt(this.#parser.position);
  }
}

/** Which elements beside ancestors are kept: those that paths of the job begin with, or all where it names none. */
function askedFor(paths: readonly string[] | undefined, namespaces: XmlFormat['namespaces'], key: NameKey) {
  if (paths === undefined) return () => true;
  const names = new Set(
    paths.flatMap((text) => {
      const path = fieldPath(text, namespaces === 'keep');
      const asked = path === null ? null : besideAncestors(path);
      return asked === null ? [] : [key(asked)];
    }),
  );
  return (name: string) => names.has(key(name));
}

function isRecord({ fromRoot, names }: RecordPath, open: readonly string[]): boolean {
  const above = open.length - names.length;
  if (above < 0 || (fromRoot && above > 0)) return false;
  for (let i = names.length - 1; i >= 0; i--) if (open[above + i] !== names[i]) return false;
  return true;
}
