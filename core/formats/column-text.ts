import type { Marks } from './marks.ts';

/**
 * The texts of a column, as the bytes of one text with marks between its values: a string for each value would cost
 * more than its reading. Of the record that comes, `open` begins the value, and `add` gives its bytes, in pieces.
 */
export class ColumnText {
  readonly #separator: Buffer;
  readonly #none: Buffer;
  #bytes = Buffer.allocUnsafe(16_384);
  #length = 0;
  #kept = 0;

  constructor({ separator, none }: Marks) {
    this.#separator = Buffer.from(separator);
    this.#none = Buffer.from(none);
  }

  open(): void {
    this.add(this.#separator, 0, this.#separator.length);
  }

  add(bytes: Buffer, from: number, to: number): void {
    let at = this.#length;
    if (at + to - from > this.#bytes.length) this.#grow(at + to - from);
    const own = this.#bytes;
    // most values are short, and a call of `copy` costs as much as some thirty bytes in a loop
    if (to - from > 32) at += bytes.copy(own, at, from, to);
    else for (let i = from; i < to; i++) own[at++] = bytes[i] as number;
    this.#length = at;
  }

  addNull(): void {
    this.add(this.#none, 0, this.#none.length);
  }

  /** What was added belongs to a good record. */
  keep(): void {
    this.#kept = this.#length;
  }

  /** What was added since `keep` belongs to none. */
  drop(): void {
    this.#length = this.#kept;
  }

  /** The text of all that is kept, and begins anew. */
  take(): string {
    const text = this.#bytes.toString('utf8', this.#separator.length, this.#kept);
    this.#length = 0;
    this.#kept = 0;
    return text;
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafe(Math.max(length, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
