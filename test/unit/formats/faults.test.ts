/** Faults of CSV files, by what is stored of them: the batches' rows and the rejects. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { CsvFormat, Job } from '../../../core/job/model.ts';
import { envelopeFile, readBatch } from '../../support/envelope.ts';
import { job as plainJob } from '../../support/world.ts';
import { dialect } from './support.ts';

const scratch = mkdtempSync(join(tmpdir(), 'forebay-csv-faults-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

/** Each column a text, of the field of its name or as given. */
function jobOf(format: Partial<CsvFormat>, columns: Record<string, string | null>): Job {
  const type = { name: 'string' } as const;
  const entries = Object.entries(columns);
  return {
    ...plainJob,
    format: dialect(format),
    contract: {
      ...plainJob.contract,
      columns: entries.map(([name, from]) => ({ name, type, nullable: true, from })),
    },
  };
}

/** What is stored of a file, in shards of some bytes. */
async function stored(job: Job, input: string, shardBytes: number) {
  const directory = join(scratch, String(folders++));
  const shards = await envelopeFile(job, Buffer.from(input), { shardBytes, directory });
  const records = (await Promise.all(shards.map(({ file }) => readBatch(file)))).flat();
  return {
    shards: shards.length,
    rows: records.map(({ data }) => Object.values(data)),
    rejects: shards.flatMap(({ rejects }) =>
      rejects.map(({ code, record, offset, length }) => [code, record, input.slice(offset, offset + length)]),
    ),
  };
}

const ab = { a: null, b: null };

test.each([1_000, 1])(
  'F52 ragged rows are rejected and their neighbours kept, in shards of %i bytes',
  async (bytes) => {
    const { rows, rejects } = await stored(jobOf({}, ab), 'a,b\n1,2\n3\n4,5\n6,7,8\n9,0\n', bytes);
    expect(rows).toEqual([
      ['1', '2'],
      ['4', '5'],
      ['9', '0'],
    ]);
    expect(rejects).toEqual([
      ['RaggedRow', 1, '3'],
      ['RaggedRow', 3, '6,7,8'],
    ]);
  },
);

test.each([1_000, 1])(
  'F52 where the job pads, only a row with too much is rejected, in shards of %i bytes',
  async (bytes) => {
    const { rows, rejects } = await stored(jobOf({ ragged: 'pad' }, ab), 'a,b\n1,2\n3\n6,7,8\n9,0\n', bytes);
    expect(rows).toEqual([
      ['1', '2'],
      ['3', null],
      ['9', '0'],
    ]);
    expect(rejects).toEqual([['RaggedRow', 2, '6,7,8']]);
  },
);

test('F50 a name that is there twice, or not at all, refuses the file: the last one never wins', async () => {
  for (const header of ['a,b,a', 'a,,b', 'a, ,b', 'a,b,""']) {
    await expect(stored(jobOf({}, ab), `${header}\n1,2,3\n`, 1_000)).rejects.toThrow(/^HeaderInvalid: /);
  }
});

test('F50 where the job renames, each field has a name of its own, and the first keeps the one it has', async () => {
  const job = jobOf({ headerNames: 'rename' }, { a: null, a_2: null, none: 'f3', a_4: '"a_2_2"' });
  const { rows } = await stored(job, 'a,a,,a_2_2\n1,2,3,4\n', 1_000);
  expect(rows).toEqual([['1', '2', '3', '4']]);
});

test.each([1_000, 1])(
  'F51 an open quote rejects what it swallows, and keeps what is before, in shards of %i bytes',
  async (bytes) => {
    const job = jobOf({ delimiter: '||', trim: true }, ab);
    const { rows, rejects } = await stored(job, 'a||b\n1||2\n3|| "4\n5||6\n', bytes);
    expect(rows).toEqual([['1', '2']]);
    expect(rejects).toEqual([['UnclosedQuote', 1, '3|| "4\n5||6\n']]);
  },
);

test('F51 where nothing is quoted no quote can be open', async () => {
  const { rows, rejects } = await stored(jobOf({ quote: null, escape: null }, ab), 'a,b\n"1,2\n3,"\n', 1_000);
  expect([rows, rejects]).toEqual([
    [
      ['"1', '2'],
      ['3', '"'],
    ],
    [],
  ]);
});

test('F58 zeros in front, signs and exponents stay text as they came', async () => {
  const texts = ['00123', '+1', '-0', '1e5', '1.50', '0x1F', 'NaN', '12345678901234567890'];
  for (const format of [{}, { trim: true }, { quote: null, escape: null }]) {
    const { rows } = await stored(jobOf(format, { a: null }), `a\n${texts.join('\n')}\n`, 1_000);
    expect(rows.flat()).toEqual(texts);
  }
});

test('F60 what a spreadsheet would run is kept as it came, in quotes and without', async () => {
  const texts = ["=cmd|' /C calc'!A0", '@SUM(1+1)', '+1+cmd', '-2+3', '=1+1', '\t=1'];
  const lines = texts.flatMap((text) => [text, `"${text}"`]).join('\n');
  const { rows } = await stored(jobOf({}, { a: null }), `a\n${lines}\n`, 1_000);
  expect(rows.flat()).toEqual(texts.flatMap((text) => [text, text]));
});

test.each<[string, Partial<CsvFormat>, string]>([
  ['without a byte', {}, ''],
  ['of a byte order mark', {}, '\ufeff'],
  ['of empty lines', {}, '\n\r\n\n'],
  ['of blanks, trimmed', { trim: true }, ' \n\t\n '],
  ['of comments', { comment: '#' }, '#a,b\n#1,2'],
  ['with its header only', {}, 'a,b\n'],
  ['with its header only, delimiter detected', { delimiter: 'detect' }, 'a;b'],
  ['without a byte, delimiter detected', { delimiter: 'detect' }, ''],
  ['with no more than rows to skip', { skipRows: 2 }, 'a,b\n1,2\n'],
  ['with its header only, behind rows to skip', { skipRows: 1 }, 'report\na,b\n'],
  ['without a byte, nor a header', { header: false }, ''],
])('F47 a file %s has zero records', async (_, format, input) => {
  expect(await stored(jobOf(format, ab), input, 1_000)).toEqual({ shards: 0, rows: [], rejects: [] });
});
