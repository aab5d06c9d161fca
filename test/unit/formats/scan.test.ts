import { expect, test } from 'vitest';
import { recordFormat } from '../../../core/formats/format.ts';
import { dialect, MiB, plain, scan } from './support.ts';

test('an empty file has no header, no records and no ranges', () => {
  expect(scan(plain, '')).toEqual({ records: 0, header: null, ranges: [] });
  expect(scan(plain, '\ufeff')).toEqual({ records: 0, header: null, ranges: [] });
});

test('a header alone is no record', () => {
  expect(scan(plain, 'a,b\n')).toEqual({ records: 0, header: { offset: 0, length: 3 }, ranges: [] });
});

test("the header's range leaves out byte order mark, comments before it and its line end", () => {
  const file = '\ufeff# made today\r\n"a","b\n"\r\n1,2\r\n';
  const found = scan(dialect({ comment: '#' }), file);
  expect(found.header).toEqual({ offset: 3 + 14, length: 8 });
  expect(found.ranges).toEqual([{ offset: 3 + 14 + 10, length: 5, records: 1 }]);
});

test('with names given in the job the first record is data', () => {
  const found = scan(dialect({ header: ['a', 'b'] }), '\ufeff1,2\n3,4\n');
  expect(found).toEqual({ records: 2, header: null, ranges: [{ offset: 3, length: 8, records: 2 }] });
});

test('a range ends at the first record that begins at or behind the shard size', () => {
  const file = 'h\n1234\n6789\nabcd\nfghi\nk';
  expect(scan(plain, file, { shardBytes: 10 }).ranges).toEqual([
    { offset: 2, length: 10, records: 2 },
    { offset: 12, length: 10, records: 2 },
    { offset: 22, length: 1, records: 1 },
  ]);
  expect(scan(plain, file, { shardBytes: 11 }).ranges.map(({ length }) => length)).toEqual([15, 6]);
});

test('no range is cut within quotes, however long', () => {
  const quoted = `"${'x\n'.repeat(50)}"`;
  const { ranges } = scan(plain, `h\n${quoted}\n${quoted}\n`, { shardBytes: 10 });
  expect(ranges).toEqual([
    { offset: 2, length: 103, records: 1 },
    { offset: 105, length: 103, records: 1 },
  ]);
});

test('F51 an open quote beyond the record limit refuses the file, and names the offset of the quote', () => {
  const file = `h\n1,"${'x'.repeat(200)}`;
  const refused = { name: 'RecordTooLarge', message: expect.stringMatching(/opens at byte 4 .* 100 bytes/) };
  expect(() => scan(plain, file, { maxRecordBytes: 100 })).toThrow(expect.objectContaining(refused));
});

test('a record of exactly the limit is read, one byte more refuses the file, at any chunk size', () => {
  for (const chunks of [[1], [7], [65_536]]) {
    for (const end of ['', '\n']) {
      const limits = { maxRecordBytes: 100, chunks };
      expect(scan(plain, `h\n${'x'.repeat(100)}${end}`, limits).records).toBe(1);
      expect(() => scan(plain, `h\n${'x'.repeat(101)}${end}`, limits)).toThrow(/^RecordTooLarge: .* byte 2 /);
    }
  }
});

test('F51 an open quote of gigabytes is refused at the limit, without being kept', () => {
  const limit = 16 * MiB;
  const scanner = recordFormat(plain).scanner({ shardBytes: MiB, maxRecordBytes: limit });
  let pushed = 0;
  function* chunks() {
    yield Buffer.from('h\n1,"');
    for (;;) {
      pushed += MiB;
      yield Buffer.alloc(MiB, 'x');
    }
  }
  expect(() => {
    for (const chunk of chunks()) scanner.push(chunk);
  }).toThrow(/^RecordTooLarge/);
  expect(pushed).toBeLessThanOrEqual(limit + MiB);
});
