/** Envelope over one shard, by a job: exact casts, expressions, filter, privacy, ids, the envelope, rejects. */
import { rmSync } from 'node:fs';
import { runMetadata } from '../../../core/envelope/metadata.ts';
import { envelopeShard } from '../../../core/envelope/shard.ts';
import { noKeys } from '../../../core/privacy/rules.ts';
import { jobFrom, report, scratch, shardOf } from '../case.ts';

const [file = '', jobFile = ''] = process.argv.slice(2);
const { job, version } = jobFrom(jobFile);
const directory = scratch('envelope');
const { format, header, bytes, offset } = shardOf(file, { job, version });

await report(async () => {
  const run = {
    ...{ job: job.name, jobVersion: version, runId: 'bench', slice: '2026-03-01', fence: 1, revision: 1 },
    ...{ trigger: 'manual' as const, force: false, time: '2026-03-02T01:15:00.000Z' },
  };
  const { rows, filtered, rejects } = await envelopeShard({
    ...{ job, run, format, metadata: runMetadata(job, run, 'eu-west-1') },
    raw: { key: 'raw/orders/slice=2026-03-01/run=bench/orders.csv', sha256: 'ab'.repeat(32) },
    unpacked: null,
    ...{
      header,
      bytes,
      offset,
      firstRecord: 0,
      directory,
      keys: { ...noKeys, hash: Buffer.from('the key of the benchmark') },
    },
  });
  return `${rows} rows, ${rejects.length} rejects, ${filtered} filtered`;
});
rmSync(directory, { recursive: true, force: true });
