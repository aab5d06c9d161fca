/** Extract's reading of XML: what it finds where, in chunks of any size, and what it refuses. */
import { expect, test } from 'vitest';
import { maxContextBytes } from '../../../core/formats/xml/context.ts';
import type { XmlFormat } from '../../../core/job/model.ts';
import { MiB, scan } from './support.ts';

const format = (record: string, namespaces: XmlFormat['namespaces'] = 'strip'): XmlFormat => ({
  ...{ kind: 'xml', record, namespaces, required: false, encoding: null },
});
const obs = format('Obs');

const text = [
  '\ufeff<?xml version="1.0" encoding="UTF-8"?>\r\n<Дані é="ü&amp;">\r\n<Obs\r\n n="é"/>😀<!-- é --><Obs>',
  '\u{1F600}</Obs>\r<S><Obs\n>&#233;</Obs\r\n></S></Дані>\r',
].join('');

/** Where the record's texts lie, by looking for them. */
const places = (file: Buffer, records: string[]) =>
  records.map((record) => ({ offset: file.indexOf(record), length: Buffer.byteLength(record) }));

test.each([1, 2, 3, 5, 7, 64, 1_000])('places are in bytes of the file, in chunks of %i bytes', (size) => {
  const file = Buffer.from(text);
  const records = ['<Obs\r\n n="é"/>', '<Obs>\u{1F600}</Obs>', '<Obs\n>&#233;</Obs\r\n>'];
  const { ranges } = scan(obs, file, { shardBytes: 1, chunks: [size] });
  expect(ranges.map(({ offset, length }) => ({ offset, length }))).toEqual(places(file, records));
});

test('places are right wherever the file is cut in two', () => {
  const file = Buffer.from(text);
  const whole = scan(obs, file, { shardBytes: 1 });
  for (let at = 1; at < file.length; at++) {
    expect(scan(obs, file, { shardBytes: 1, chunks: [at, file.length] })).toEqual(whole);
  }
});

test('a range ends with a record, and the next begins at the first record behind its bytes', () => {
  const file = Buffer.from('<d><r>1</r> <r>2</r><x/> <r>3</r><r>4</r></d>');
  const ranges = scan(format('r'), file, { shardBytes: 10, paths: [] }).ranges;
  const parts = ranges.map(({ offset, length }) => file.toString('utf8', offset, offset + length));
  expect(parts).toEqual(['<r>1</r> <r>2</r>', '<r>3</r><r>4</r>']);
  expect(ranges.map(({ records, context }) => [records, context])).toEqual([
    [2, '<d>'],
    [2, '<d>'],
  ]);
});

test('what lies between two ranges is in none of them, however long it is', () => {
  const file = `<d><r>1</r>${'<x>y</x>'.repeat(100_000)}<r>2</r>${' '.repeat(100_000)}</d>`;
  const { ranges } = scan(format('r'), file, { shardBytes: 10_000, paths: [] });
  expect(ranges.map(({ length }) => length)).toEqual([8, 8]);
});

test("a range's context is what stands above its first record, and what the job reads beside that", () => {
  const file = `<?xml version="1.0"?><!-- c --><g:d xmlns:g="urn:g" a="&lt;&quot;&#10;'"><h>one&amp;<![CDATA[<two>]]></h>
    <s n="1"><k v="&#9;"/>x<g:r/><z/><r/></s><s n="2"><k/><q/><g:r/></s></g:d>`;
  const contexts = (paths?: string[]) =>
    scan(format('r'), file, { shardBytes: 1, ...(paths && { paths }) }).ranges.map(({ context }) => context);
  const root = `<g:d xmlns:g="urn:g" a="&#60;&#34;&#10;'">`.replace('&#60;', '&#60;');
  const head = '<h>one&#38;&#60;two&#62;</h>';
  expect(contexts(['../k/@v', './q', '../@n'])).toEqual([
    `${root}<s n="1"><k v="&#9;"></k>`,
    `${root}<s n="1"><k v="&#9;"></k>`,
    `${root}<s n="2"><k></k>`,
  ]);
  expect(contexts(['../../h'])).toEqual([
    `${root}${head}<s n="1">`,
    `${root}${head}<s n="1">`,
    `${root}${head}<s n="2">`,
  ]);
  expect(contexts()).toEqual([
    `${root}${head}<s n="1"><k v="&#9;"></k>`,
    `${root}${head}<s n="1"><k v="&#9;"></k><z></z>`,
    `${root}${head}<s n="2"><k></k><q></q>`,
  ]);
});

