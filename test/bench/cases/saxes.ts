/** saxes by itself: elements are counted, and nothing is done with them. */
import { createReadStream } from 'node:fs';
import { SaxesParser } from 'saxes';
import { report } from '../case.ts';

const [file = ''] = process.argv.slice(2);

await report(async () => {
  let elements = 0;
  const parser = new SaxesParser({ xmlns: true, position: false });
  parser.on('opentag', () => {
    elements += 1;
  });
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 65_536 })) {
    parser.write(chunk);
  }
  parser.close();
  return `${elements} elements`;
});
