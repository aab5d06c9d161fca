/**
 * A shard's texts on their way into DuckDB. A call for each value costs more than the value, so a chunk's column
 * travels as one text, with a mark between its values, and SQL takes it apart.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText as quoted } from '../contract/sql.ts';
import type { RecordChunk, Wanted } from '../formats/interfaces.ts';
import type { Marks } from '../formats/marks.ts';

export interface Texts {
  /**
   * A SELECT of `record` (number within the shard) and `f0`, `f1` … for the fields, in the records' order; and, where the
   * reading tells it, of `a0`, `a1` …: whether the record has no such field.
   */
  sql: string;
  append(chunk: RecordChunk): void;
  /** Whether so much is held that it should be drained. */
  isFull(): boolean;
  /** Runs a statement over what is held, and lets go of it. */
  drain(statement: string): Promise<void>;
}

/** Characters held at a time: they, and what the statement makes of them, bound the memory. */
const fullAt = 1.5 * 1_024 * 1_024;

/** `missing`: how many fields, behind those of the chunks, the source does not have. */
export async function openTexts(
  duck: DuckDBConnection,
  wanted: Pick<Wanted, 'names' | 'marks' | 'tellsAbsent'>,
  missing: number,
): Promise<Texts> {
  const width = wanted.names.length;
  const positions = [...wanted.names.keys()];
  const packed = positions.map((i) => `, p${i} VARCHAR`).join('');
  const open = async () => {
    await duck.run(`CREATE TEMP TABLE packed (first INTEGER, count INTEGER${packed})`);
    return duck.createAppender('packed');
  };
  const nothing = Array.from({ length: missing }, (_, i) => `, CAST(NULL AS VARCHAR) AS f${width + i}`);
  let appender = await open();
  let held = 0;
  return {
    sql: wanted.tellsAbsent ? withAbsent(width, wanted.marks) : unpacked(width, wanted.marks, nothing),
    append: ({ first, count, columns }) => {
      appender.appendInteger(first);
      appender.appendInteger(count);
      for (const text of columns) {
        appender.appendVarchar(text);
        held += text.length;
      }
      appender.endRow();
    },
    isFull: () => held >= fullAt,
    drain: async (statement) => {
      appender.closeSync();
      await duck.run(statement);
      await duck.run('DROP TABLE packed');
      appender = await open();
      held = 0;
    },
  };
}

const sqlRecord = 'CAST(unnest(range(first, first + count)) AS INTEGER) AS record';
const sqlText = (i: number, { separator }: Marks): string =>
  `unnest(string_split(p${i}, ${quoted(separator)}))`;

function unpacked(width: number, marks: Marks, nothing: readonly string[]): string {
  const fields = Array.from(
    { length: width },
    (_, i) => `, nullif(${sqlText(i, marks)}, ${quoted(marks.none)}) AS f${i}`,
  );
  return `SELECT ${[sqlRecord, ...fields, ...nothing].join('')} FROM packed`;
}

/** What a record does not have is the mark for null twice, which no text is. */
function withAbsent(width: number, marks: Marks): string {
  const [none, absent] = [quoted(marks.none), quoted(marks.none + marks.none)];
  const positions = Array.from({ length: width }, (_, i) => i);
  const texts = positions.map((i) => `, ${sqlText(i, marks)} AS t${i}`);
  const fields = positions.map(
    (i) =>
      `, CASE WHEN t${i} IN (${none}, ${absent}) THEN NULL ELSE t${i} END AS f${i}, t${i} = ${absent} AS a${i}`,
  );
  return `SELECT record${fields.join('')} FROM (SELECT ${[sqlRecord, ...texts].join('')} FROM packed)`;
}
