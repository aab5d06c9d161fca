/** The names at the top level of records, and which of them a contract leaves unread. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordFormat } from '../../../core/formats/format.ts';
import type { Format } from '../../../core/job/model.ts';
import { dialect, scan } from './support.ts';

const ndjson: Format = { kind: 'ndjson', header: null, required: false, encoding: 'utf-8' };
const json: Format = { kind: 'json', path: '$.data', required: false, encoding: 'utf-8' };
const xml: Format = { kind: 'xml', record: 'Obs', namespaces: 'strip', required: false, encoding: null };
const kept: Format = { ...xml, namespaces: 'keep' };

/** Of each shard of a file. */
function namesOf(format: Format, input: string | Uint8Array, shardBytes?: number): string[][] {
  const bytes = Buffer.from(input);
  const found = scan(format, bytes, shardBytes === undefined ? {} : { shardBytes });
  return found.ranges.map((range) => {
    const reader = recordFormat(format, { ...found, ...range });
    const { header } = found;
    const fields = reader.fields(header && bytes.subarray(header.offset, header.offset + header.length));
    return reader.names(bytes.subarray(range.offset, range.offset + range.length), fields);
  });
}

describe('names in the order in which they first come', () => {
  test.each<[string, Format, string, string[]]>([
    ['csv: the header has them', dialect({}), 'b,a,c\n1,2,3\n', ['b', 'a', 'c']],
    ['csv: the job has them', dialect({ header: ['x', 'y'] }), '1,2\n', ['x', 'y']],
    [
      'ndjson of arrays: the first line has them',
      { ...ndjson, header: 'first-line' } as Format,
      '["b","/a"]\n[1,2]\n',
      ['b', '/a'],
    ],
    [
      'ndjson: each record has its own',
      ndjson,
      '{"b":1,"a":{"x":1}}\n{"c":[{"y":2}],"b":2}\n',
      ['b', 'a', 'c'],
    ],
    ['ndjson: null is a value of a name that is there', ndjson, '{"a":null}\n', ['a']],
    ['ndjson: without escapes', ndjson, '{"\\u0061\\"b":1,"a\\\\":2}\n', ['a"b', 'a\\']],
    [
      'ndjson: blanks and brackets in texts',
      ndjson,
      ' { "a" : "},{" , "b" : [ "]" ] , "c" : true }\r\n',
      ['a', 'b', 'c'],
    ],
    ['ndjson: a name that is a pointer is read by one', ndjson, '{"/a~b":1,"a/b":2}\n', ['/~1a~0b', 'a/b']],
    [
      'ndjson: names that JavaScript has for itself',
      ndjson,
      '{"__proto__":1,"2":1,"1":1}\n',
      ['__proto__', '2', '1'],
    ],
    ['ndjson: an empty name, and no name', ndjson, '{"":1}\n{}\n', ['']],
    ['ndjson: bad records have none', ndjson, '{"x":1,}\n{"y":1,"y":2}\n[{"z":1}]\n{"a":1}\n', ['a']],
    [
      'json: of the elements',
      json,
      '{"other":1,"data":[{"b":1},{"a":[1,{"n":2}]},{"c":"}"}]}',
      ['b', 'a', 'c'],
    ],
    ['json: of the one record', json, '{"data":{"b":{"c":1},"a":2}}', ['b', 'a']],
    [
      'xml: attributes before elements, of the record itself alone',
      xml,
      '<D x="1"><Head/><Obs b="1" a=\'>\'><q><deep n="2"/></q><p/><q/></Obs><Obs><r/></Obs></D>',
      ['@b', '@a', 'q', 'p', 'r'],
    ],
    ['xml: without prefixes', xml, '<D xmlns:g="u"><g:Obs xmlns="v" g:a="1"><g:p/></g:Obs></D>', ['@a', 'p']],
    [
      'xml: with prefixes',
      { ...kept, record: 'g:Obs' } as Format,
      '<D xmlns:g="u"><g:Obs g:a="1"><g:p/></g:Obs></D>',
      ['@g:a', 'g:p'],
    ],
    [
      'xml: neither comments nor CDATA nor instructions have any',
      xml,
      '<D><Obs\n id = "<" ><!-- <no/> --><![CDATA[<no/>]]><?no <no/>?>text<yes/></Obs></D>'.replace(
        '"<"',
        '"&lt;"',
      ),
      ['@id', 'yes'],
    ],
    ['xml: an empty record', xml, '<D><Obs/><Obs></Obs></D>', []],
  ])('%s', (_, format, input, expected) => {
    expect(namesOf(format, input)).toEqual([expected]);
  });

  test('a record that is not UTF-8 has none', () => {
    const line = Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from('"}\n{"a":1}\n')]);
    expect(namesOf(ndjson, line)).toEqual([['a']]);
    const file = Buffer.concat([
      Buffer.from('<D><Obs x="'),
      Buffer.from([0xff]),
      Buffer.from('"/><Obs a=""/></D>'),
    ]);
    expect(namesOf(xml, file)).toEqual([['@a']]);
  });
});

