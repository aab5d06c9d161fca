/** The SQL function by which Envelope encrypts: DuckDB has no AES for values, so it calls Node's. */
import { type DuckDBConnection, DuckDBScalarFunction, VARCHAR } from '@duckdb/node-api';
import type { Job } from '../job/model.ts';
import { sealFunction } from '../privacy/rules.ts';
import { additionalData, type DataKey, nextIv, seal } from '../privacy/seal.ts';

/** Each call counts: were DuckDB to ask twice for a value, it would get two ciphertexts, each with an IV of its own. */
export function registerSealing(duck: DuckDBConnection, job: Job, key: DataKey): void {
  const sealing = DuckDBScalarFunction.create({
    name: sealFunction,
    parameterTypes: [VARCHAR, VARCHAR],
    returnType: VARCHAR,
    // Else one answer might do for several records with the same value.
    volatile: true,
    mainFunction: (_, input, output) => {
      const [texts, paths] = [0, 1].map((i) => input.getColumnVector(i));
      // Calls into the engine: not once a row. The path is a literal of the SQL.
      const { rowCount } = input;
      const additional = additionalData(job.name, String(paths?.getItem(0)));
      for (let row = 0; row < rowCount; row++) {
        const text = texts?.getItem(row);
        output.setItem(
          row,
          typeof text === 'string' ? seal(key.plaintext, nextIv(key), additional, text) : null,
        );
      }
      output.flush();
    },
  });
  duck.registerScalarFunction(sealing);
}
