import { expect, test } from 'vitest';
import { tail } from '../../../cli/commands/events.ts';
import { placeOf, readRejects } from '../../../cli/commands/rejects.ts';
import { chooseSlice } from '../../../cli/commands/run.ts';
import { initSecrets } from '../../../cli/commands/secrets.ts';
import { createOutput } from '../../../cli/output.ts';
import { type FindRunDeps, findRun } from '../../../cli/run-names.ts';
import type { Job } from '../../../core/job/model.ts';
import type { RunRecord } from '../../../core/ledger.ts';

const run = (job: string, runId: string) => ({ job, runId }) as RunRecord;

function deps(recent: RunRecord[], older: RunRecord[]): FindRunDeps {
  return {
    listRuns: async () => recent,
    getRun: async (job, runId) => older.find((one) => one.job === job && one.runId === runId) ?? null,
    jobNames: async () => ['orders'],
  };
}

test('a run is found by its id, also where it is not among the recent ones, and by how a recent id ends', async () => {
  const world = deps([run('orders', '0199-aaaa'), run('orders', '0199-bbbb')], [run('orders', '0001-cccc')]);
  expect((await findRun(world, '0199-aaaa')).runId).toBe('0199-aaaa');
  expect((await findRun(world, '0001-cccc')).runId).toBe('0001-cccc');
  expect((await findRun(world, 'bbbb')).runId).toBe('0199-bbbb');
});

test('an ending that several runs have names none of them, and an unknown id suggests the nearest', async () => {
  const world = deps([run('orders', '0199-aaaa'), run('orders', '0299-aaaa')], []);
  await expect(findRun(world, 'aaaa')).rejects.toThrow(/there is no run 'aaaa'/);
  await expect(findRun(world, '0199-aaab')).rejects.toThrow("did you mean '0199-aaaa'?");
});

const job = { name: 'orders', cadence: 'daily', timezone: 'Europe/Amsterdam', lagSeconds: 7_200 } as Job;

test('without a name, the slice is the last one that ended, less the lag', () => {
  // 01:59 in Amsterdam on 3 March, and two hours of lag: 2 March has not ended yet.
  expect(chooseSlice(job, undefined, new Date('2026-03-03T00:59:00Z'))).toBe('2026-03-01');
  expect(chooseSlice(job, undefined, new Date('2026-03-03T01:01:00Z'))).toBe('2026-03-02');
  expect(chooseSlice({ ...job, cadence: 'once' }, undefined, new Date())).toBe('once');
  expect(() => chooseSlice(job, '2026-3-1', new Date())).toThrow(/write it as 2026-03-01/);
});

test('a key is made where there is none, at random, below the path of its job', async () => {
  const made: Array<[string, string]> = [];
  const jobs = [
    { ...job, privacy: { email: 'hash' } },
    { ...job, name: 'other', privacy: { email: 'hash', name: { rule: 'tokenise', scope: 'job' } } },
    { ...job, name: 'masked', privacy: { note: 'mask', name: 'encrypt', age: { rule: 'truncate', to: 1 } } },
    { ...job, name: 'joined', privacy: { email: { rule: 'tokenise', scope: 'shared' } } },
    { ...job, name: 'joining', privacy: { email: { rule: 'tokenise', scope: 'shared' } } },
  ] as Job[];
  const lines = await initSecrets(
    async (name, value) => {
      made.push([name, value]);
      return !name.includes('other');
    },
    '/forebay/local/',
    jobs,
  );
  expect(lines).toEqual([
    { job: 'orders', name: '/forebay/local/orders/hash-key', created: true },
    { job: 'other', name: '/forebay/local/other/hash-key', created: false },
    { job: 'other', name: '/forebay/local/other/token-key', created: false },
    { job: null, name: '/forebay/local/_shared/token-key', created: true },
  ]);
  expect(made.every(([, value]) => /^[0-9a-f]{64}$/.test(value))).toBe(true);
  expect(new Set(made.map(([, value]) => value)).size).toBe(4);
});

test('a reject that lies in what was unpacked says so', () => {
  expect(placeOf({ object: 'raw/orders/slice=2026-03-01/run=r1/a.csv', in: 'raw' })).toBe('a.csv');
  expect(placeOf({ object: 'unpacked/orders/r1/a.csv.gz', in: 'unpacked' })).toBe('a.csv.gz (unpacked)');
});

test("rejects come in the order of the shards' numbers, not of their texts", async () => {
  const files: Record<string, string> = {
    'p/10.ndjson': '{"record":3}\n',
    'p/2.ndjson': '{"record":1}\n{"record":2}\n',
  };
  const listed = Object.keys(files).map((key) => ({ key, versionId: null, etag: '', bytes: 1 }));
  const store = {
    list: async () => listed,
    get: async ({ key }: { key: string }) => Buffer.from(files[key] ?? ''),
  };
  const records: number[] = [];
  for await (const reject of readRejects(store, 'ops', 'p/')) records.push(reject.record);
  expect(records).toEqual([1, 2, 3]);
});

test('tail ends after so many events, and when it is told to stop', async () => {
  let out = '';
  const output = createOutput({
    json: true,
    stdout: { write: (text) => (out += text) },
    stderr: { write: () => undefined },
    environment: {},
  });
  const tap = { receive: async () => ['{"n":1}', '{"n":2}'], close: async () => undefined };
  await tail(tap, output, 3, new AbortController().signal);
  expect(out).toBe('{"n":1}\n{"n":2}\n{"n":1}\n');
  await tail(tap, output, Infinity, AbortSignal.abort());
  expect(out.split('\n')).toHaveLength(4);
});
