import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v5 } from 'uuid';
import { afterAll, expect, test } from 'vitest';
import { recordNamespace } from '../../../core/envelope/id.ts';
import type { Job } from '../../../core/job/model.ts';
import { versionOf } from '../../../core/job/version.ts';
import { envelopeFile, readBatch } from '../../support/envelope.ts';
import { job as plainJob } from '../../support/world.ts';

const scratch = mkdtempSync(join(tmpdir(), 'forebay-shard-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const fresh = () => join(scratch, String(folders++));

const text = { type: { name: 'string' }, nullable: false, from: null } as const;
const bigint = { type: { name: 'bigint' }, nullable: false, from: null } as const;
const jobOf = (contract: Partial<Job['contract']>, more: Partial<Job> = {}): Job => ({
  ...plainJob,
  ...more,
  contract: {
    ...plainJob.contract,
    columns: [
      { name: 'id', ...bigint },
      { name: 'name', ...text },
    ],
    ...contract,
  },
});
const make = (job: Job, input: string, directory = fresh(), shardBytes = 1_000_000) =>
  envelopeFile(job, Buffer.from(input), { shardBytes, directory, object: 'raw/orders/a.csv' });

test('every record carries the whole envelope', async () => {
  const job = jobOf(
    {},
    { envelope: { ...plainJob.envelope, version: '2', dataSensitivity: 'confidential' } },
  );
  const input = 'id,name\n1,a\n2,b\n';
  const [shard] = await make(job, input);
  const records = await readBatch(shard?.file ?? '');
  const sha256 = createHash('sha256').update(input).digest('hex');
  expect(records.map(({ metadata }) => metadata)).toEqual(
    [0, 1].map((record) => ({
      id: v5(String(record), v5(JSON.stringify(['orders', '2026-03-01', sha256]), recordNamespace)),
      // A timestamp column in UTC, as DuckDB spells it.
      timestamp: '2026-03-02 01:15:00',
      timestampHuman: '2 March 2026, 01:15:00 UTC',
      requestTimeEpoch: Date.UTC(2026, 2, 2, 1, 15),
      user: 'forebay/manual',
      resource: '/orders',
      source: 'forebay/orders',
      hostPlatform: 'aws-lambda',
      owner: 'sales',
      eventType: 'OrderPlaced',
      version: '2',
      region: 'eu-west-1',
      jurisdiction: 'eu',
      tags: ['sales'],
      dataSensitivity: 'confidential',
      lineage: {
        runId: 'r1',
        slice: '2026-03-01',
        rawObject: 'raw/orders/a.csv',
        record,
        jobVersion: versionOf(job).version,
      },
    })),
  );
});

test('what the job does not say is null in the envelope, not left out of its struct', async () => {
  const job = jobOf({}, { envelope: { ...plainJob.envelope, jurisdiction: null, tags: null } });
  const [shard] = await make(job, 'id,name\n1,a\n');
  const [record] = await readBatch(shard?.file ?? '');
  expect(record?.metadata).toMatchObject({
    ...{ version: null, jurisdiction: null, tags: null, dataSensitivity: null },
  });
});

test('F06 the same shard gives the identical file, wherever and whenever it is made', async () => {
  const job = jobOf({ key: ['id'] }, { privacy: { name: 'hash' } });
  const input = `id,name\n${Array.from({ length: 20_000 }, (_, i) => `${i},name ${i % 97}`).join('\n')}\n`;
  const files = [];
  for (let i = 0; i < 3; i++) files.push((await make(job, input, fresh(), 100_000)).map(({ file }) => file));
  const digests = files.map((shards) =>
    shards.map((file) => createHash('sha256').update(readFileSync(file)).digest('hex')),
  );
  expect(digests[0]?.length).toBeGreaterThan(1);
  expect(digests[1]).toEqual(digests[0]);
  expect(digests[2]).toEqual(digests[0]);
});

test('a shard whose records are all rejected or filtered is a file of no rows, with its columns', async () => {
  const job = jobOf({ filter: 'id > 5' });
  const [shard] = await make(job, 'id,name\nx,a\n1,b\n');
  expect(shard).toMatchObject({ rows: 0, filtered: 1 });
  expect(shard?.rejects).toHaveLength(1);
  expect(await readBatch(shard?.file ?? '')).toEqual([]);
  expect(
    readFileSync(shard?.file ?? '')
      .subarray(0, 4)
      .toString(),
  ).toBe('PAR1');
});

test('keys come sorted, a line each of id and record number, one for each written record', async () => {
  const [shard] = await make(jobOf({ key: ['id'] }), 'id,name\n3,a\n1,b\n2,c\n1,d\nx,e\n');
  const expected = ['3', '1', '2', '1']
    .map((id, n) => `${v5(JSON.stringify(['orders', id]), recordNamespace)} 000000000${n}\n`)
    .sort();
  expect(readFileSync(shard?.ids ?? '', 'utf8')).toBe(expected.join(''));
});

test('a field that the contract reads and the file has not refuses the file, by its name', async () => {
  await expect(make(jobOf({ filter: 'state = 1' }), 'id,name\n1,secret text\n')).rejects.toMatchObject({
    name: 'ColumnMissing',
    message: expect.stringMatching(/^ColumnMissing: the file has no field 'state', which job orders reads/),
  });
});

test("a name differs from the file's in case only: it is another name", async () => {
  await expect(make(jobOf({}), 'ID,name\n1,a\n')).rejects.toMatchObject({ name: 'ColumnMissing' });
});

test('F42 keys that differ in Unicode form only are two records', async () => {
  const [shard] = await make(jobOf({ key: ['name'] }), 'id,name\n1,\u00e9\n2,e\u0301\n');
  const records = await readBatch(shard?.file ?? '');
  expect(new Set(records.map(({ metadata }) => metadata.id)).size).toBe(2);
});

test('an error of the engine quotes no value', async () => {
  // Neither a job file that was checked nor a file of a provider gets here: this one was not checked.
  const job = jobOf({ columns: [{ name: 'id', ...bigint, from: "error('secret ' || id)" }] });
  const failed = await make(job, 'id\n1\n').catch((error: Error) => error);
  expect(failed).toBeInstanceOf(Error);
  expect(String(failed)).not.toContain('secret');
});

test('F31 a shard that does not fit into memory is a terminal error that names the limit', async () => {
  const job = jobOf({
    columns: [{ name: 'name', ...text, from: "repeat(name, 2000000) || 'x'" }],
    key: ['name'],
  });
  const rows = Array.from({ length: 20 }, (_, i) => `${i}abcdefghij`).join('\n');
  await expect(make(job, `name\n${rows}\n`)).rejects.toMatchObject({
    name: 'MemoryExceeded',
    persistence: 'terminal',
    message: expect.stringContaining('384MiB'),
  });
}, 60_000);
