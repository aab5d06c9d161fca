/** Whole slices with repeated keys, from their files to table and rejects, against a reading of the files by hand. */
import { expect, test } from 'vitest';
import type { Job, RepeatedKeyPolicy } from '../../../core/job/model.ts';
import { manifestKey } from '../../../core/storage.ts';
import { readBatchBytes } from '../../support/envelope.ts';
import { execute, newPipeline, type Pipeline, partitionOf } from '../../support/pipeline.ts';
import { job as plainJob } from '../../support/world.ts';

const slice = '2026-03-01';
const head = 'part,n,note\n';

/** Lines by file: `part` and `n` are the key; `x` as n breaks the contract, `out` as note is filtered. */
const lines: Record<string, string[]> = {
  'a.csv': ['A,1,one', 'A,2,two', 'A,1,three', 'B,x,four', 'A,3,out', 'B,1,five'],
  'b.csv': ['A,3,six', 'A,2,seven', 'C,9,eight', 'B,x,nine'],
  'c.csv': ['C,9,out', 'A,1,ten', 'D,4,eleven', 'D,4,twelve', 'a,1,thirteen'],
};
const files = Object.fromEntries(
  Object.entries(lines).map(([name, all]) => [
    name,
    Buffer.from(head + all.map((line) => `${line}\n`).join('')),
  ]),
);

interface Line {
  file: string;
  record: number;
  offset: number;
  length: number;
  text: string;
}

/** Each record with its place: all are of one byte a character, and have no quotes. */
const all: Line[] = Object.entries(lines).flatMap(([file, texts]) => {
  let offset = head.length;
  return texts.map((text, record) => {
    const line = { file, record, offset, length: text.length, text };
    offset += text.length + 1;
    return line;
  });
});
const bad = all.filter(({ text }) => text.includes(',x,'));
const good = all.filter(({ text }) => !text.includes(',x,') && !text.endsWith(',out'));
const keyOf = ({ text }: Line): string => text.split(',').slice(0, 2).join();
const likes = (line: Line): Line[] => good.filter((other) => keyOf(other) === keyOf(line));

const written: Record<RepeatedKeyPolicy, (line: Line) => boolean> = {
  allow: () => true,
  reject: (line) => likes(line).length === 1,
  'keep-first': (line) => likes(line)[0] === line,
  'keep-last': (line) => likes(line).at(-1) === line,
};

const column = (name: string, type: 'string' | 'int') => ({
  ...{ name, type: { name: type }, nullable: false, from: null },
});
const jobOf = (onRepeatedKey: RepeatedKeyPolicy, more: Partial<Job['contract']> = {}): Job => ({
  ...plainJob,
  contract: {
    ...plainJob.contract,
    columns: [column('part', 'string'), column('n', 'int'), column('note', 'string')],
    ...{ filter: "note <> 'out'", key: ['part', 'n'], onRepeatedKey },
    ...more,
  },
});

async function load(job: Job, sizes: Pipeline['sizes']): Promise<Pipeline> {
  const pipeline = await newPipeline(job, files, slice);
  pipeline.sizes = sizes;
  await execute(pipeline, 'r1', slice);
  return pipeline;
}

/** Why the run failed. */
const errorOf = async ({ ports, job }: Pipeline) => (await ports.ledger.getRun(job.name, 'r1'))?.error;

const nameOf = (rawObject: unknown): string => String(rawObject).split('/').at(-1) ?? '';

/** The lines that a reader of the table finds, each with its file and number there. */
async function tableOf(pipeline: Pipeline): Promise<string[]> {
  const { objects } = pipeline.ports;
  const prefix = partitionOf(pipeline, slice)?.location.slice('s3://lake/'.length) ?? 'none';
  const parts = await objects.list('lake', prefix);
  const rows = await Promise.all(
    parts.map(async ({ key }) => readBatchBytes(await objects.get({ bucket: 'lake', key }))),
  );
  return rows
    .flat()
    .map(({ metadata: { lineage }, data }) =>
      [nameOf(lineage.rawObject), lineage.record, data.part, data.n, data.note].join(),
    )
    .sort();
}

