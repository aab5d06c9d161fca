import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { recordFormat } from '../../core/formats/format.ts';
import type { Format } from '../../core/job/model.ts';
import { textOf } from '../support/text.ts';
import { formatOf, isMembers, readFile } from '../unit/formats/support.ts';

/**
 * A case of reading is a folder of fixtures/ with `format.json` (of CSV only what is not the default): `input.*`, and
 * either `error.json` (the file is refused) or `fields.json`, `expected.ndjson` (number and fields of each good record) and `rejects.ndjson` (lines
 * as the rejects file has them). A new case is only new files.
 */
const root = fileURLToPath(new URL('../../fixtures', import.meta.url));
const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'format.json')))
  .map(({ name }) => name);

const json = <T>(name: string, file: string): T => JSON.parse(readFileSync(join(root, name, file), 'utf8'));
const lines = (name: string, file: string): unknown[] =>
  readFileSync(join(root, name, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** The records and rejects of a file, each shard read and located by itself. */
async function readCase(name: string, input: string, shardBytes: number) {
  const format = formatOf(json<Partial<Format>>(name, 'format.json'));
  const text = await textOf(readFileSync(join(root, name, input)), format.encoding);
  const { bytes } = text;
  const asked = isMembers(format) && existsSync(join(root, name, 'fields.json'));
  const file = await readFile(format, bytes, shardBytes, asked ? json(name, 'fields.json') : undefined);
  const places = file.scan.ranges.flatMap((range) =>
    recordFormat(format, { ...file.scan, ...range })
      .locate(bytes.subarray(range.offset, range.offset + range.length), [...Array(range.records).keys()])
      .map(({ offset, length }) => ({ offset: range.offset + offset, length })),
  );
  return {
    counts: [file.scan.records, file.records],
    fields: file.fields,
    records: file.rows.map((fields, i) => ({ record: file.numbers[i], fields })),
    rejects: file.malformed.map(({ record, code, message }) => ({
      ...{ code, column: null, record, object: input, in: text.in },
      ...places[record],
      message,
    })),
  };
}

test('there are cases of reading', () => {
  expect(cases.length).toBeGreaterThanOrEqual(25);
});

describe.each(cases)('%s', (name) => {
  const files = readdirSync(join(root, name));
  const input = files.find((file) => file.startsWith('input.')) ?? 'input';

  if (files.includes('error.json')) {
    test('is refused', async () => {
      await expect(readCase(name, input, 1_000_000)).rejects.toMatchObject(json<object>(name, 'error.json'));
    });
    return;
  }

  // in one shard, in shards of some records, and each record in a shard of its own
  test.each([1_000_000, 20, 1])('reads in shards of %i bytes', async (size) => {
    const expected = lines(name, 'expected.ndjson');
    const rejects = lines(name, 'rejects.ndjson');
    const count = expected.length + rejects.length;
    expect(await readCase(name, input, size)).toEqual({
      counts: [count, count],
      fields: json(name, 'fields.json'),
      records: expected,
      rejects,
    });
  });
});
