import type { Piece } from './pieces.ts';

/** Saxes counts UTF-16 units: this counts bytes along with it. */
export class Places {
  #piece: Piece = { text: '', bytes: 0, valid: true };
  /** Of the piece's start. */
  #unit = 0;
  #byte: number;
  readonly #from: number;
  /** Up to where the piece's bytes were counted. */
  #counted = { unit: 0, byte: 0 };

  constructor(from: number) {
    this.#from = from;
    this.#byte = from;
  }

  /** Bytes up to the piece's end. */
  get end(): number {
    return this.#byte + this.#piece.bytes;
  }

  /** UTF-16 units up to the piece's end. */
  get units(): number {
    return this.#unit + this.#piece.text.length;
  }

  isEmpty(): boolean {
    return this.end === this.#from;
  }

  next(piece: Piece): void {
    this.#byte = this.end;
    this.#unit = this.units;
    this.#piece = piece;
    this.#counted = { unit: 0, byte: 0 };
  }

  /** Of a place in the piece. */
  byteAt(position: number): number {
    const { text, bytes, valid } = this.#piece;
    const unit = position - this.#unit;
    // one byte a unit, or one byte in all
    if (bytes === text.length || !valid) return this.#byte + unit;
    if (unit < this.#counted.unit) this.#counted = { unit: 0, byte: 0 };
    const { unit: from, byte } = this.#counted;
    this.#counted = { unit, byte: byte + Buffer.byteLength(text.slice(from, unit)) };
    return this.#byte + this.#counted.byte;
  }

  /** Of the `<` before a name that has just ended: what ended it, one ASCII character or CRLF, lies behind it. */
  tagStart(position: number, name: string): number {
    const crlf = this.#piece.text.startsWith('\r\n', position - this.#unit - 2);
    return this.byteAt(position) - (crlf ? 2 : 1) - Buffer.byteLength(name) - 1;
  }
}
