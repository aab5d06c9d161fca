import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestFile, partBytesFor } from '../../../cli/load/checksum.ts';
import { type LoadDeps, type LoadedSource, load } from '../../../cli/load/load.ts';
import { planLoad } from '../../../cli/load/plan.ts';
import type { Job } from '../../../core/job/model.ts';
import type { RunRecord, SliceRecord } from '../../../core/ledger.ts';

const daily = {
  name: 'orders',
  cadence: 'daily',
  timezone: 'UTC',
  source: { kind: 'inbox' },
} as Job;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forebay-load-'));
  writeFileSync(join(dir, 'a.csv'), 'id\n1\n');
  writeFileSync(join(dir, 'b.csv'), 'id\n2\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('each file is planned below its job and slice', () => {
  const { plan, problems } = planLoad({
    job: daily,
    slice: '2026-03-01',
    paths: ['in/a.csv', 'b.csv'],
    kindOf: () => 'file',
  });
  expect(problems).toEqual([]);
  expect(plan).toEqual({
    slice: '2026-03-01',
    files: [
      { path: 'in/a.csv', key: 'orders/2026-03-01/a.csv' },
      { path: 'b.csv', key: 'orders/2026-03-01/b.csv' },
    ],
  });
});

test('a job with one slice needs no --slice', () => {
  const { plan } = planLoad({
    job: { ...daily, cadence: 'once' },
    slice: undefined,
    paths: ['a'],
    kindOf: () => 'file',
  });
  expect(plan?.slice).toBe('once');
});

test('all that is wrong is told at once', () => {
  const { plan, problems } = planLoad({
    job: { ...daily, source: { kind: 's3', bucket: 'partner', prefix: 'exports/{slice}/' } },
    slice: '2026-02-30',
    paths: ['x/a.csv', 'y/a.csv', 'gone.csv', 'folder'],
    kindOf: (path) => (path === 'gone.csv' ? 'nothing' : path === 'folder' ? 'folder' : 'file'),
  });
  expect(plan).toBeNull();
  expect(problems).toHaveLength(5);
  const text = problems.join('\n');
  for (const part of [
    "bucket 'partner'",
    'no file gone.csv',
    'folder is a folder',
    'x/a.csv and y/a.csv would both be a.csv',
    "'2026-02-30'",
  ]) {
    expect(text).toContain(part);
  }
});

test("the checksum is S3's own: plain for one part, of the parts' digests for more", async () => {
  const path = join(dir, 'big');
  const bytes = Buffer.alloc(2_500, 7);
  writeFileSync(path, bytes);
  const sha = (part: Buffer) => createHash('sha256').update(part).digest();
  expect(await digestFile(path, 2_500)).toEqual({
    bytes: 2_500,
    sha256: sha(bytes).toString('hex'),
    checksum: sha(bytes).toString('base64'),
  });
  const parts = [bytes.subarray(0, 1_000), bytes.subarray(1_000, 2_000), bytes.subarray(2_000)];
  const composite = sha(Buffer.concat(parts.map(sha))).toString('base64');
  expect((await digestFile(path, 1_000)).checksum).toBe(`${composite}-3`);
  const exact = sha(Buffer.concat([bytes.subarray(0, 1_250), bytes.subarray(1_250)].map(sha)));
  expect((await digestFile(path, 1_250)).checksum).toBe(`${exact.toString('base64')}-2`);
});

test('no file has more parts than S3 takes', () => {
  for (const bytes of [0, 1, 16 * 2 ** 20, 5 * 2 ** 40]) {
    expect(Math.ceil(bytes / partBytesFor(bytes))).toBeLessThanOrEqual(10_000);
  }
});

interface World {
  /** What is in the inbox, by key. */
  inbox: Map<string, { checksum: string; etag: string; bytes: number }>;
  published: LoadedSource[];
  puts: string[];
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

function deps(world: World, status: RunRecord['status']): LoadDeps {
  return {
    head: async ({ key }) => {
      const found = world.inbox.get(key);
      return found === undefined
        ? null
        : { bytes: found.bytes, etag: found.etag, versionId: 'v1', checksumSha256: found.checksum };
    },
    putStream: async ({ key }, body) => {
      let text = '';
      for await (const chunk of body) text += Buffer.from(chunk).toString();
      world.puts.push(key);
      const checksum = sha256(text).toString('base64');
      world.inbox.set(key, { checksum, etag: `etag of ${text}`, bytes: text.length });
      return { created: true, versionId: 'v1', compositeSha256: checksum };
    },
    runToEnd: async () => ({ runId: 'r1', status }) as RunRecord,
    getSlice: async () =>
      ({ committed: { runId: 'r0', revision: 3, loaded: { digest: '', count: 1 } } }) as SliceRecord,
    loadedBy: async () => world.published,
    progress: () => undefined,
  };
}

const published = (name: string, text: string): LoadedSource => ({
  key: `orders/2026-03-01/${name}`,
  versionId: null,
  etag: `etag of ${text}`,
  sha256: sha256(text).toString('hex'),
});

const request = (...names: string[]) => ({
  job: 'orders',
  inbox: 'inbox',
  force: false,
  plan: {
    slice: '2026-03-01',
    files: names.map((name) => ({ path: join(dir, name), key: `orders/2026-03-01/${name}` })),
  },
});

test('it is loaded where the published run has each file, byte for byte', async () => {
  const world: World = {
    inbox: new Map(),
    puts: [],
    published: [published('a.csv', 'id\n1\n'), published('b.csv', 'id\n2\n')],
  };
  const result = await load(deps(world, 'COMPLETED'), request('a.csv', 'b.csv'));
  expect(result.loaded).toBe(true);
  expect(result.committed).toEqual({ runId: 'r0', revision: 3 });
  expect(world.puts).toEqual(['orders/2026-03-01/a.csv', 'orders/2026-03-01/b.csv']);
});

test('a file whose bytes lie in the inbox already is not put again', async () => {
  const world: World = { inbox: new Map(), puts: [], published: [published('a.csv', 'id\n1\n')] };
  await load(deps(world, 'COMPLETED'), request('a.csv'));
  const again = await load(deps(world, 'SKIPPED'), request('a.csv'));
  expect(world.puts).toHaveLength(1);
  expect(again.files[0]).toMatchObject({ action: 'unchanged', loaded: true });
});

test.each([
  ['is not among the published', [published('a.csv', 'id\n1\n')]],
  [
    'is published with other bytes',
    [published('a.csv', 'id\n1\n'), { ...published('b.csv', 'id\n2\n'), sha256: 'f'.repeat(64) }],
  ],
  [
    'is published in another version',
    [published('a.csv', 'id\n1\n'), { ...published('b.csv', 'id\n2\n'), versionId: 'v0' }],
  ],
])('F17 it is not loaded where a file %s, whatever the run said', async (_, list) => {
  const world: World = { inbox: new Map(), puts: [], published: list };
  const result = await load(deps(world, 'COMPLETED'), request('a.csv', 'b.csv'));
  expect(result.loaded).toBe(false);
  expect(result.files.map((file) => file.loaded)).toEqual([true, false]);
});
