/** The SQL function by which Envelope encrypts: DuckDB has no AES for values, so it calls Node's. */
import { BIGINT, type DuckDBConnection, DuckDBScalarFunction, INTEGER, VARCHAR } from '@duckdb/node-api';
import type { Job } from '../job/model.ts';
import { sealFunction } from '../privacy/rules.ts';
import { additionalData, type DataKey, ivOf, seal } from '../privacy/seal.ts';

/**
 * The same record and column always have the same IV: were DuckDB to ask twice for a value, it would get the same
 * ciphertext, and no IV stands over two texts.
 */
export function registerSealing(duck: DuckDBConnection, job: Job, { plaintext }: DataKey): void {
  const additional = job.contract.columns.map(({ name }) => additionalData(job.name, name));
  const sealed = (text: unknown, record: unknown, position: unknown): string | null => {
    const bound = additional[Number(position)];
    if (bound === undefined) throw new Error(`there is no column ${position}`);
    if (typeof text !== 'string') return null;
    return seal(plaintext, ivOf(Number(position), BigInt(String(record))), bound, text);
  };
  const sealing = DuckDBScalarFunction.create({
    name: sealFunction,
    parameterTypes: [VARCHAR, BIGINT, INTEGER],
    returnType: VARCHAR,
    mainFunction: (_, input, output) => {
      const [texts, records, positions] = [0, 1, 2].map((i) => input.getColumnVector(i));
      // A call into the engine: not once a row.
      const { rowCount } = input;
      for (let row = 0; row < rowCount; row++) {
        output.setItem(row, sealed(texts?.getItem(row), records?.getItem(row), positions?.getItem(row)));
      }
      output.flush();
    },
  });
  duck.registerScalarFunction(sealing);
  // The database has its own hold on it. Ours would keep the process, and the key, until it is collected.
  sealing.destroySync();
}
