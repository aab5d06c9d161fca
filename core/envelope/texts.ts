/**
 * A shard's texts on their way into DuckDB. A call for each value costs more than the value, so a chunk's column
 * travels as one text, with a mark between its values, and SQL takes it apart.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from '../contract/sql.ts';
import type { RecordChunk } from '../formats/interfaces.ts';
import type { Marks } from '../formats/marks.ts';

export interface Texts {
  /** A SELECT of `record` (number within the shard) and `f0`, `f1` … for the fields, in the records' order. */
  sql: string;
  append(chunk: RecordChunk): void;
  /** Whether so much is held that it should be drained. */
  isFull(): boolean;
  /** Runs a statement over what is held, and lets go of it. */
  drain(statement: string): Promise<void>;
}

/** Characters held at a time: they, and what the statement makes of them, bound the memory. */
const fullAt = 1.5 * 1_024 * 1_024;

/** `width`: how many columns a chunk has. */
export async function openTexts(duck: DuckDBConnection, width: number, marks: Marks): Promise<Texts> {
  const positions = Array.from({ length: width }, (_, i) => i);
  const packed = positions.map((i) => `, p${i} VARCHAR`).join('');
  const open = async () => {
    await duck.run(`CREATE TEMP TABLE packed (first INTEGER, count INTEGER${packed})`);
    return duck.createAppender('packed');
  };
  const unpacked = (i: number) => `unnest(string_split(p${i}, ${sqlText(marks.separator)}))`;
  const fields = positions.map((i) => `, nullif(${unpacked(i)}, ${sqlText(marks.none)}) AS f${i}`);
  let appender = await open();
  let held = 0;
  return {
    sql: `SELECT CAST(unnest(range(first, first + count)) AS INTEGER) AS record${fields.join('')} FROM packed`,
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