async function rejectsOf({ ports, job }: Pipeline): Promise<string[]> {
  const found = await ports.objects.list('ops', `rejects/${job.name}/r1/`);
  const texts = await Promise.all(found.map(({ key }) => ports.objects.get({ bucket: 'ops', key })));
  return texts
    .flatMap((text) => String(text).trim().split('\n'))
    .map((line) => {
      const { code, column, record, object, offset, length } = JSON.parse(line);
      return [nameOf(object), record, offset, length, code, column].join();
    })
    .sort();
}

const manifestOf = async ({ ports, job }: Pipeline) =>
  JSON.parse(String(await ports.objects.get({ bucket: 'ops', key: manifestKey(job.name, 'r1') })));

const sizes = [1, 40, 1_000].flatMap((shardBytes) => [1, 5, 256].map((buckets) => ({ shardBytes, buckets })));

test.each(['reject', 'keep-first', 'keep-last'] as const)(
  '%s gives the same table and rejects, whatever the size of a shard and the number of buckets',
  async (policy) => {
    const rows = good.filter(written[policy]).map(({ file, record, text }) => `${file},${record},${text}`);
    const repeated = good.filter((line) => policy === 'reject' && !written.reject(line));
    const rejects = [
      ...bad.map((line) => ({ ...line, code: 'CastFailed,n' })),
      ...repeated.map((line) => ({ ...line, code: 'RepeatedKey,' })),
    ].map(({ file, record, offset, length, code }) => [file, record, offset, length, code].join());
    const counts = {
      read: 15,
      written: rows.length,
      rejected: rejects.length,
      filtered: 15 - rows.length - rejects.length,
      repeatedKeys: good.length - new Set(good.map(keyOf)).size,
    };
    for (const size of sizes) {
      const pipeline = await load(jobOf(policy), size);
      expect(await tableOf(pipeline), JSON.stringify(size)).toEqual(rows.sort());
      expect(await rejectsOf(pipeline), JSON.stringify(size)).toEqual(rejects.sort());
      expect(await manifestOf(pipeline)).toMatchObject({ counts });
    }
  },
  120_000,
);

test('the independent reading has records of each kind', () => {
  const count = (policy: RepeatedKeyPolicy) => good.filter(written[policy]).length;
  expect([good.length, count('reject'), count('keep-first'), count('keep-last')]).toEqual([11, 4, 7, 7]);
});

const whole = { shardBytes: 1_000, buckets: 2 };

test('what keep-first and keep-last leave out is filtered: the run is COMPLETED where nothing is rejected', async () => {
  const job = jobOf('keep-last', {
    filter: "note <> 'out' and n <> 'x'",
    columns: [column('part', 'string'), column('n', 'string'), column('note', 'string')],
  });
  const pipeline = await load(job, whole);
  expect(await manifestOf(pipeline)).toMatchObject({
    status: 'COMPLETED',
    counts: { rejected: 0, repeatedKeys: 4 },
  });
  expect(await rejectsOf(pipeline)).toEqual([]);
});

test("with onBadRecord 'fail' a repeated key fails the run, by the place of its first record and without its text", async () => {
  const job = jobOf('reject', { onBadRecord: 'fail', filter: "n <> 'x' and note <> 'out'" });
  job.contract.columns = [column('part', 'string'), column('n', 'string'), column('note', 'string')];
  expect(await errorOf(await load(job, whole))).toEqual({
    name: 'BadRecord',
    message: expect.stringMatching(/^RepeatedKey in record 0 at byte 12 of raw\/orders\/[^,]*a\.csv;/),
  });
});

test('F43 repeated keys count as rejects for what the job allows', async () => {
  const rejected = bad.length + good.length - good.filter(written.reject).length;
  await load(jobOf('reject', { maxRejects: { count: rejected } }), whole);
  const beyond = await load(jobOf('reject', { maxRejects: { count: rejected - 1 } }), whole);
  expect(await errorOf(beyond)).toEqual({
    name: 'RejectThresholdExceeded',
    message: expect.stringMatching(/^9 of 15 records were rejected, the job allows 8/),
  });
});

test('a hashed key is the same key wherever its text is', async () => {
  const job = { ...jobOf('reject'), privacy: { part: 'hash' as const } };
  const pipeline = await load(job, { shardBytes: 25, buckets: 5 });
  expect((await manifestOf(pipeline)).counts).toMatchObject({ written: 4, rejected: 9, repeatedKeys: 4 });
});
