import { isUtf8 } from 'node:buffer';
import { ForebayError } from '../../errors.ts';
import type { Contract, XmlFormat } from '../../job/model.ts';
import type { RecordFault } from '../chunks.ts';
import type { Malformed, ReadSummary, RecordChunk, Wanted } from '../interfaces.ts';
import { nameKey } from '../names.ts';
import { type Element, elementsOf } from './element.ts';
import { type Level, RecordFinder } from './find.ts';
import { nameFault } from './names.ts';
import { besideAncestors, type FieldPath, fieldPath, type SameName, sameName } from './path.ts';
import { fits, select, textAt } from './value.ts';

/** Of records and of what is read from above them, at a time: a call of the parser costs as much as some records. */
const batchBytes = 64 * 1_024;

/** What is known of a shard before it is read. */
export interface XmlSource {
  format: XmlFormat;
  names: Contract['names'];
  /** What stands above the first record. */
  context: string;
}

export async function readXml(
  { format, names, context }: XmlSource,
  shard: Buffer,
  wanted: Wanted,
  onChunk: (chunk: RecordChunk) => void | Promise<void>,
): Promise<ReadSummary> {
  const columns = new Columns(format, wanted, sameName(names));
  const finder = new RecordFinder(format, shard, context, columns.asks);
  const faultOf = examiner(format, shard, wanted, names);
  const malformed: Malformed[] = [];
  let records = 0;
  const handOn = async (): Promise<void> => {
    const { count } = columns;
    if (count > 0) await onChunk({ first: records - count, count, columns: columns.take() });
  };
  while (finder.find()) {
    const record = shard.subarray(finder.start, finder.end);
    const fault = faultOf(record);
    if (fault === null) {
      columns.add(record, finder);
      records++;
      if (columns.bytes >= batchBytes) await handOn();
    } else {
      await handOn();
      malformed.push({ record: records++, ...fault });
    }
  }
  await handOn();
  return { records, malformed };
}

function examiner(
  format: XmlFormat,
  shard: Buffer,
  wanted: Wanted,
  names: Contract['names'],
): (record: Buffer) => RecordFault | null {
  const allUtf8 = isUtf8(shard);
  const textFault = (record: Buffer) => (allUtf8 || isUtf8(record) ? null : invalidUtf8);
  if (names === 'exact' && !wanted.rejectsUnread) return textFault;
  const fault = nameFault(format, wanted.names, wanted, nameKey(names));
  return (record) => textFault(record) ?? fault(record);
}

const invalidUtf8 = { code: 'InvalidUtf8', message: 'the record is not valid UTF-8' } as const;

interface Column {
  name: string;
  path: FieldPath;
  values: string[];
}

/** The wanted values of records that follow each other. */
class Columns {
  /** Whether columns are read from elements of a name beside ancestors. */
  readonly asks: (name: string) => boolean;
  count = 0;
  bytes = 0;
  readonly #namespaces: XmlFormat['namespaces'];
  readonly #shapes: Wanted['shapes'];
  readonly #same: SameName;
  readonly #separator: string;
  /** The text of what is not there: XML has no null of its own. */
  readonly #none: string;
  readonly #columns: Column[];
  readonly #above: Column[];
  readonly #here: Column[];
  #texts: string[] = [];
  /** Of what stands above, as it was at the finder's `version`. */
  #values: string[] = [];
  #version = -1;
  readonly #parsed = new WeakMap<Buffer, Element[]>();

  constructor({ namespaces }: XmlFormat, wanted: Wanted, same: SameName) {
    this.#same = same;
    const { separator, none } = wanted.marks;
    this.#separator = separator;
    this.#none = wanted.tellsAbsent ? none + none : none;
    this.#namespaces = namespaces;
    this.#shapes = wanted.shapes;
    this.#columns = wanted.names.map((name) => {
      const path = fieldPath(name, namespaces === 'keep');
      if (path === null) throw new RangeError('xml: a path of the job file that its check has refused');
      return { name, path, values: [] };
    });
    this.#above = this.#columns.filter(({ path }) => path.up > 0);
    this.#here = this.#columns.filter(({ path }) => path.up === 0);
    const beside = [...new Set(this.#above.flatMap(({ path }) => besideAncestors(path) ?? []))];
    this.asks = (name) => beside.some((asked) => same(name, asked));
  }

  add(record: Buffer, { version, levels }: RecordFinder): void {
    if (version !== this.#version) {
      this.#version = version;
      this.#values = this.#above.map((column) => this.#text(column, this.#from(column.path, levels)));
    }
    for (const [i, { values }] of this.#above.entries()) {
      const value = this.#values[i] as string;
      values.push(value);
      this.bytes += value.length;
    }
    if (this.#here.length > 0) this.#texts.push(record.toString('utf8'));
    this.bytes += record.length;
    this.count++;
  }

  take(): string[] {
    if (this.#here.length > 0) this.#parse();
    const texts = this.#columns.map(({ values }) => values.join(this.#separator));
    for (const column of this.#columns) column.values = [];
    this.count = 0;
    this.bytes = 0;
    return texts;
  }

  #parse(): void {
    const elements = elementsOf(this.#texts.join(''), this.#namespaces);
    if (elements.length !== this.#texts.length) {
      const what = `${this.#texts.length} records are read as ${elements.length} elements`;
      throw new ForebayError('CountMismatch', `${what}; report this file`);
    }
    for (const element of elements) {
      for (const column of this.#here) {
        column.values.push(this.#text(column, select([element], column.path.steps, this.#same)));
      }
    }
    this.#texts = [];
  }

  #text({ name, path }: Column, elements: readonly Element[]): string {
    return textAt(elements, path.attribute, this.#shapes?.get(name), this.#same) ?? this.#none;
  }

  /** The elements that a path leads to from an ancestor: itself, or some that stand beside the record. */
  #from({ up, steps }: FieldPath, levels: readonly Level[]): readonly Element[] {
    const level = levels[levels.length - up];
    if (level === undefined) return [];
    const [first, ...others] = steps;
    if (first === undefined) return this.#elements(level.tag, '/>');
    const beside = level.beside.filter(({ name }) => this.#same(name, first.name));
    const elements = beside.flatMap(({ bytes }) => this.#elements(bytes, '>'));
    return select(
      elements.filter((element) => fits(element, first, this.#same)),
      others,
      this.#same,
    );
  }

  /** Once for all records below it: a series has many. `end`: instead of its last `>`. */
  #elements(bytes: Buffer, end: string): Element[] {
    const found = this.#parsed.get(bytes);
    if (found !== undefined) return found;
    const elements = elementsOf(bytes.toString('utf8').slice(0, -1) + end, this.#namespaces);
    this.#parsed.set(bytes, elements);
    return elements;
  }
}
