/**
 * Tags in bytes of which the scan has said that they are well formed: so `<` is never text, and in no attribute's value
 * (XML 1.0, 2.4 and 3.1), and all there is to know are quotes, comments, CDATA and processing instructions.
 */

const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
const DASH = 0x2d;
const DOUBLE = 0x22;
const SINGLE = 0x27;
const SPACE = 0x20;

export class Tags {
  /** Of the tag that was found last. */
  kind: 'open' | 'close' | 'empty' = 'open';
  start = 0;
  /** Behind its `>`. */
  end = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Goes on to the next tag; `false`: there is none, or none that ends. */
  next(): boolean {
    const bytes = this.#bytes;
    for (let at = this.end; ; ) {
      const open = bytes.indexOf(LESS, at);
      if (open === -1) return false;
      const byte = bytes[open + 1];
      if (byte === BANG) at = this.#behind(bytes[open + 2] === DASH ? '-->' : ']]>', open + 4);
      else if (byte === QUESTION) at = this.#behind('?>', open + 2);
      else return this.#tag(open, byte === SLASH);
    }
  }

  /** Of the tag, its prefix included. */
  name(): string {
    const bytes = this.#bytes;
    const from = this.start + (this.kind === 'close' ? 2 : 1);
    let to = from;
    for (; ; to++) {
      const byte = bytes[to] as number;
      if (byte <= SPACE || byte === GREATER || byte === SLASH) break;
    }
    return bytes.toString('utf8', from, to);
  }

  #tag(open: number, isClose: boolean): boolean {
    const bytes = this.#bytes;
    let at = open + 1;
    for (; at < bytes.length && bytes[at] !== GREATER; at++) {
      const byte = bytes[at] as number;
      if (byte !== DOUBLE && byte !== SINGLE) continue;
      at = bytes.indexOf(byte, at + 1);
      if (at === -1) return false;
    }
    if (at >= bytes.length) return false;
    this.kind = isClose ? 'close' : bytes[at - 1] === SLASH ? 'empty' : 'open';
    this.start = open;
    this.end = at + 1;
    return true;
  }

  #behind(end: string, from: number): number {
    const at = this.#bytes.indexOf(end, from, 'latin1');
    return at === -1 ? this.#bytes.length : at + end.length;
  }
}
