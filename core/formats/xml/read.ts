import { isUtf8 } from 'node:buffer';
import { ForebayError } from '../../errors.ts';
import type { XmlFormat } from '../../job/model.ts';
import type { Malformed, ReadSummary, RecordChunk, Wanted } from '../interfaces.ts';
import { type Element, elementsOf } from './element.ts';
import { type Level, RecordFinder } from './find.ts';
import { besideAncestors, type FieldPath, fieldPath } from './path.ts';
import { fits, select, textAt } from './value.ts';

/** Of records and of what is read from above them, at a time: a call of the parser costs as much as some records. */
const batchBytes = 64 * 1_024;

export async function readXml(
  format: XmlFormat,
  shard: Buffer,
  context: string,
  wanted: Wanted,
  onChunk: (chunk: RecordChunk) => void | Promise<void>,
): Promise<ReadSummary> {
  const columns = new Columns(format, wanted);
  const finder = new RecordFinder(format, shard, context, columns.beside);
  const allUtf8 = isUtf8(shard);
  const malformed: Malformed[] = [];
  let records = 0;
  const handOn = async (): Promise<void> => {
    const { count } = columns;
    if (count > 0) await onChunk({ first: records - count, count, columns: columns.take() });
  };
  while (finder.find()) {
    const record = shard.subarray(finder.start, finder.end);
    if (allUtf8 || isUtf8(record)) {
      columns.add(record, finder);
      records++;
      if (columns.bytes >= batchBytes) await handOn();
    } else {
      await handOn();
      malformed.push({ record: records++, ...invalidUtf8 });
    }
  }
  await handOn();
  return { records, malformed };
}

const invalidUtf8 = { code: 'InvalidUtf8', message: 'the record is not valid UTF-8' } as const;

interface Column {
  name: string;
  path: FieldPath;
  values: string[];
}

/** The wanted values of records that follow each other. */
class Columns {
  /** Names of the elements beside ancestors that columns are read from. */
  readonly beside: ReadonlySet<string>;
  count = 0;
  bytes = 0;
  readonly #namespaces: XmlFormat['namespaces'];
  readonly #wanted: Wanted;
  readonly #columns: Column[];
  readonly #above: Column[];
  readonly #here: Column[];
  #texts: string[] = [];
  /** Of what stands above, as it was at the finder's `version`. */
  #values: string[] = [];
  #version = -1;
  readonly #parsed = new WeakMap<Buffer, Element[]>();

  constructor({ namespaces }: XmlFormat, wanted: Wanted) {
    this.#namespaces = namespaces;
    this.#wanted = wanted;
    this.#columns = wanted.names.map((name) => {
      const path = fieldPath(name, namespaces === 'keep');
      if (path === null) throw new RangeError('xml: a path of the job file that its check has refused');
      return { name, path, values: [] };
    });
    this.#above = this.#columns.filter(({ path }) => path.up > 0);
    this.#here = this.#columns.filter(({ path }) => path.up === 0);
    this.beside = new Set(this.#above.flatMap(({ path }) => besideAncestors(path) ?? []));
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
    const texts = this.#columns.map(({ values }) => values.join(this.#wanted.marks.separator));
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
        column.values.push(this.#text(column, select([element], column.path.steps)));
      }
    }
    this.#texts = [];
  }

  #text({ name, path }: Column, elements: readonly Element[]): string {
    const { marks, shapes } = this.#wanted;
    return textAt(elements, path.attribute, shapes?.get(name)) ?? marks.none;
  }

  /** The elements that a path leads to from an ancestor: itself, or some that stand beside the record. */
  #from({ up, steps }: FieldPath, levels: readonly Level[]): readonly Element[] {
    const level = levels[levels.length - up];
    if (level === undefined) return [];
    const [first, ...others] = steps;
    if (first === undefined) return this.#elements(level.tag, '/>');
    const beside = level.beside.filter(({ name }) => name === first.name);
    const elements = beside.flatMap(({ bytes }) => this.#elements(bytes, '>'));
    return select(
      elements.filter((element) => fits(element, first)),
      others,
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
