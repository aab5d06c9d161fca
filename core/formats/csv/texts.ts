import type { FieldSink } from './fields.ts';

/** A record's fields as texts, for headers and samples: shards are read into columns. */
export class Texts implements FieldSink {
  readonly fields: string[] = [];
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  plain(_field: number, from: number, to: number): void {
    this.fields.push(this.#bytes.toString('utf8', from, to));
  }

  quoted(): void {
    this.fields.push('');
  }

  piece(field: number, from: number, to: number): void {
    this.fields[field] += this.#bytes.toString('utf8', from, to);
  }
}
