import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ShardOutput } from '../../core/envelope/shard.ts';
import { loadJobs } from '../../core/job/load.ts';
import type { Job } from '../../core/job/model.ts';
import { envelopeFile, readBatch } from '../support/envelope.ts';

/**
 * A case of enveloping is a folder of fixtures/ with a job file and `input.*`, and what a run makes of it:
 * `expected.ndjson` (number, id and data of each written record), `rejects.ndjson` (the lines of the rejects
 * file), `filtered.json` (the numbers of the filtered ones) and perhaps `discarded.json` (values by column); or
 * `error.json`, where the file is refused.
 */
const root = join(import.meta.dirname, '..', '..', 'fixtures');
const cases = readdirSync(root, { withFileTypes: true })
  .filter(
    (entry) =>
      entry.isDirectory() && readdirSync(join(root, entry.name)).some((file) => file.endsWith('.ts')),
  )
  .map(({ name }) => name);
const scratch = mkdtempSync(join(tmpdir(), 'forebay-golden-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Expected {
  record: number;
  id: string;
  data: Record<string, string | number | null>;
}

const lines = <T>(name: string, file: string): T[] =>
  readFileSync(join(root, name, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

/** Floats as numbers, as JSON has them; everything else in text, which loses nothing. */
function comparable(job: Job, data: Record<string, string | null>): Expected['data'] {
  const floats = new Set(
    job.contract.columns.flatMap(({ name, type }) =>
      type.name === 'float' || type.name === 'double' ? [name] : [],
    ),
  );
  return Object.fromEntries(
    Object.entries(data).map(([name, text]) => [
      name,
      floats.has(name) && text !== null ? Number(text) : text,
    ]),
  );
}

test('there are cases of enveloping', () => {
  expect(cases.length).toBeGreaterThanOrEqual(6);
});

const sizes = [1_000_000, 60, 1];

async function envelopeCase(name: string, shardBytes: number): Promise<{ job: Job; shards: ShardOutput[] }> {
  const [{ job } = { job: undefined }] = await loadJobs(join(root, name));
  if (job === undefined) throw new Error(`${name} has no job`);
  const object = readdirSync(join(root, name)).find((file) => file.startsWith('input.')) ?? 'input';
  const directory = join(scratch, `${name}-${shardBytes}`);
  const input = readFileSync(join(root, name, object));
  return { job, shards: await envelopeFile(job, input, { shardBytes, object, directory }) };
}

const refused = cases.filter((name) => existsSync(join(root, name, 'error.json')));

describe.each(refused)('%s', (name) => {
  test.each(sizes)('is refused in shards of %i bytes', async (shardBytes) => {
    const error = JSON.parse(readFileSync(join(root, name, 'error.json'), 'utf8')) as object;
    await expect(envelopeCase(name, shardBytes)).rejects.toMatchObject(error);
  });
});

describe.each(cases.filter((name) => !refused.includes(name)))('%s', (name) => {
  const expected = lines<Expected>(name, 'expected.ndjson');
  const rejects = lines<{ record: number }>(name, 'rejects.ndjson');
  const filtered = JSON.parse(readFileSync(join(root, name, 'filtered.json'), 'utf8')) as number[];
  const discarded = existsSync(join(root, name, 'discarded.json'))
    ? JSON.parse(readFileSync(join(root, name, 'discarded.json'), 'utf8'))
    : {};

  test('says of each record once what becomes of it', () => {
    const numbers = [...expected, ...rejects].map(({ record }) => record).concat(filtered);
    expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, i) => i));
  });

  // in one shard, in shards of some records, and each record in a shard of its own
  test.each(sizes)('becomes what is expected in shards of %i bytes', async (shardBytes) => {
    const { job, shards } = await envelopeCase(name, shardBytes);
    const records = (await Promise.all(shards.map(({ file }) => readBatch(file)))).flat();
    expect(
      records.map(({ metadata, data }) => ({
        ...{ record: metadata.lineage.record, id: metadata.id, data: comparable(job, data) },
      })),
    ).toEqual(expected);
    expect(shards.flatMap((shard) => shard.rejects)).toEqual(rejects);
    const count = (of: (shard: ShardOutput) => number) => shards.reduce((sum, shard) => sum + of(shard), 0);
    expect([count(({ rows }) => rows), count((shard) => shard.filtered)]).toEqual([
      expected.length,
      filtered.length,
    ]);
    const lost: Record<string, number> = {};
    for (const [column, values] of shards.flatMap((shard) => Object.entries(shard.discarded))) {
      lost[column] = (lost[column] ?? 0) + values;
    }
    expect(lost).toEqual(discarded);
  });
});
