import { expect, test } from 'vitest';
import { memberPath } from '../../../../core/formats/json/path.ts';
import { placeOfObject } from '../../../../core/formats/json/place.ts';
import { pointerNames } from '../../../../core/formats/json/pointer.ts';
import { unescaped } from '../../../../core/formats/json/text.ts';
import { ValueReader } from '../../../../core/formats/json/value.ts';
import { hasHalfPair, parsed, repeatsName, wordsOf } from './support.ts';

/** What a reader that has read other values before says of a text. */
function verdict(text: string): string {
  const bytes = Buffer.from(text);
  const reader = new ValueReader(bytes, placeOfObject(['a']), 1);
  const behind = reader.read(0, bytes.length);
  if (behind === bytes.length) return 'none';
  return behind < 0 ? reader.fault : 'InvalidJson';
}

function expected(text: string): string[] {
  const found = parsed(text);
  // whichever comes first in a text with several faults
  if (found === null) return ['InvalidJson', 'HalfPair', 'DuplicateKey'];
  const faults = [
    ...(repeatsName(text, found.value) ? ['DuplicateKey'] : []),
    ...(hasHalfPair(found.value) ? ['HalfPair'] : []),
  ];
  return faults.length === 0 ? ['none'] : faults;
}

test.each([
  [['{', '}', '"', ':', ',', '1'], 6],
  [['[', ']', '{', '}', ',', '0', ' '], 5],
  [['-', '0', '1', '.', 'e', 'E', '+'], 5],
  [['"', '\\', 'u', '0', 'n', '\t'], 6],
  [['"', '\\ud83d', '\\ude00', '\\u0061', 'a', '\\'], 5],
  [['{', '}', '"a":', '"\\u0061":', '"b":', '{"a":', '1', ','], 5],
  [['true', 'null', 'fals', 'e', '[', ']', ','], 5],
] as const)('a text of %j, up to %i of them, is JSON where JSON.parse says so', (letters, longest) => {
  for (let length = 0; length <= longest; length++) {
    for (const text of wordsOf(letters, length)) {
      const told = verdict(text);
      if (!expected(text).includes(told)) expect([text, told]).toEqual([text, expected(text)]);
    }
  }
});

/** The places of the values of `names` in texts that are read by one reader, one behind the other. */
function valuesIn(names: string[], texts: string[]): Array<Array<string | null> | string> {
  const bytes = Buffer.from(texts.join(''));
  const reader = new ValueReader(bytes, placeOfObject(names), names.length);
  let at = 0;
  return texts.map((text) => {
    const end = at + Buffer.byteLength(text);
    const behind = reader.read(at, end);
    at = end;
    if (behind < 0) return reader.fault;
    return names.map((_, i) =>
      reader.kinds[i] === 0 ? null : bytes.toString('utf8', reader.from[i], reader.to[i]),
    );
  });
}

test('names are told from each other whatever names came before them', () => {
  const read = valuesIn(
    ['b', 'a"c'],
    [
      '{"a":1,"b":2}',
      '{"b":3}',
      '{"ab":4,"b":5}',
      '{"b":6,"a":7,"b":8}',
      '{"a\\"c":9,"a":0}',
      '{"bb":1,"b":2}',
    ],
  );
  expect(read).toEqual([['2', null], ['3', null], ['5', null], 'DuplicateKey', [null, '9'], ['2', null]]);
});

test('a name twice is seen among more names than are remembered, at any depth', () => {
  const many = Array.from({ length: 6_000 }, (_, n) => `"n${n}":${n}`).join(',');
  expect(
    valuesIn(
      ['n5999', 'last'],
      [
        `{${many}}`,
        `{${many},"n5999":1}`,
        `{${many},"n0":1}`,
        `{"x":{${many}},"last":2}`,
        `{"x":[{${many},"n7":1}]}`,
      ],
    ),
  ).toEqual([['5999', null], 'DuplicateKey', 'DuplicateKey', [null, '2'], 'DuplicateKey']);
});

test('objects with names of their own each, a hundred thousand in all, are read, and repeated names seen', () => {
  const texts = Array.from({ length: 100_000 }, (_, n) => `{"id${n}":{"v":${n},"w":1}}`);
  const read = valuesIn(['id99999'], [...texts, '{"id5":1,"x":{"q":1,"q":2}}', '{"y":1,"y":2}']);
  expect(read.at(-3)).toEqual(['{"v":99999,"w":1}']);
  expect(read.slice(-2)).toEqual(['DuplicateKey', 'DuplicateKey']);
});

test('two names for one value both have it', () => {
  expect(valuesIn(['a', '/a', '/a/b'], ['{"a":{"b":1}}'])).toEqual([['{"b":1}', '{"b":1}', '1']]);
});

test('the faults of a record are not those of the next', () => {
  expect(valuesIn(['a'], ['{"a":', '{"a":[[1}', '{"a":{"b":1,"b":2}}', '{"a":2}'])).toEqual([
    ...['InvalidJson', 'InvalidJson', 'DuplicateKey'],
    ['2'],
  ]);
});

test('every character comes out of its escapes as it went in', () => {
  for (let character = 0; character <= 0x10_ffff; character += character < 0x3000 ? 1 : 37) {
    const text = String.fromCodePoint(character);
    if (!text.isWellFormed()) continue;
    const units = Array.from({ length: text.length }, (_, i) =>
      text.charCodeAt(i).toString(16).padStart(4, '0'),
    );
    const written = Buffer.from(units.map((unit) => `\\u${unit}`).join(''));
    if (unescaped(written, 0, written.length) !== text) expect(character).toBeUndefined();
  }
});

test.each([
  ['/', ['']],
  ['/a/b', ['a', 'b']],
  ['/a//b/', ['a', '', 'b', '']],
  ['/a~1b/m~0n/~01', ['a/b', 'm~n', '~1']],
  ['/ /"/\\', [' ', '"', '\\']],
  ['', null],
  ['a', null],
  ['/~', null],
  ['/a~2', null],
])('the pointer %j leads through %j', (pointer, names) => {
  expect(pointerNames(pointer)).toEqual(names);
});

test.each([
  ['$', []],
  ['$.a', ['a']],
  ['$.data.items_2', ['data', 'items_2']],
  ["$['a b']", ['a b']],
  ['$["a b"].c[\'d.e\']', ['a b', 'c', 'd.e']],
  ["$['it\\'s \\\\']", ["it's \\"]],
  ['$[""]', ['']],
  ['$.é.__proto__', ['é', '__proto__']],
  ['$.𝒳', ['𝒳']],
  ['', null],
  ['a', null],
  ['.a', null],
  ['$a', null],
  ['$.', null],
  ['$..a', null],
  ['$.1a', null],
  ['$.a-b', null],
  ['$.a b', null],
  ['$.a[*]', null],
  ['$[0]', null],
  ["$['a']b", null],
  ['$[\'a"]', null],
  ["$['a\\n']", null],
  ['$.a ', null],
])('the path %j is of %j', (path, names) => {
  expect(memberPath(path)).toEqual(names);
});
