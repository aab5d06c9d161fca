/** fast-xml-parser by itself: the document as one object, and nothing done with it. */
import { readFileSync } from 'node:fs';
import { XMLParser } from 'fast-xml-parser';
import { report } from '../case.ts';

const [file = ''] = process.argv.slice(2);

await report(async () => {
  const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, trimValues: false });
  return `${Object.keys(parser.parse(readFileSync(file, 'utf8')) as object).length} roots`;
});
