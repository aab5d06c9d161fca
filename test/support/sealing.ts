/** Run by a test as a program of its own: a shard is encrypted, and then there is nothing left to do. */
import { envelopeFile } from './envelope.ts';
import { job } from './world.ts';

const [directory = ''] = process.argv.slice(2);
const encrypting = { ...job, privacy: { order_id: 'encrypt' as const } };
const [shard] = await envelopeFile(encrypting, Buffer.from('order_id\n1\n2\n'), {
  directory,
  shardBytes: 1_000,
});
console.log(shard?.rows);
