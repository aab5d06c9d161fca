/**
 * What stands above a record, as the scan sees it go by: the open tags of its ancestors, and the elements beside them
 * that are over. It becomes a range's `context`, so that a range in mid-document can be read by itself.
 */
import type { SaxesTagNS } from 'saxes';

/** UTF-8. Contexts travel in `shards.json`, one a range, and through the state of a Map's child (262,144 bytes). */
export const maxContextBytes = 32 * 1_024;

/** An element outside of records that is still open. */
interface Level {
  tag: string;
  /** Elements in it that are over, hold no record, and are asked for. */
  kept: string[];
  /** Of `tag` and `kept`. */
  bytes: number;
  /** Whether something that belongs into `kept` was too large for it. */
  lost: boolean;
  /** Where it begins in the text being captured; -1: it is not captured. */
  captured: number;
  /** Whether it is asked for, and held no record until now. */
  asked: boolean;
}

export class Ancestors {
  readonly #asks: (name: string) => boolean;
  readonly #levels: Level[] = [];
  #text = '';

  /** `asks`: whether elements of a name are to be kept beside ancestors. */
  constructor(asks: (name: string) => boolean) {
    this.#asks = asks;
  }

  open(name: string, tag: SaxesTagNS): void {
    const written = openTag(tag);
    const asked = this.#asks(name);
    const captured = asked || this.#capturing() ? this.#text.length : -1;
    this.#levels.push({
      tag: written,
      ...{ kept: [], bytes: Buffer.byteLength(written), lost: false, captured, asked },
    });
    if (captured >= 0) this.#capture(written);
  }

  text(text: string): void {
    if (this.#capturing()) this.#capture(text.replace(/[&<>\r]/g, reference));
  }

  close(tag: SaxesTagNS): void {
    if (this.#capturing()) this.#capture(`</${tag.name}>`);
    const level = this.#levels.pop();
    const parent = this.#levels.at(-1);
    if (level === undefined || parent === undefined) return;
    if (level.asked) keep(parent, level.captured < 0 ? null : this.#text.slice(level.captured));
    if (parent.captured < 0) this.#text = '';
  }

  /** A record begins: what is open is above it, and so will not be beside a later one. `false`: that is too large. */
  record(): boolean {
    this.#text = '';
    let bytes = 0;
    for (const level of this.#levels) {
      level.asked = false;
      level.captured = -1;
      bytes += level.lost ? Number.POSITIVE_INFINITY : level.bytes;
    }
    return bytes <= maxContextBytes;
  }

  context(): string {
    return this.#levels.map(({ tag, kept }) => tag + kept.join('')).join('');
  }

  #capturing(): boolean {
    return (this.#levels.at(-1)?.captured ?? -1) >= 0;
  }

  #capture(text: string): void {
    this.#text += text;
    if (this.#text.length <= maxContextBytes) return;
    // it can be in no context any more; of what is open, only elements that come may be
    for (const level of this.#levels) level.captured = -1;
    this.#text = '';
  }
}

/** `element`: `null` where it is too large. */
function keep(parent: Level, element: string | null): void {
  parent.bytes += element === null ? 0 : Buffer.byteLength(element);
  if (element === null || parent.bytes > maxContextBytes) {
    parent.lost = true;
    parent.kept = [];
  } else parent.kept.push(element);
}

const openTag = ({ name, attributes }: SaxesTagNS): string =>
  `<${name}${Object.values(attributes)
    .map((attribute) => ` ${attribute.name}="${attribute.value.replace(/[&<"\t\n\r]/g, reference)}"`)
    .join('')}>`;

const reference = (character: string): string => `&#${character.charCodeAt(0)};`;
