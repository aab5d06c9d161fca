import { isUtf8 } from 'node:buffer';
import type { RecordFault, RecordReader } from '../chunks.ts';
import type { ColumnText } from '../column-text.ts';
import type { RecordFinder } from './find.ts';
import { isBlank, maxDepth, OPEN_ARRAY, OPEN_OBJECT } from './grammar.ts';
import type { Place } from './place.ts';
import { unescapeTo } from './text.ts';
import { ABSENT, ESCAPED, PLAIN, ValueReader } from './value.ts';

/** What a record is: an object, or an array of so many elements. */
export type RecordKind = 'object' | { width: number };

export interface Reading {
  kind: RecordKind;
  /** Where the values of the columns are, by the columns' positions. */
  root: Place;
  columns: readonly ColumnText[];
  /** Whether what is not there is null twice. */
  tellsAbsent?: boolean | undefined;
  /** What else may be wrong with a good record, which begins there, but for blanks. */
  watch?: ((start: number) => RecordFault | null) | undefined;
}

export function jsonReader(
  finder: RecordFinder,
  shard: Buffer,
  { kind, root, columns, tellsAbsent = false, watch }: Reading,
): RecordReader {
  const values = new ValueReader(shard, root, columns.length);
  const allUtf8 = isUtf8(shard);
  const addTo = columns.map(
    (column) => (piece: Buffer, from: number, to: number) => column.add(piece, from, to),
  );
  const keep = (): void => {
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i] as ColumnText;
      const [from, to] = [values.from[i] as number, values.to[i] as number];
      column.open();
      const found = values.kinds[i] as number;
      if (found < PLAIN) {
        column.addNull();
        if (tellsAbsent && found === ABSENT) column.addNull();
      } else if (found === ESCAPED) unescapeTo(shard, from, to, addTo[i] as ColumnText['add']);
      else column.add(shard, from, to);
    }
  };
  return {
    find: () => finder.find(),
    read() {
      if (!allUtf8) {
        finder.passOver();
        if (!isUtf8(shard.subarray(finder.start, finder.end))) return invalidUtf8;
      }
      const behind = values.read(finder.start, finder.limit);
      if (behind < 0 || !finder.closes(behind)) {
        finder.passOver();
        return faultOf(values, behind, finder);
      }
      const fault =
        kindFault(kind, firstByte(shard, finder.start), values.width) ?? watch?.(finder.start) ?? null;
      if (fault === null) keep();
      return fault;
    },
  };
}

function firstByte(bytes: Buffer, start: number): number | undefined {
  let at = start;
  while (isBlank(bytes[at])) at++;
  return bytes[at];
}

function kindFault(kind: RecordKind, first: number | undefined, width: number): RecordFault | null {
  if (kind === 'object') return first === OPEN_OBJECT ? null : notAnObject;
  if (first !== OPEN_ARRAY) return notAnArray;
  if (kind.width === width) return null;
  return { code: 'RaggedRow', message: `${kind.width} fields expected, ${width} found` };
}

/** `behind`: of a value that is right but for what follows it. */
function faultOf({ fault, faultAt }: ValueReader, behind: number, { start, end }: RecordFinder): RecordFault {
  const at = behind < 0 ? faultAt : behind;
  const byte = at - start;
  if (fault === 'DuplicateKey') {
    return {
      code: fault,
      message: `the name at byte ${byte} of the record is there a second time in its object`,
    };
  }
  if (fault === 'TooDeep') return { code: fault, message: `it is nested deeper than ${maxDepth} levels` };
  if (fault === 'HalfPair') {
    return {
      code: 'InvalidJson',
      message: `the escape at byte ${byte} of the record is half of a surrogate pair`,
    };
  }
  const message =
    at >= end ? 'the record ends before its value does' : `byte ${byte} of the record is not JSON`;
  return { code: 'InvalidJson', message };
}

const invalidUtf8 = { code: 'InvalidUtf8', message: 'the record is not valid UTF-8' } as const;
const notAnObject = { code: 'NotARecord', message: 'the record is not an object' } as const;
const notAnArray = { code: 'NotARecord', message: 'the record is not an array' } as const;
