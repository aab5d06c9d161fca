/**
 * A shard's texts on their way into DuckDB. A call for each value costs more than the value, so a chunk's column
 * travels as one text, with a separator between its values, and SQL takes it apart.
 */
import { type DuckDBConnection, DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import { sqlText } from '../contract/duckdb.ts';
import { ForebayError } from '../errors.ts';
import type { RecordChunk } from '../formats/interfaces.ts';

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
const fullAt = 8 * 1_024 * 1_024;

/** `positions`: which of a chunk's columns are wanted. */
export async function openTexts(
  duck: DuckDBConnection,
  shard: Uint8Array,
  positions: readonly number[],
): Promise<Texts> {
  const [separator, none] = unused(Buffer.from(shard.buffer, shard.byteOffset, shard.byteLength));
  const types = [VARCHAR, ...positions.map(() => VARCHAR)];
  const open = async () => {
    await duck.run(`CREATE TEMP TABLE packed (${types.map((_, i) => `p${i} VARCHAR`).join(', ')})`);
    return duck.createAppender('packed');
  };
  const unpacked = (i: number) => `unnest(string_split(p${i}, ${sqlText(separator)}))`;
  const fields = positions.map((_, i) => `, nullif(${unpacked(i + 1)}, ${sqlText(none)}) AS f${i}`);
  let appender = await open();
  let held = 0;
  return {
    sql: `SELECT CAST(${unpacked(0)} AS INTEGER) AS record${fields.join('')} FROM packed`,
    append: ({ records, columns }) => {
      if (records.length === 0) return;
      const row = DuckDBDataChunk.create(types, 1);
      const put = (i: number, values: readonly unknown[]) => {
        const text = values.join(separator);
        row.setColumnValues(i, [text]);
        held += text.length;
      };
      put(0, records);
      for (const [i, position] of positions.entries()) {
        const texts = columns[position] ?? [];
        put(i + 1, texts.includes(null) ? texts.map((text) => text ?? none) : texts);
      }
      appender.appendDataChunk(row);
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

/** Two characters that no text of the shard can hold, for its bytes do not hold them: valid UTF-8 has one way. */
function unused(shard: Buffer): [string, string] {
  const found: string[] = [];
  for (const character of candidates()) {
    if (!shard.includes(character)) found.push(character);
    const [separator, none] = found;
    if (separator !== undefined && none !== undefined) return [separator, none];
  }
  throw new ForebayError(
    'TextsInseparable',
    `the shard of ${shard.length} bytes holds each of the characters that could part its texts: make shards smaller`,
  );
}

/** Control characters, from the one for this very purpose down, then those for private use. */
function* candidates(): Generator<string> {
  for (let code = 0x1f; code > 0x0d; code--) yield String.fromCharCode(code);
  for (let code = 0xe000; code <= 0xf8ff; code++) yield String.fromCharCode(code);
}