test('a context is at most as large as it may be, wherever a range would begin', () => {
  const beside = (bytes: number) => `<d><h>${'x'.repeat(bytes - '<d><h></h>'.length)}</h><r/><i/><r/></d>`;
  const fits = beside(maxContextBytes);
  const paths = ['../h'];
  for (const shardBytes of [1, MiB]) {
    expect(scan(format('r'), fits, { shardBytes, paths }).records).toBe(2);
    expect(() => scan(format('r'), beside(maxContextBytes + 1), { shardBytes, paths })).toThrow(
      /^ContextTooLarge: .* at byte 32769 has more than 32768 bytes/,
    );
    expect(() => scan(format('r'), fits, { shardBytes, paths: ['../h', '../i'] })).toThrow(
      /^ContextTooLarge: .* at byte 32776 /,
    );
  }
});

test('elements that come to hold a record are above it, however much of them there was', () => {
  const large = `<h>${'x'.repeat(20_000)}</h>`;
  const file = `<d><s>${large}${large}<r/></s><s><k/><r/></s></d>`;
  const { ranges } = scan(format('r'), file, { shardBytes: 1, paths: ['../../s', '../k'] });
  expect(ranges.map(({ context }) => context)).toEqual(['<d><s>', '<d><s><k></k>']);
});

test("F57 a job that reads nothing beside ancestors carries their tags only, whatever a file's preface is", () => {
  const file = `<d a="1"><h>${'<c/>'.repeat(100_000)}</h><r/></d>`;
  expect(scan(format('r'), file, { paths: ['../@a'] }).ranges.map(({ context }) => context)).toEqual([
    '<d a="1">',
  ]);
});

const limit = 1_000;
test.each([
  ['a record', `<d><r>${'x'.repeat(limit)}`, /^RecordTooLarge: the record at byte 3 /],
  ['a record of elements', `<d><r>${'<x/>'.repeat(limit)}`, /^RecordTooLarge: the record at byte 3 /],
  ['a comment', `<d><r/><!--${'x'.repeat(limit)}`, /^RecordTooLarge: what begins at byte 7 /],
  ['an instruction', `<d><r/><?x ${'x'.repeat(limit)}`, /^RecordTooLarge: what begins at byte 7 /],
  ['a tag', `<d><r/><x y="${'x'.repeat(limit)}`, /^RecordTooLarge: what begins at byte /],
  ['a name', `<d><r/><${'x'.repeat(limit)}`, /^RecordTooLarge: what begins at byte 7 /],
  ['text', `<d><r/>${'x'.repeat(limit + 1)}`, /^RecordTooLarge: what begins at byte 7 /],
  ['a reference', `<d><r/>&${'x'.repeat(limit)}`, /^RecordTooLarge: what begins at byte 7 /],
  ['a CDATA section', `<d><r/><![CDATA[${'x'.repeat(limit)}`, /^RecordTooLarge: what begins at byte 7 /],
  [
    'F57 a DOCTYPE',
    `<!DOCTYPE d [${'<!ENTITY x "y">'.repeat(limit)}`,
    /^RecordTooLarge: what begins at byte 0 /,
  ],
])('%s that does not end within the limit refuses the file', (_, file, error) => {
  expect(() => scan(format('r'), file, { maxRecordBytes: limit, chunks: [100] })).toThrow(error);
});

test('a record of just the limit is read, one byte more refuses the file, in one chunk and in many', () => {
  const record = (bytes: number) => `<d><r>${'é'.repeat((bytes - 7) / 2)}</r></d>`;
  for (const chunks of [[7], [10_000]]) {
    const options = { maxRecordBytes: 1_001, chunks };
    expect(scan(format('r'), record(1_001), options).records).toBe(1);
    expect(() => scan(format('r'), record(1_003), options)).toThrow(/^RecordTooLarge: the record at byte 3 /);
  }
});

