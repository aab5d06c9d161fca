/** Whatever a provider sends, in any format that a job may say: no crash, no hang, no record without an end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ForebayError, terminalNames } from '../../../core/errors.ts';
import type { Encoding, Format, Job } from '../../../core/job/model.ts';
import { envelopeFile, readBatch } from '../../support/envelope.ts';
import { job } from '../../support/world.ts';
import { formatOf } from '../formats/support.ts';

let scratch = '';
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'forebay-any-bytes-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const formats = fc.oneof(
  fc.record({
    kind: fc.constant('csv' as const),
    delimiter: fc.constantFrom(',', '||', 'detect'),
    header: fc.constantFrom<Array<boolean | string[]>>(true, false, ['f1', 'f2']),
    trim: fc.boolean(),
    ragged: fc.constantFrom('reject' as const, 'pad' as const),
    comment: fc.constantFrom(null, '#'),
  }),
  fc.record({
    kind: fc.constant('ndjson' as const),
    header: fc.constantFrom<Array<null | 'first-line' | string[]>>(null, 'first-line', ['f1', 'f2']),
  }),
  fc.record({ kind: fc.constant('json' as const), path: fc.constantFrom('$', '$.f1', '$.a.b') }),
  fc.record({
    kind: fc.constant('xml' as const),
    record: fc.constantFrom('r', 'd/r', '/d/r'),
    namespaces: fc.constantFrom('strip' as const, 'keep' as const),
  }),
);
const encodings = fc.constantFrom<Array<Encoding>>(
  'utf-8',
  'utf-16le',
  'utf-16be',
  'latin-1',
  'windows-1252',
);

/** What means something to one of the formats, so that it meets itself often. */
const pieces = [
  ...[
    'f1',
    ',',
    '||',
    '"',
    '""',
    '\n',
    '\r\n',
    '\r',
    '#',
    ' ',
    '1',
    '-0',
    '1e400',
    'é',
    '😀',
    '\ufeff',
    '\0',
  ],
  ...['{', '}', '[', ']', ':', '"f1":1', '{"f1":"x"}', '["f1","f2"]', '\\', '\\ud800', 'null', '[[[['],
  ...['<d>', '</d>', '<r>', '</r>', '<r f1="1"/>', '<!--', '-->', '<![CDATA[', ']]>', '&amp;', '&#0;'],
  ...['<!DOCTYPE d>', '<?xml version="1.0"?>', '<f1>00123</f1>'],
].map((text) => Buffer.from(text));
const files = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.uint8Array({ maxLength: 4 })), { maxLength: 30 })
  .map((parts) => Buffer.concat(parts));
const packings = fc.constantFrom<Array<(bytes: Buffer) => Buffer>>(
  (bytes) => bytes,
  (bytes) => gzipSync(bytes),
  (bytes) => gzipSync(bytes).subarray(0, -3),
);

const jobOf = (format: Format): Job => ({
  ...job,
  format,
  contract: {
    ...job.contract,
    key: [],
    columns: [
      { name: 'f1', type: { name: 'string' }, nullable: true, from: null },
      { name: 'number', type: { name: 'bigint' }, nullable: false, from: 'f1' },
    ],
  },
});

test('any bytes in any format end in records, rejects or a refusal, within seconds', async () => {
  let n = 0;
  const seen = { read: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      ...[formats, encodings, files, packings, fc.integer({ min: 1, max: 40 })],
      async (format, encoding, bytes, pack, shardBytes) => {
        const directory = join(scratch, String(n++));
        const started = performance.now();
        const whole = jobOf(formatOf({ ...format, encoding } as Partial<Format>));
        try {
          const shards = await envelopeFile(whole, pack(bytes), { shardBytes, directory });
          const places = shards.flatMap(({ rejects }) => rejects.map(({ record }) => record));
          const ends = shards.reduce((sum, { rows, filtered }) => sum + rows + filtered, 0);
          expect(ends + places.length).toBe(shards.reduce((sum, { records }) => sum + records, 0));
          expect(new Set(places).size).toBe(places.length);
          seen.read += 1;
        } catch (error) {
          if (!(error instanceof ForebayError)) throw error;
          expect(terminalNames).toContain(error.name);
          seen.refused += 1;
        } finally {
          await rm(directory, { recursive: true, force: true });
        }
        expect(performance.now() - started).toBeLessThan(20_000);
      },
    ),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 400) },
  );
  expect(seen.read).toBeGreaterThan(50);
  expect(seen.refused).toBeGreaterThan(50);
}, 300_000);

/** The bytes of `caf\xe9`, which are Latin-1 and no UTF-8, in the second of three records. */
const bad = 'caf\xe9';
test.each<[Partial<Format>, string, string, string]>([
  [{ kind: 'csv' }, 'f1\n1\n', `${bad}\n`, '3\n'],
  [{ kind: 'ndjson', header: null }, '{"f1":1}\n', `{"f1":"${bad}"}\n`, '{"f1":3}\n'],
  [{ kind: 'json', path: '$' }, '[{"f1":1},', `{"f1":"${bad}"}`, ',{"f1":3}]'],
  [
    { kind: 'xml', record: 'r', namespaces: 'strip' },
    '<d><r><f1>1</f1></r>',
    `<r><f1>${bad}</f1></r>`,
    '<r><f1>3</f1></r></d>',
  ],
])(
  'F49 bytes that are no UTF-8 reject their record at its offset, and nothing stands for them: %j',
  async (format, before, record, after) => {
    const bytes = Buffer.from(before + record + after, 'latin1');
    const directory = join(scratch, `f49-${format.kind}`);
    const shards = await envelopeFile(jobOf(formatOf(format)), bytes, { shardBytes: 1_000_000, directory });
    const place = { record: 1, offset: before.length, length: record.trimEnd().length };
    expect(shards).toMatchObject([{ rows: 2, rejects: [{ code: 'InvalidUtf8', ...place }] }]);
    const texts = (await readBatch(shards[0]?.file ?? '')).map(({ data }) => data.f1);
    expect(texts).toEqual(['1', '3']);
  },
);
