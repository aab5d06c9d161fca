/**
 * Envelope's reading of one JSON value: it checks all of the grammar in `grammar.ts`, and finds where the values of
 * wanted names lie. It works on the bytes of a whole shard, makes no objects and hardly a text (`JSON.parse` would
 * round numbers and take the last of two values of a name), and shares no code with Extract's scans.
 */

import { withoutCase } from '../names.ts';
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
import { Place } from './place.ts';
import { unescaped } from './text.ts';
import { isCode, isDigit, numberEnd, plainEnd, stringEnd, wordEnd } from './token.ts';

export type ValueFault = 'none' | 'InvalidJson' | 'HalfPair' | 'DuplicateKey' | 'TooDeep';

/** What there is of a wanted name: nothing; null; a text as it stands there; one with escapes. */
export const ABSENT = 0;
export const NULL = 1;
export const PLAIN = 2;
export const ESCAPED = 3;

const MINUS = 45;
const N = 110;

/** So many places are remembered; names of further ones are held as texts while their object is open. */
const maxPlaces = 4_096;

export class ValueReader {
  /** Of the value that was read last; `faultAt` is a byte's offset. */
  fault: ValueFault = 'none';
  faultAt = 0;
  /** How many elements it has, where it is an array. */
  width = 0;
  /** By the position of the wanted name: what there is, and where. */
  readonly kinds: Uint8Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly #bytes: Buffer;
  readonly #root: Place;
  #end = 0;
  #depth = 0;
  #stamps = 0;
  #places = 0;
  /** By depth, the names of an open object that have no place. */
  readonly #strangers: Array<Set<string> | null> = [];
  #named: Place | null = null;
  /** Of the string that was passed last. */
  #hasEscapes = false;

  /** `wanted`: how many names the places below `root` are wanted for. */
  constructor(bytes: Buffer, root: Place, wanted: number) {
    this.#bytes = bytes;
    this.#root = root;
    this.kinds = new Uint8Array(wanted);
    this.from = new Int32Array(wanted);
    this.to = new Int32Array(wanted);
  }

  /** Reads the value at `at`, with blanks around it; gives the offset behind them, at most `end`, or -1: a fault. */
  read(at: number, end: number): number {
    this.#end = end;
    this.#depth = 0;
    this.fault = 'none';
    this.width = 0;
    this.kinds.fill(ABSENT);
    const behind = this.#value(this.#blanks(at), this.#root);
    return behind < 0 ? behind : this.#blanks(behind);
  }

