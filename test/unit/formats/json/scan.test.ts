import { describe, expect, test } from 'vitest';
import { recordFormat } from '../../../../core/formats/format.ts';
import type { Format } from '../../../../core/job/model.ts';
import { MiB, readFile, scan } from '../support.ts';
import { json, ndjson } from './support.ts';

test('F47 an empty file has no records, with a byte order mark or blanks or without', () => {
  for (const text of ['', '\ufeff', ' ', '\ufeff\r\n \t\n']) {
    for (const format of [ndjson(), ndjson('first-line'), json(), json('$.a.b')]) {
      expect(scan(format, text)).toEqual({ records: 0, header: null, ranges: [] });
    }
  }
});

test('F47 a header alone is no record', () => {
  const found = scan(ndjson('first-line'), '\ufeff\n["a","b"]\r\n');
  expect(found).toEqual({ records: 0, header: { offset: 4, length: 9 }, ranges: [] });
});

test('a range of lines ends at the first that begins at or behind the shard size, without its line end', () => {
  const file = '{"n":1}\n\n{"n":2}\r\n{"n":3}\n{"n":4}';
  expect(scan(ndjson(), file, { shardBytes: 18 }).ranges).toEqual([
    { offset: 0, length: 16, records: 2 },
    { offset: 18, length: 15, records: 2 },
  ]);
  expect(scan(ndjson(), file, { shardBytes: 19 }).ranges.map(({ records }) => records)).toEqual([3, 1]);
});

test('a range of elements begins and ends with one, and has neither bracket', () => {
  const file = '{"d": [ {"n":1} , {"n":2},\n{"n":3}\n] }';
  expect(scan(json('$.d'), file, { shardBytes: 11 }).ranges).toEqual([
    { offset: 8, length: 17, records: 2 },
    { offset: 27, length: 7, records: 1 },
  ]);
});

const limits = { maxRecordBytes: 100 };
const member = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`;
const damaged: Array<[string, Format, (record: string) => string, number]> = [
  ['a line', ndjson(), (record) => `{}\n${record}\n`, 3],
  ['a line with CRLF', ndjson(), (record) => `{}\r\n${record}\r\n`, 4],
  ['the last line', ndjson(), (record) => `{}\n${record}`, 3],
  ['an element', json(), (record) => `[{},${record},1]`, 4],
  ['the only object', json('$.a'), (record) => `{"a":${record}}`, 5],
];

describe.each(damaged)('%s', (_, format, around, offset) => {
  test('of exactly the limit is read, one byte more refuses the file, at any chunk size', () => {
    for (const chunks of [[1], [7], [65_536]]) {
      expect(scan(format, around(member(100)), { ...limits, chunks }).records).toBeGreaterThan(0);
      const over = () => scan(format, around(member(101)), { ...limits, chunks });
      expect(over).toThrow(new RegExp(`^RecordTooLarge: .* byte ${offset} does not end within 100 bytes`));
    }
  });
});

test('what is around the records is bounded as well', () => {
  const around = (length: number) => `{"${'n'.repeat(length)}":1,"a":[]}`;
  expect(scan(json('$.a'), around(98), limits).records).toBe(0);
  expect(() => scan(json('$.a'), around(99), limits)).toThrow(/^RecordTooLarge: the text at byte 1,/);
});

test.each<[string, Format, string, string]>([
  ['a line without an end', ndjson(), '{"a":"', 'x'],
  ['an element without an end', json(), '[{"a":"', 'x'],
  ['brackets without an end', json(), '[{"a":', '['],
  ['a number without an end', json(), '[', '1'],
  ['a text around the records without an end', json('$.a'), '{"', 'x'],
])('%s is refused at the limit, without being kept', (_, format, before, more) => {
  const scanner = recordFormat(format).scanner({ shardBytes: MiB, maxRecordBytes: 4 * MiB });
  let pushed = 0;
  const push = () => {
    scanner.push(Buffer.from(before));
    for (;;) {
      pushed += MiB;
      scanner.push(Buffer.alloc(MiB, more));
    }
  };
  expect(push).toThrow(/^RecordTooLarge/);
  expect(pushed).toBeLessThanOrEqual(5 * MiB);
});

test('a line of blanks alone may be as long as it is, for it is no record', () => {
  expect(scan(ndjson(), `{}\n${' '.repeat(1_000)}\n{}`, limits).records).toBe(2);
});

test('F55 brackets around the records that are nested too deep refuse the file before they are all there', () => {
  for (const bracket of ['[', '{"x":']) {
    const scanner = recordFormat(json('$.a')).scanner({ shardBytes: MiB, maxRecordBytes: MiB });
    expect(() => scanner.push(Buffer.from(`{"m":${bracket.repeat(100_000)}`))).toThrow(
      /^DocumentInvalid: at byte/,
    );
  }
});

test('F55 100,000 nested arrays are one rejected record, and its neighbours are kept', async () => {
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  const records = ['{"a":1}', deep, `${'['.repeat(100_000)}${']'.repeat(100_000)}`, '{"a":2}'];
  for (const [format, text] of [
    [ndjson(), records.join('\n')],
    [json(), `[${records.join(',')}]`],
  ] as const) {
    const { rows, malformed } = await readFile(format, text, MiB, ['a']);
    expect(rows).toEqual([['1'], ['2']]);
    expect(malformed.map(({ record, code }) => [record, code])).toEqual([
      [1, 'TooDeep'],
      [2, 'TooDeep'],
    ]);
  }
});
