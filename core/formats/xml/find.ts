/**
 * Envelope's reading of XML: where the records of a range are, and what stands above each. It looks for tags in bytes
 * and shares no code with Extract's `scan.ts`, which hears saxes' events. A range's context is read as if its bytes
 * stood before the range's own: from then on the range tells all that changes.
 */
import type { XmlFormat } from '../../job/model.ts';
import { nameAs } from './path.ts';
import { Tags } from './tags.ts';

/** An element outside of records that is still open. */
export interface Level {
  /** Its own start tag, and those of the elements in it that are over, are asked for, and hold no record. */
  tag: Buffer;
  beside: Array<{ name: string; bytes: Buffer }>;
}

interface OpenLevel extends Level {
  name: string;
  path: string;
  start: number;
  holdsRecord: boolean;
}

/** What a tag adds to it. */
const depthOf = ({ kind }: Tags): number => (kind === 'open' ? 1 : kind === 'close' ? -1 : 0);

export class RecordFinder {
  /** Of the record that was found last. */
  start = 0;
  end = 0;
  /** Grows whenever what stands above changes. */
  version = 0;
  readonly #bytes: Buffer;
  readonly #tags: Tags;
  readonly #namespaces: XmlFormat['namespaces'];
  /** How a record's path ends, or all of it where it begins at the root. */
  readonly #record: string;
  readonly #fromRoot: boolean;
  readonly #asks: (name: string) => boolean;
  readonly #levels: OpenLevel[] = [];

  /** `asks`: whether elements of a name are to be kept beside ancestors. */
  constructor(
    { record, namespaces }: XmlFormat,
    bytes: Buffer,
    context: string,
    asks: (name: string) => boolean = () => false,
  ) {
    this.#bytes = bytes;
    this.#namespaces = namespaces;
    this.#fromRoot = record.startsWith('/');
    this.#record = this.#fromRoot ? record : `/${record}`;
    this.#asks = asks;
    const above = Buffer.from(context);
    const tags = new Tags(above);
    while (tags.next()) this.#outside(tags, above);
    this.#tags = new Tags(bytes);
  }

  /** What stands above the record, from the root; its parent is the last. */
  get levels(): readonly Level[] {
    return this.#levels;
  }

  /** `false`: there is no record any more that ends. */
  find(): boolean {
    const tags = this.#tags;
    while (tags.next()) {
      if (tags.kind === 'close' || !this.#isRecord(tags.name())) {
        this.#outside(tags, this.#bytes);
        continue;
      }
      this.start = tags.start;
      if (!this.#toEnd()) return false;
      this.end = tags.end;
      for (const level of this.#levels) level.holdsRecord = true;
      return true;
    }
    return false;
  }

  /** To the tag that closes the element that the last tag opens. */
  #toEnd(): boolean {
    const tags = this.#tags;
    let open = depthOf(tags);
    while (open > 0) {
      if (!tags.next()) return false;
      open += depthOf(tags);
    }
    return true;
  }

  #path(written: string): string {
    return `${this.#levels.at(-1)?.path ?? ''}/${nameAs(this.#namespaces, written)}`;
  }

  #isRecord(written: string): boolean {
    const path = this.#path(written);
    return this.#fromRoot ? path === this.#record : path.endsWith(this.#record);
  }

  #outside(tags: Tags, bytes: Buffer): void {
    this.version++;
    if (tags.kind === 'close') {
      const level = this.#levels.pop();
      if (level !== undefined && !level.holdsRecord) this.#over(level.name, bytes, level.start, tags.end);
      return;
    }
    const written = tags.name();
    const name = nameAs(this.#namespaces, written);
    if (tags.kind === 'empty') this.#over(name, bytes, tags.start, tags.end);
    else {
      const tag = bytes.subarray(tags.start, tags.end);
      const path = this.#path(written);
      this.#levels.push({ name, path, tag, start: tags.start, beside: [], holdsRecord: false });
    }
  }

  #over(name: string, bytes: Buffer, start: number, end: number): void {
    if (this.#asks(name)) this.#levels.at(-1)?.beside.push({ name, bytes: bytes.subarray(start, end) });
  }
}
