/** csv-parse by itself: rows of texts, and nothing done with them. */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { report } from '../case.ts';

const [file = ''] = process.argv.slice(2);

await report(async () => {
  let records = 0;
  const rows = createReadStream(file).pipe(parse({ relax_column_count: true }));
  for await (const _ of rows) records += 1;
  return `${records} lines`;
});