  /** `place`: `null` where nothing below is wanted, nor remembered. */
  #value(at: number, place: Place | null): number {
    const first = this.#bytes[at];
    let behind: number;
    if (first === QUOTE) behind = this.#string(at);
    else if (first === OPEN_OBJECT || first === OPEN_ARRAY) behind = this.#nested(at, place);
    else if (first === MINUS || isDigit(first)) behind = this.#word(numberEnd(this.#bytes, at));
    else behind = this.#word(wordEnd(this.#bytes, at));
    if (behind >= 0 && place !== null && place.slots !== null) this.#keep(place.slots, at, behind);
    return behind;
  }

  #keep(slots: readonly number[], from: number, to: number): void {
    const first = this.#bytes[from];
    const quotes = first === QUOTE ? 1 : 0;
    const kind = first === N ? NULL : quotes === 1 && this.#hasEscapes ? ESCAPED : PLAIN;
    for (const slot of slots) {
      this.kinds[slot] = kind;
      this.from[slot] = from + quotes;
      this.to[slot] = to - quotes;
    }
  }

  /** It calls itself by way of `#value`, so the stack is as deep as the value, which `maxDepth` bounds. */
  #nested(open: number, place: Place | null): number {
    if (this.#depth === maxDepth) return this.#fail(open, 'TooDeep');
    this.#depth++;
    const behind = this.#bytes[open] === OPEN_OBJECT ? this.#object(open, place) : this.#array(open, place);
    this.#depth--;
    return behind;
  }

  #object(open: number, place: Place | null): number {
    const bytes = this.#bytes;
    const stamp = ++this.#stamps;
    this.#strangers[this.#depth] = null;
    let last: Place | null = null;
    let at = this.#blanks(open + 1);
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    for (;;) {
      let behind = this.#name(at, place, last);
      if (behind < 0) return behind;
      const member = this.#named;
      if (member !== null) {
        if (member.stamp === stamp) return this.#fail(at, 'DuplicateKey');
        member.stamp = stamp;
      }
      last = member;
      at = this.#blanks(behind);
      if (bytes[at] !== COLON) return this.#fail(at);
      behind = this.#value(this.#blanks(at + 1), member);
      if (behind < 0) return behind;
      at = this.#blanks(behind);
      if (bytes[at] === CLOSE_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) return this.#fail(at);
      at = this.#blanks(at + 1);
    }
  }

  /**
   * Passes the name that comes behind the `last` one, and leaves its place in `#named`; `null`: it has none, and is
   * in the object for the first time. Tried is the name that came here before, and the one behind it.
   */
  #name(at: number, place: Place | null, last: Place | null): number {
    const bytes = this.#bytes;
    if (bytes[at] !== QUOTE) return this.#fail(at);
    let tried = last === null ? (place?.first ?? null) : last.next;
    for (let i = 0; i < 2 && tried !== null; i++) {
      this.#named = tried;
      const behind = tried.behind(bytes, at);
      if (behind >= 0) return behind;
      tried = tried.next;
    }
    return this.#newName(at, place, last);
  }

  #newName(at: number, place: Place | null, last: Place | null): number {
    const bytes = this.#bytes;
    const behind = this.#string(at);
    if (behind < 0) return behind;
    const [from, to] = [at + 1, behind - 1];
    const name = this.#hasEscapes ? unescaped(bytes, from, to) : bytes.toString('utf8', from, to);
    const named = place === null ? null : this.#member(place, name);
    this.#named = named;
    if (last !== null) last.next = named;
    else if (place !== null) place.first = named;
    const stranger = place?.folds ? withoutCase(name) : name;
    return named !== null || this.#isNewStranger(stranger) ? behind : this.#fail(at, 'DuplicateKey');
  }

  #isNewStranger(name: string): boolean {
    this.#strangers[this.#depth] ??= new Set();
    const strangers = this.#strangers[this.#depth] as Set<string>;
    return strangers.size < strangers.add(name).size;
  }

  #array(open: number, place: Place | null): number {
    const bytes = this.#bytes;
    const elements = place !== null && place.elements.size > 0 ? place.elements : null;
    let count = 0;
    let at = this.#blanks(open + 1);
    if (bytes[at] !== CLOSE_ARRAY) {
      for (;;) {
        const own = elements?.get(count) ?? this.#items(place, at);
        const behind = this.#value(at, own);
        if (behind < 0) return behind;
        count++;
        at = this.#blanks(behind);
        if (bytes[at] === CLOSE_ARRAY) break;
        if (bytes[at] !== COMMA) return this.#fail(at);
        at = this.#blanks(at + 1);
      }
    }
    if (this.#depth === 1) this.width = count;
    return at + 1;
  }

  /** The place of an array's elements, which those that hold nothing do without. */
  #items(place: Place | null, at: number): Place | null {
    const first = this.#bytes[at];
    if (place === null || (first !== OPEN_OBJECT && first !== OPEN_ARRAY)) return null;
    if (place.items === null && this.#places < maxPlaces) {
      this.#places++;
      place.items = new Place();
    }
    return place.items;
  }

  #member(place: Place, name: string): Place | null {
    const known = place.member(name);
    if (known !== undefined) return known;
    if (this.#places >= maxPlaces) return null;
    this.#places++;
    return place.addMember(name);
  }

  #string(open: number): number {
    const bytes = this.#bytes;
    const at = plainEnd(bytes, open + 1);
    this.#hasEscapes = bytes[at] === BACKSLASH;
    if (bytes[at] === QUOTE) return at + 1;
    const behind = stringEnd(bytes, at);
    if (behind >= 0) return behind;
    // an escape that is well formed, and yet refused
    return this.#fail(~behind, isCode(bytes, ~behind) ? 'HalfPair' : 'InvalidJson');
  }

  #blanks(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    while (at < this.#end && isBlank(bytes[at])) at++;
    return at;
  }

  #word(behind: number): number {
    return behind >= 0 ? behind : this.#fail(~behind);
  }

  #fail(at: number, fault: ValueFault = 'InvalidJson'): -1 {
    this.fault = fault;
    this.faultAt = at;
    return -1;
  }
}