const value = fc.jsonValue({ maxDepth: 3 }).filter((one) => !JSON.stringify(one).includes('__proto__'));
const members = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 6 }), value), {
  selector: ([name]) => name,
  maxLength: 6,
});
const inPointer = (name: string) =>
  name.startsWith('/') ? `/${name.split('~').join('~0').split('/').join('~1')}` : name;

test('whatever is in records, and however they are sharded, their names are those that were written', () => {
  const written = fc.array(members, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(written, fc.constantFrom(1, 30, 1_000), fc.boolean(), (records, shardBytes, lines) => {
      const texts = records.map(
        (record) =>
          `{${record.map(([name, one]) => `${JSON.stringify(name)}: ${JSON.stringify(one)}`).join(', ')}}`,
      );
      const input = lines ? texts.join('\n') : `{"data": [${texts.join(' , ')}]}`;
      const found = namesOf(lines ? ndjson : json, input, shardBytes).flat();
      const expected = records.flatMap((record) => record.map(([name]) => inPointer(name)));
      expect([...new Set(found)]).toEqual([...new Set(expected)]);
    }),
  );
});

test('ten thousand names are as many as there may be', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `{"n${i}":1}\n`).join('');
  expect(namesOf(ndjson, lines(10_000))[0]).toHaveLength(10_000);
  expect(() => namesOf(ndjson, lines(10_001))).toThrow(
    expect.objectContaining({
      name: 'NamesTooMany',
      message: expect.stringContaining('more than 10000 names'),
    }),
  );
});

describe('names that nothing reads', () => {
  test.each<[string, Format, string[], string[], string[]]>([
    ['csv', dialect({}), ['a', 'A', 'b'], ['b', 'a'], ['A']],
    [
      'ndjson of arrays',
      { ...ndjson, header: ['a', '/b', 'b'] } as Format,
      ['a', '/b', 'b'],
      ['/b'],
      ['a', 'b'],
    ],
    ['members', ndjson, ['a', 'b', '/~1c', 'c'], ['/a/x/0', '/~1c', 'z'], ['b', 'c']],
    ['members by a pointer to them', json, ['a', 'b~'], ['/a', '/b~0'], []],
    [
      'elements and attributes',
      xml,
      ['@id', 'id', 'Price', 'Value', '@x'],
      ['id', './Price/@unit', "/Value[@id='F']/@value", '../@x', '../Price'],
      ['@id', '@x'],
    ],
    ['attributes', xml, ['@id', 'id'], ['./@id'], ['id']],
    ['none, where the record is read as a whole', xml, ['@id', 'a'], ['./'], []],
  ])('of %s', (_, format, names, read, expected) => {
    expect(recordFormat(format).unread(names, read)).toEqual(expected);
  });
});

describe('F40 where case does not count', () => {
  const namesIn = (format: Format, input: string): string[] => {
    const { ranges } = scan(format, input);
    const bytes = Buffer.from(input);
    const reader = recordFormat(format, ranges[0], 'ignore-case');
    return ranges.flatMap(({ offset, length }) =>
      reader.names(bytes.subarray(offset, offset + length), null),
    );
  };

  test.each<[string, Format, string, string[]]>([
    [
      'the first spelling stands for all',
      ndjson,
      '{"Ab":1}\n{"aB":1,"É":1}\n{"é":1,"AB":2}\n',
      ['Ab', 'É', 'é'],
    ],
    ['a record with two spellings has none', ndjson, '{"x":1,"X":2}\n{"a":1}\n', ['a']],
    ['elements and attributes stay apart', xml, '<D><Obs Id="1"><ID/></Obs><Obs id="2"/></D>', ['@Id', 'ID']],
    [
      'an element that comes again is no second name',
      xml,
      '<D><Obs><a/><a/></Obs><Obs><b/><B/></Obs></D>',
      ['a'],
    ],
  ])('%s', (_, format, input, expected) => {
    expect(namesIn(format, input)).toEqual(expected);
  });

  test.each<[string, Format, string[], string[], string[]]>([
    ['csv', dialect({}), ['A', 'b', 'É'], ['a', 'é'], ['b', 'É']],
    ['members', ndjson, ['Visitor', '/~1C', 'c'], ['/visitor/city', '/~1c'], ['c']],
    ['elements and attributes', xml, ['@ID', 'ID', 'price'], ['./Price/@unit', '@id'], ['ID']],
  ])('nothing in another case is unread: %s', (_, format, names, read, expected) => {
    expect(recordFormat(format, {}, 'ignore-case').unread(names, read)).toEqual(expected);
  });

  test('names beyond any place that is remembered are compared as well', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => `"n${i}":1`).join(',');
    const bytes = Buffer.from(`{${many}}\n{"last":1,"LAST":2}\n{"n3":1,"N3":2}\n{"last":1}\n`);
    const reader = recordFormat(ndjson, {}, 'ignore-case');
    const wanted = { fields: null, names: ['n3'], marks: reader.marks(bytes) };
    const { malformed } = await reader.read(bytes, wanted, () => undefined);
    expect(malformed.map(({ record, code }) => [record, code])).toEqual([
      [1, 'DuplicateKey'],
      [2, 'DuplicateKey'],
    ]);
  });
});
