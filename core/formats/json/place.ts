import { type NameKey, withoutCase } from '../names.ts';
import { QUOTE } from './grammar.ts';
import { pointerIndex, pointerNames } from './pointer.ts';

/** No valid UTF-8 has this byte. */
const matchesNothing = Buffer.from([0xff]);

/**
 * A place in records: the value of a member, or elements of an array. Records mostly have the same names in the same
 * order, so what was seen of one is remembered for the next: a name is compared with the one that came here before,
 * and no text is made of it. `stamp` is of the object in which the name was seen last, so that a name that comes twice
 * is seen as well. Of each place at most one value is open at a time.
 */
export class Place {
  /** Which of the wanted names' values are here. */
  slots: number[] | null = null;
  stamp = 0;
  /** Of the names that objects here have, the one that came first in an earlier one. */
  first: Place | null = null;
  /** Of the names of its object, the one that came behind it in an earlier one. */
  next: Place | null = null;
  /** Of the elements of an array that have no place of their own. */
  items: Place | null = null;
  /** Of elements that are wanted by number. */
  readonly elements = new Map<number, Place>();
  /** Whether the names of members here count without their case. */
  folds = false;
  #name: Buffer;
  readonly #byName = new Map<string, Place>();

  constructor(name = '') {
    this.#name = writtenAs(name);
  }

  member(name: string): Place | undefined {
    if (!this.folds) return this.#byName.get(name);
    const place = this.#byName.get(withoutCase(name));
    // records mostly spell it as the one before
    if (place !== undefined) place.#name = writtenAs(name);
    return place;
  }

  addMember(name: string): Place {
    const place = new Place(name);
    this.#byName.set(this.folds ? withoutCase(name) : name, place);
    return place;
  }

  /** The offset behind the closing quote, if this name stands between quotes at `open`; else -1. */
  behind(bytes: Buffer, open: number): number {
    const name = this.#name;
    const { length } = name;
    const from = open + 1;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== name[i]) return -1;
    return bytes[from + length] === QUOTE ? from + length + 1 : -1;
  }
}

/** A name with a quote in it stands there escaped, and what stands there without escapes is another. */
const writtenAs = (name: string): Buffer =>
  JSON.stringify(name) === `"${name}"` ? Buffer.from(name) : matchesNothing;

/**
 * The record's place, with one for each of the names: a member's name, or a JSON Pointer. With `folds` the names of the
 * record's members, and of those that pointers lead through, count without their case.
 */
export function placeOfObject(names: readonly string[], folds = false): Place {
  const root = new Place();
  root.folds = folds;
  for (const [slot, name] of names.entries()) {
    let place = root;
    for (const part of pointerNames(name) ?? [name]) {
      place.folds = folds;
      const below = place.member(part) ?? place.addMember(part);
      const index = pointerIndex(part);
      if (index !== null) place.elements.set(index, below);
      place = below;
    }
    want(place, slot);
  }
  return root;
}

/** The record's place where it is an array, and `fields` are the names of its elements. */
export function placeOfArray(fields: readonly string[], names: readonly string[], key: NameKey): Place {
  const root = new Place();
  const keys = fields.map(key);
  for (const [slot, name] of names.entries()) {
    const index = keys.indexOf(key(name));
    const place = root.elements.get(index) ?? new Place();
    root.elements.set(index, place);
    want(place, slot);
  }
  return root;
}

function want(place: Place, slot: number): void {
  place.slots = [...(place.slots ?? []), slot];
}
