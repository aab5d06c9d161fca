/** The records of a shard as JSON, each value as its format gives it. */
import { recordFormat } from '../../core/formats/format.ts';
import type { ReadSummary, RecordChunk, RecordFormat, Wanted } from '../../core/formats/interfaces.ts';
import type { Marks } from '../../core/formats/marks.ts';
import type { Format } from '../../core/job/model.ts';
import type { Shard } from '../../core/shard.ts';
import { type ExtractedFile, objectOf } from './extract.ts';
import type { Lines } from './lines.ts';
import { compact, named } from './written.ts';

export interface ShardBytes {
  shard: Shard;
  format: RecordFormat;
  header: Buffer | null;
  bytes: Buffer;
}

/** What a reading of one shard needs. */
export async function shardBytes(file: ExtractedFile, format: Format, shard: Shard): Promise<ShardBytes> {
  const object = objectOf(shard);
  const bytes = await file.read(object, shard);
  const header = shard.header === null ? null : await file.read(object, shard.header);
  return { shard, format: recordFormat(format, shard), header, bytes };
}

/** JSON texts of good records that follow each other; `first` is the first one's number in the shard. */
type Print = (first: number, texts: readonly string[]) => Promise<void>;

type ReadRecords = (from: ShardBytes, lines: Pick<Lines, 'left'>, print: Print) => Promise<ReadSummary>;

export function readerOf(kind: string): ReadRecords {
  if (kind === 'csv') return readTexts;
  return kind === 'xml' ? readElements : readWritten;
}

/** CSV has texts alone. */
const readTexts: ReadRecords = ({ format, header, bytes }, lines, print) => {
  const fields = format.fields(header) ?? [];
  const marks = format.marks(bytes);
  const objects = objectsOf(fields, marks);
  return format.read(bytes, { fields, names: fields, marks }, async (chunk) => {
    if (lines.left() > 0) await print(chunk.first, objects(chunk));
  });
};

/** It is put together by hand: a field may have any name, `__proto__` too. */
function objectsOf(names: readonly string[], { separator, none }: Marks): (chunk: RecordChunk) => string[] {
  const before = names.map((name, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  return ({ count, columns }) => {
    const values = columns.map((column) => column.split(separator));
    return Array.from({ length: count }, (_, record) => {
      let text = before.length === 0 ? '{' : '';
      for (const [i, column] of values.entries()) {
        const value = column[record] ?? none;
        text += before[i] + (value === none ? 'null' : JSON.stringify(value));
      }
      return `${text}}`;
    });
  };
}

/** JSON has kinds of values, which a reading's texts do not tell: a good record's own bytes are printed. */
const readWritten: ReadRecords = async ({ format, header, bytes }, lines, print) => {
  const fields = format.fields(header);
  const chunks: Array<{ first: number; count: number }> = [];
  const wanted = { fields, names: [], marks: format.marks(bytes) };
  const summary = await format.read(bytes, wanted, ({ first, count }) => void chunks.push({ first, count }));
  const good = chunks.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
  const places = format.locate(bytes, good.slice(0, Math.min(good.length, lines.left())));
  let at = 0;
  for (const { first, count } of chunks) {
    const texts = places.slice(at, at + count).map(({ offset, length }) => {
      const json = bytes.subarray(offset, offset + length);
      return fields === null ? compact(json) : named(fields, json);
    });
    at += count;
    await print(first, texts);
  }
  return summary;
};

/** XML gives a whole record for this path, as an object of its attributes, elements and text. */
const readElements: ReadRecords = ({ format, bytes }, lines, print) => {
  const marks = format.marks(bytes);
  const whole = new Map([['./', { members: new Map() }]]);
  const wanted: Wanted = { fields: null, names: ['./'], marks, shapes: whole };
  return format.read(bytes, wanted, async ({ first, columns: [texts = ''] }) => {
    if (lines.left() > 0) await print(first, texts.split(marks.separator));
  });
};
