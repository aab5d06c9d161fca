import { isUtf8 } from 'node:buffer';
import type { CsvFormat } from '../../job/model.ts';
import type { RecordFault } from '../chunks.ts';
import { ColumnText } from '../column-text.ts';
import type { Malformed, ReadSummary, RecordChunk, Wanted } from '../interfaces.ts';
import { type NameKey, unexpected, unreadPositions } from '../names.ts';
import { dialectOf } from './dialect.ts';
import { FieldReader, type FieldSink } from './fields.ts';

const chunkRecords = 2_048;

export async function readCsv(
  format: CsvFormat,
  shard: Buffer,
  wanted: Wanted,
  key: NameKey,
  onChunk: (chunk: RecordChunk) => void | Promise<void>,
): Promise<ReadSummary> {
  const reader = new FieldReader(dialectOf(format), shard);
  const width = wanted.fields?.length ?? 0;
  const formFault = examiner(reader, shard, width, format.ragged === 'pad');
  const watching = wanted.rejectsUnread ? new WatchingColumns(format, shard, wanted, key) : null;
  const columns = watching ?? new Columns(format, shard, wanted, key);
  const examine = watching === null ? formFault : () => formFault() ?? watching.fault();
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

  constructor({ nulls }: CsvFormat, shard: Buffer, { fields, names, marks }: Wanted, key: NameKey) {
    this.#shard = shard;
    this.#columns = names.map(() => new ColumnText(marks));
    const keys = names.map(key);
    this.#byField = (fields ?? []).map((name) => this.#columns[keys.indexOf(key(name))]);
    this.#nulls = nulls.map((text) => Buffer.from(text));
    this.#longestNull = Math.max(-1, ...this.#nulls.map(({ length }) => length));
  }

  plain(field: number, from: number, to: number): void {
    const column = this.#byField[field];
    if (column === undefined) return;
    column.open();
    if (to - from <= this.#longestNull && this.isNull(from, to)) column.addNull();
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

  protected isNull(from: number, to: number): boolean {
    return this.#nulls.some((text) => text.length === to - from && text.compare(this.#shard, from, to) === 0);
  }
}

/** Looks at the fields that are not wanted as well. */
class WatchingColumns extends Columns {
  readonly #fields: readonly string[];
  readonly #unread: ReadonlySet<number>;
  /** The first one of the record with a value; -1: there is none. */
  #found = -1;

  constructor(format: CsvFormat, shard: Buffer, wanted: Wanted, key: NameKey) {
    super(format, shard, wanted, key);
    this.#fields = wanted.fields ?? [];
    this.#unread = unreadPositions(this.#fields, wanted.names, key);
  }

  /** Of the record that was read last. */
  fault(): RecordFault | null {
    return this.#found < 0 ? null : unexpected(this.#fields[this.#found] as string, this.#found);
  }

  override plain(field: number, from: number, to: number): void {
    if (this.#found < 0 && this.#unread.has(field) && !this.isNull(from, to)) this.#found = field;
    super.plain(field, from, to);
  }

  override quoted(field: number): void {
    if (this.#found < 0 && this.#unread.has(field)) this.#found = field;
    super.quoted(field);
  }

  override keep(): void {
    this.#found = -1;
    super.keep();
  }

  override drop(): void {
    this.#found = -1;
    super.drop();
  }
}

/** What is wrong with the record that was read last; `null`: nothing. `pads`: missing fields are not. */
function examiner(
  reader: FieldReader,
  shard: Buffer,
  width: number,
  pads: boolean,
): () => RecordFault | null {
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
