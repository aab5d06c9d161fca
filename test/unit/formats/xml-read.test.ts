/** Envelope's reading of XML: paths, and the form of what is more than a text. */
import { expect, test } from 'vitest';
import { recordFormat } from '../../../core/formats/format.ts';
import type { Shape, Wanted } from '../../../core/formats/interfaces.ts';
import { fieldPath, recordPath } from '../../../core/formats/xml/path.ts';
import type { XmlFormat } from '../../../core/job/model.ts';
import { readFile } from './support.ts';

const format: XmlFormat = { kind: 'xml', record: 'r', namespaces: 'strip', required: false, encoding: null };

test.each([
  ['Obs', false, ['Obs']],
  ['Series/Obs', false, ['Series', 'Obs']],
  ['/Data/Series/Obs', true, ['Data', 'Series', 'Obs']],
  ['g:Obs', false, ['g:Obs']],
])('%s is a path of records', (text, fromRoot, names) => {
  expect(recordPath(text, true)).toEqual({ fromRoot, names });
});

test.each([
  '',
  '/',
  'a/',
  'a//b',
  '//a',
  '../a',
  './a',
  '@a',
  'a/@b',
  "a[@b='c']",
  'a b',
  'a:b:c',
  '*',
  '1a',
])('%j is no path of records', (text) => {
  expect(recordPath(text, true)).toBeNull();
});

const step = (name: string, ...where: Array<[string, string]>) => ({
  name,
  where: where.map(([attribute, value]) => ({ attribute, value })),
});

test.each([
  ['id', 0, [step('id')], null],
  ['a b', 0, [step('a b')], null],
  ['@id', 0, [], 'id'],
  ['./', 0, [], null],
  ['./@id', 0, [], 'id'],
  ['./a', 0, [step('a')], null],
  ['/a/b', 0, [step('a'), step('b')], null],
  ['./a/b/@c', 0, [step('a'), step('b')], 'c'],
  ['../@id', 1, [], 'id'],
  ['../../../a/@b', 3, [step('a')], 'b'],
  ["./a[@b='/]']/c", 0, [step('a', ['b', '/]']), step('c')], null],
  [`../a[@b="'"][@c='']/@d`, 1, [step('a', ['b', "'"], ['c', ''])], 'd'],
])('%s is a path of values', (text, up, steps, attribute) => {
  expect(fieldPath(text, false)).toEqual({ up, steps, attribute });
});

test.each([
  '@',
  './/a',
  '.././a',
  '../',
  '..//a',
  './a/',
  './a/..',
  './@a/b',
  './a[1]',
  './a[@b]',
  "./a[b='c']",
])('%j is no path of values', (text) => {
  expect(fieldPath(text, false)).toBeNull();
});

test('a prefix is part of a name only where names keep theirs', () => {
  for (const text of ['@a:b', './a:b', '../a:b/@c', "./a[@b:c='d']"]) {
    expect([text, fieldPath(text, true) === null, fieldPath(text, false) === null]).toEqual([
      text,
      false,
      true,
    ]);
  }
  expect(recordPath('a:b', false)).toBeNull();
});

async function values(text: string, names: string[], shapes?: Wanted['shapes']): Promise<unknown[]> {
  const { rows } = await readFile(format, text, 1_000, names, shapes);
  return rows;
}

const list = (of: Shape): Shape => ({ list: of });
const struct = (members: Record<string, Shape>): Shape => ({ members: new Map(Object.entries(members)) });

test('where the contract asks for a list, one element is a list, too, and none is null', async () => {
  const file = '<d><r><t>a</t></r><r><t>b</t><t x="1">c</t></r><r/><r><t/></r></d>';
  expect(
    await values(
      file,
      ['t', './t/@x'],
      new Map([
        ['t', list('text')],
        ['./t/@x', list('text')],
      ]),
    ),
  ).toEqual([
    ['["a"]', null],
    ['["b","c"]', '["1"]'],
    [null, null],
    ['[""]', null],
  ]);
});

test('where the contract asks for a struct, each element is an object, and each member has its own form', async () => {
  const file =
    '<d><r><o><n>1</n><l>a</l></o></r><r><o n="2"><l>b</l><l k="x">c</l></o></r><r><o/></r><r><o>text</o></r></d>';
  const shape = struct({ n: 'text', l: list('text') });
  expect(await values(file, ['o'], new Map([['o', shape]]))).toEqual([
    ['{"n":"1","l":["a"]}'],
    ['{"n":"2","l":["b","c"]}'],
    ['{}'],
    ['{"_text":"text"}'],
  ]);
});

test('lists of structs and maps of lists take their forms at any depth', async () => {
  const file = '<d><r><o><l><m>1</m></l></o></r><r><o><l m="2"/><l/></o></r></d>';
  const shapes = (shape: Shape) => new Map([['o', shape]]);
  expect(await values(file, ['o'], shapes(struct({ l: list(struct({ m: list('text') })) })))).toEqual([
    ['{"l":[{"m":["1"]}]}'],
    ['{"l":[{"m":["2"]},{}]}'],
  ]);
  expect(await values(file, ['o'], shapes({ values: list({ values: 'text' }) }))).toEqual([
    ['{"l":[{"m":"1"}]}'],
    ['{"l":[{"m":"2"},{}]}'],
  ]);
});

test('names with the two characters that a parser takes for blanks are read as they are', async () => {
  const name = 'a\u1680b\ufeffc';
  const file = `<d><r ${name}="\ufeffx\u1680"><${name}>\u1680</${name}></r></d>`;
  const [[json] = []] = (await values(file, ['./'])) as string[][];
  expect(JSON.parse(json ?? '')).toEqual({ [name]: ['\ufeffx\u1680', '\u1680'] });
});

test('records are located by number, with their places in the shard', () => {
  const shard = Buffer.from('<r>é</r><!-- <r/> --><x><r/></x></s><s><r a=">"/>');
  const found = recordFormat(format, { context: '<d><s>' }).locate(shard, [0, 2, 2]);
  expect(found.map(({ offset, length }) => shard.toString('utf8', offset, offset + length))).toEqual([
    '<r>é</r>',
    '<r a=">"/>',
    '<r a=">"/>',
  ]);
});

test('a record that is not there means that two readings differ', () => {
  expect(() => recordFormat(format, { context: '<d>' }).locate(Buffer.from('<r/><r>'), [1])).toThrow(
    /^CountMismatch: .* no record 1 /,
  );
});

test('which records there are below a range depends on what stands above it', async () => {
  const shard = Buffer.from('<r n="1"/><r n="2"/></s><t><r n="3"/></t><s><r n="4"/>');
  const count = async (context: string) => {
    const reader = recordFormat({ ...format, record: 's/r' }, { context });
    const wanted = { fields: null, names: [], marks: reader.marks(shard) };
    return (await reader.read(shard, wanted, () => undefined)).records;
  };
  expect([await count('<d><s>'), await count('<d><x>')]).toEqual([3, 1]);
});

test('a chunk stays bounded where many records see much above them', async () => {
  const file = `<d><h>${'x'.repeat(30_000)}</h>${'<r/>'.repeat(2_000)}</d>`;
  const reader = recordFormat(format);
  const shard = Buffer.from(file);
  const sizes: number[] = [];
  const wanted = { fields: null, names: ['../h'], marks: reader.marks(shard) };
  const { records } = await reader.read(
    shard,
    wanted,
    ({ columns }) => void sizes.push(columns[0]?.length ?? 0),
  );
  expect(records).toBe(2_000);
  expect(Math.max(...sizes)).toBeLessThan(200_000);
});
