/** What is written by hand in an afternoon: csv-parse, one JSON envelope a record, gzip. */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { report, scratch } from '../case.ts';

const [file = ''] = process.argv.slice(2);
const directory = scratch('by-hand');
let records = 0;
const envelope = new Transform({
  writableObjectMode: true,
  transform(data, _encoding, done) {
    records += 1;
    const metadata = {
      ...{ id: randomUUID(), timestamp: new Date().toISOString(), user: 'lambda', resource: '/orders' },
      ...{ source: 'orders', owner: 'sales', eventType: 'OrderPlaced', region: 'eu-west-1', tags: ['sales'] },
    };
    done(null, `${JSON.stringify({ metadata, data })}\n`);
  },
});

await report(async () => {
  const parser = parse({ columns: true, relax_column_count: true });
  const target = createWriteStream(join(directory, 'out.ndjson.gz'));
  await pipeline(createReadStream(file), parser, envelope, createGzip(), target);
  return `${records} records`;
});
rmSync(directory, { recursive: true, force: true });
