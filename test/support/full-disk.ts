/** Run by a test as a program of its own, in a folder that holds one mebibyte: a shard whose batch needs more. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { envelopeFile } from './envelope.ts';
import { job } from './world.ts';

const [directory = ''] = process.argv.slice(2);
const column = { name: 'note', type: { name: 'string' as const }, nullable: false, from: null };
const wide = { ...job, contract: { ...job.contract, columns: [column] } };
// Random text: no compression makes it fit.
const rows = Array.from({ length: 40_000 }, () => randomBytes(60).toString('base64')).join('\n');
const made = envelopeFile(wide, Buffer.from(`note\n${rows}\n`), {
  directory: join(directory, 'shard'),
  shardBytes: 64 * 1024 ** 2,
});
await made.catch(({ name, persistence, message }) => {
  console.log(JSON.stringify({ name, persistence, message }));
});
