import { isUtf8 } from 'node:buffer';
import type { CsvFormat } from '../../job/model.ts';
import { ColumnText } from '../column-text.ts';
import type { Malformed, ReadSummary, RecordChunk, Wanted } from '../interfaces.ts';
import { dialectOf } from './dialect.ts';
import { FieldReader, type FieldSink } from './fields.ts';

const chunkRecords = 2_048;

export async function readCsv(
  format: CsvFormat,
  shard: Buffer,
  wanted: Wanted,
  onChunk: (chunk: RecordChunk) => void | Promise<void>,
): Promise<ReadSummary> {
  const reader = new FieldReader(dialectOf(format), shard);
  const columns = new Columns(format, shard, wanted);
  const width = wanted.fields?.length ?? 0;
  const examine = examiner(reader, shard, width, format.ragged === 'pad');
  const malformed: Malformed[] = [];
  let records = 0;
  let count = 0;
  const handOn = async (): Promise<void> => {
    if (count === 0) return;
    const chunk = { first: records - count, count, columns: columns.take() };
    count = 0;
    await onChunk(chunk);
  };
  while (reader.find()) {
    reader.read(columns);
    const fault = examine();
    if (fault === null) {
      if (reader.width < width) columns.pad(reader.width);
      columns.keep();
      records++;
      count++;
      if (count === chunkRecords) await handOn();
    } else {
      columns.drop();
      await handOn();
      malformed.push({ record: records++, ...fault });
    }
  }
  await handOn();
  return { records, malformed };
}

/** Takes over the wanted fields, with null for each text that means it. */
class Columns implements FieldSink {
  readonly #shard: Buffer;
  readonly #columns: ColumnText[];
  /** By the field's position. */
  readonly #byField: Array<ColumnText | undefined>;
  readonly #nulls: Buffer[];
  readonly #longestNull: number;

  constructor({ nulls }: CsvFormat, shard: Buffer, { fields, names, marks }: Wanted) {
    this.#shard = shard;
    this.#columns = names.map(() => new ColumnText(marks));
    this.#byField = (fields ?? []).map((name) => this.#columns[names.indexOf(name)]);
    this.#nulls = nulls.map((text) => Buffer.from(text));
    this.#longestNull = Math.max(-1, ...this.#nulls.map(({ length }) => length));
  }

  plain(field: number, from: number, to: number): void {
    const column = this.#byField[field];
    if (column === undefined) return;
    column.open();
    if (to - from <= this.#longestNull && this.#isNull(from, to)) column.addNull();
    else column.add(this.#shard, from, to);
  }

  quoted(field: number): void {
    this.#byField[field]?.open();
  }

  piece(field: number, from: number, to: number): void {
    this.#byField[field]?.add(this.#shard, from, to);
  }

  /** The record has so many fields; the others are null. */
  pad(width: number): void {
    for (const column of this.#byField.slice(width)) {
      column?.open();
      column?.addNull();
    }
  }

  keep(): void {
    for (const column of this.#columns) column.keep();
  }

  drop(): void {
    for (const column of this.#columns) column.drop();
  }

  take(): string[] {
    return this.#columns.map((column) => column.take());
  }

  #isNull(from: number, to: number): boolean {
    return this.#nulls.some((text) => text.length === to - from && text.compare(this.#shard, from, to) === 0);
  }
}

/** What is wrong with the record that was read last; `null`: nothing. `pads`: missing fields are not. */
function examiner(
  reader: FieldReader,
  shard: Buffer,
  width: number,
  pads: boolean,
): () => Omit<Malformed, 'record'> | null {
  const allUtf8 = isUtf8(shard);
  return () => {
    if (reader.fault === 'UnclosedQuote') return unclosedQuote;
    if (reader.fault === 'InvalidQuote') return invalidQuote;
    if (!allUtf8 && !isUtf8(shard.subarray(reader.start, reader.end))) return invalidUtf8;
    if (reader.width === width || (pads && reader.width < width)) return null;
    return raggedRow(width, reader.width);
  };
}

const unclosedQuote = {
  code: 'UnclosedQuote',
  message: 'a quote is still open at the end of the file',
} as const;

const invalidQuote = {
  code: 'InvalidQuote',
  message: "a closing quote is followed by neither a delimiter nor the record's end",
} as const;

const invalidUtf8 = { code: 'InvalidUtf8', message: 'the record is not valid UTF-8' } as const;

const raggedRow = (expected: number, found: number) =>
  ({ code: 'RaggedRow', message: `${expected} fields expected, ${found} found` }) as const;