test('a record of 250,000 elements is read, one more refuses the file', () => {
  const file = (elements: number) => `<d><r>${'<x/>'.repeat(elements - 1)}</r></d>`;
  expect(scan(format('r'), file(250_000)).records).toBe(1);
  expect(() => scan(format('r'), file(250_001))).toThrow(
    /^RecordTooLarge: the record at byte 3 does not end within 250000 elements;/,
  );
});

test('F55 100,000 nested elements are refused, within records and outside of them', () => {
  const deep = `${'<x:a>'.repeat(100_000)}${'</x:a>'.repeat(100_000)}`;
  const started = performance.now();
  for (const record of ['d', 'r', 'a']) {
    expect(() => scan(format(record), `<d xmlns:x="urn:x">${deep}</d>`)).toThrow(
      /^(XmlInvalid|RecordNested): /,
    );
  }
  expect(performance.now() - started).toBeLessThan(2_000);
});

test('F56 a document that is cut anywhere before its end is refused, with the offset of the cut', () => {
  const file = Buffer.from(
    '<?xml version="1.0"?>\n<!-- é --><d xmlns:n="urn:n"><r a="1&lt;">x<![CDATA[é]]></r><?p i?><n:r/>&#233;</d>',
  );
  for (let length = 1; length < file.length; length++) {
    const cut = file.subarray(0, length);
    const refused = /^XmlInvalid: .* found at byte (\d+);/;
    expect(() => scan(format('r'), cut), String(cut)).toThrow(refused);
    try {
      scan(format('r'), cut);
    } catch (error) {
      const at = Number(refused.exec((error as Error).message)?.[1]);
      // within a character the bytes that are left are no text
      expect(at).toBeGreaterThan(length - 4);
      expect(at).toBeLessThanOrEqual(length);
    }
  }
});

test('F56 a root element that has ended may be followed by blanks, comments and instructions', () => {
  expect(scan(format('r'), '<d><r/></d> \r\n<!-- end --><?and so?>\t').records).toBe(1);
});

test.each([
  ['a document type in the middle', '<d><!DOCTYPE d><r/></d>', /^DoctypeForbidden: /],
  ['a small one', '<!doctype d><d/>', /^XmlInvalid: /],
  [
    'a parameter entity',
    '<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]><d/>',
    /^DoctypeForbidden: /,
  ],
  ['an external subset', '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d/>', /^DoctypeForbidden: /],
  ['an entity alone', '<d>&x;</d>', /^XmlInvalid: an entity is neither/],
  ['a second byte order mark', '\ufeff\ufeff<d/>', /^XmlInvalid: text stands outside .* at byte 3;/],
  ['a redefined prefix of xml', '<d xmlns:xml="urn:x"/>', /^XmlInvalid: a namespace prefix /],
  [
    'two prefixes for one attribute',
    '<d xmlns:a="u" xmlns:b="u" a:x="" b:x=""/>',
    /^XmlInvalid: .* same attribute/,
  ],
  ['an unquoted attribute', '<d a=1/>', /^XmlInvalid: the attributes of a tag are malformed/],
  ['< in an attribute', '<d a="<"/>', /^XmlInvalid: /],
  ['a character by a number that XML has not', '<d>&#0;</d>', /^XmlInvalid: a reference is malformed/],
  ['a declaration behind a blank', ' <?xml version="1.0"?><d/>', /^XmlInvalid: the XML declaration /],
  ['two hyphens in a comment', '<d><!-- -- --></d>', /^XmlInvalid: a comment is malformed/],
])('F57 %s is refused', (_, file, error) => {
  expect(() => scan(format('d'), file)).toThrow(error);
  expect(() => scan(format('d'), file, { chunks: [1] })).toThrow(error);
});

test("no refusal quotes the file's own text", () => {
  const secrets = [
    '<secret>',
    '<d></secret>',
    '<secret:d/>',
    '<d>&secret;</d>',
    '<d secret="1" secret="2"/>',
  ];
  for (const file of [
    ...secrets,
    '<d secret/>',
    'secret',
    '<?secret',
    '<d><?xml secret?></d>',
    '<d><secret',
  ]) {
    const message = (() => {
      try {
        return scan(format('d'), file);
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(message).toMatch(/^XmlInvalid: /);
    expect(message).not.toContain('secret');
  }
});
