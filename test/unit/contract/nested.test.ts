/** What nested types take and refuse: from docs/types.md and RFC 8259. */
import { describe, expect, test } from 'vitest';
import { catalogColumns } from '../../../core/contract/output.ts';
import { duckdbType, glueType, parseType, typeWord } from '../../../core/contract/types.ts';
import { castNestedAll, type Lossless } from '../../support/duck.ts';
import { columnDefaults } from '../../support/world.ts';

/** A text, and its value; or the message that tells why it has none. */
type Row = [text: string, value: { is: Lossless } | string];

const is = (value: Lossless) => ({ is: value });
const notA = (path: string, word: string, section: string) =>
  `${path}: not ${word} (see docs/types.md#${section})`;
const notStruct = notA('c', 'a JSON object', 'struct');
const notList = notA('c', 'a JSON list', 'list');
const notMap = notA('c', 'a JSON object', 'map');
const missing = (path: string) => `${path}: null or missing, where the contract allows none`;
const twice = (path: string) => `${path}: a key that comes twice`;

const tables: Array<[word: string, rows: Row[]]> = [
  [
    'struct(a int, b string?)',
    [
      ['{"a":1,"b":"x"}', is({ a: 1, b: 'x' })],
      ['{"b":"x","a":1}', is({ a: 1, b: 'x' })],
      [' \t\r\n{ "a" : 1 , "b" : "x" } \n', is({ a: 1, b: 'x' })],
      ['{"a":1}', is({ a: 1, b: null })],
      ['{"a":1,"b":null}', is({ a: 1, b: null })],
      ['{"\\u0061":1}', is({ a: 1, b: null })],
      // what the type does not name
      ['{"a":1,"c":[{"a":2,"a":3},1e400],"__proto__":{}}', is({ a: 1, b: null })],
      ['{"a":1,"A":2,"B":"x"}', is({ a: 1, b: null })],
      ['{"a":1,"c":1,"\\u0063":1}', twice('c')],
      // texts of an int
      ['{"a":"007"}', is({ a: 7, b: null })],
      ['{"a":-2147483648}', is({ a: -2147483648, b: null })],
      ['{"a":2147483648}', notA('c.a', 'an int', 'int')],
      ['{"a":1.0}', notA('c.a', 'an int', 'int')],
      ['{"a":1e1}', notA('c.a', 'an int', 'int')],
      ['{"a":" 1"}', notA('c.a', 'an int', 'int')],
      ['{"a":""}', notA('c.a', 'an int', 'int')],
      ['{"a":true}', notA('c.a', 'an int', 'int')],
      ['{"a":[1]}', notA('c.a', 'an int', 'int')],
      ['{"a":{}}', notA('c.a', 'an int', 'int')],
      ['{"a":"null"}', notA('c.a', 'an int', 'int')],
      ['{"a":null}', missing('c.a')],
      ['{}', missing('c.a')],
      ['{"A":1}', missing('c.a')],
      // texts of a string
      ['{"a":1,"b":"00123"}', is({ a: 1, b: '00123' })],
      ['{"a":1,"b":""}', is({ a: 1, b: '' })],
      ['{"a":1,"b":" x "}', is({ a: 1, b: ' x ' })],
      ['{"a":1,"b":"null"}', is({ a: 1, b: 'null' })],
      ['{"a":1,"b":"{}"}', is({ a: 1, b: '{}' })],
      ['{"a":1,"b":"[1.50]"}', is({ a: 1, b: '[1.50]' })],
      ['{"a":1,"b":"\\"1.50,\\\\"}', is({ a: 1, b: '"1.50,\\' })],
      ['{"a":1,"b":"\\u00e9\\ud83d\\ude00\\/\\n\\u0000"}', is({ a: 1, b: 'é😀/\n\u0000' })],
      ['{"a":1,"b":"é😀"}', is({ a: 1, b: 'é😀' })],
      ['{"a":1,"b":true}', is({ a: 1, b: 'true' })],
      ['{"a":1,"b":false}', is({ a: 1, b: 'false' })],
      ['{"a":1,"b":{}}', notA('c.b', 'a string', 'string')],
      ['{"a":1,"b":[]}', notA('c.b', 'a string', 'string')],
      // keys that come twice
      ['{"a":1,"a":1}', twice('c')],
      ['{"a":1,"\\u0061":2}', twice('c')],
      // the first fault is told
      ['{"a":"x","b":[]}', notA('c.a', 'an int', 'int')],
      // another kind
      ['[]', notStruct],
      ['[{"a":1}]', notStruct],
      ['null', notStruct],
      ['1', notStruct],
      ['"{}"', notStruct],
      ['true', notStruct],
    ],
  ],
  [
    // digits as they were written
    'struct(n string?)',
    [
      '0',
      '-0',
      '-0.0',
      '1.10',
      '1.0',
      '1E5',
      '1e+5',
      '1e-400',
      '1e400',
      '-1.5e3',
      '12345678901234567890',
      '-9223372036854775809',
      '123456789012345678901234567890',
      '0.1234567890123456789012345678901234567890',
      '1e00000000000000000001',
    ].flatMap((digits): Row[] => [
      [`{"n":${digits}}`, is({ n: digits })],
      [`{"n": ${digits} ,"s":"\\"7.70,"}`, is({ n: digits })],
    ]),
  ],
  [
    'struct(id bigint?, sum decimal(38,10)?, d double?, f float?, at timestamp?, day date?, yes boolean?)',
    [
      ['{"id":9223372036854775807}', is({ ...nothing(), id: '9223372036854775807' })],
      ['{"id":9007199254740993}', is({ ...nothing(), id: '9007199254740993' })],
      ['{"id":9223372036854775808}', notA('c.id', 'a bigint', 'bigint')],
      [
        '{"sum":1234567890123456789012345678.0123456789}',
        is({ ...nothing(), sum: '1234567890123456789012345678.0123456789' }),
      ],
      ['{"sum":"-0.0000000001"}', is({ ...nothing(), sum: '-0.0000000001' })],
      ['{"sum":1.00000000000}', notA('c.sum', 'a decimal(38,10)', 'decimal')],
      ['{"sum":1e2}', notA('c.sum', 'a decimal(38,10)', 'decimal')],
      ['{"d":0.1}', is({ ...nothing(), d: 0.1 })],
      ['{"d":1e308}', is({ ...nothing(), d: 1e308 })],
      ['{"d":1e400}', notA('c.d', 'a double', 'double')],
      ['{"d":"NaN"}', notA('c.d', 'a double', 'double')],
      ['{"f":16777217}', is({ ...nothing(), f: 16777216 })],
      ['{"f":1e39}', notA('c.f', 'a float', 'float')],
      ['{"at":"2026-03-01T09:30:00+02:00"}', is({ ...nothing(), at: '2026-03-01 07:30:00' })],
      ['{"at":"2026-03-01T09:30:00.1234567Z"}', notA('c.at', 'a timestamp', 'timestamp')],
      ['{"at":1772357400}', notA('c.at', 'a timestamp', 'timestamp')],
      ['{"day":"2024-02-29"}', is({ ...nothing(), day: '2024-02-29' })],
      ['{"day":"2026-02-29"}', notA('c.day', 'a date', 'date')],
      ['{"yes":true}', is({ ...nothing(), yes: true })],
      ['{"yes":"FALSE"}', is({ ...nothing(), yes: false })],
      ['{"yes":1}', notA('c.yes', 'a boolean', 'boolean')],
      ['{}', is(nothing())],
    ],
  ],
  [
    'int[]',
    [
      ['[]', is([])],
      ['[ ]', is([])],
      ['[3,"1",2]', is([3, 1, 2])],
      ['[1,null]', missing('c[]')],
      ['[1.5]', notA('c[]', 'an int', 'int')],
      ['[[1]]', notA('c[]', 'an int', 'int')],
      ['{}', notList],
      ['{"0":1}', notList],
      ['1', notList],
      ['', notList],
    ],
  ],
  [
    'string?[]',
    [
      ['["a",null,1.50,""]', is(['a', null, '1.50', ''])],
      ['[["a"]]', notA('c[]', 'a string', 'string')],
      ['["a",{"b":1}]', notA('c[]', 'a string', 'string')],
    ],
  ],
  [
    'decimal(5,2)?[]?[]',
    [
      ['[[1.10,null],null,[]]', is([['1.10', null], null, []])],
      ['[[1.101]]', notA('c[][]', 'a decimal(5,2)', 'decimal')],
      ['[1.10]', notA('c[]', 'a JSON list', 'list')],
      ['[{}]', notA('c[]', 'a JSON list', 'list')],
    ],
  ],
  [
    'struct(sku string, tags string[]?, at struct(x double, y double)?)[]',
    [
      [
        '[{"sku":"a","tags":["p"],"at":{"x":1,"y":2.5}},{"sku":"b"}]',
        is([
          { sku: 'a', tags: ['p'], at: { x: 1, y: 2.5 } },
          { sku: 'b', tags: null, at: null },
        ]),
      ],
      ['[{"sku":"a"},{}]', missing('c[].sku')],
      ['[null]', missing('c[]')],
      ['[{"sku":"a"},"b"]', notA('c[]', 'a JSON object', 'struct')],
      ['[{"sku":"a"},[]]', notA('c[]', 'a JSON object', 'struct')],
      ['[{"sku":"a","tags":{"0":"p"}}]', notA('c[].tags', 'a JSON list', 'list')],
      ['[{"sku":"a","tags":"p"}]', notA('c[].tags', 'a JSON list', 'list')],
      ['[{"sku":"a","tags":[null]}]', missing('c[].tags[]')],
      ['[{"sku":"a","at":{"x":1}}]', missing('c[].at.y')],
      ['[{"sku":"a","at":[1,2]}]', notA('c[].at', 'a JSON object', 'struct')],
      ['[{"sku":"a","at":{"x":1,"y":2,"x":1}}]', twice('c[].at')],
      ['[{"sku":"a"},{"sku":"a","sku":"b"}]', twice('c[]')],
      ['{"sku":"a"}', notList],
    ],
  ],
  [
    'map(string, int)',
    [
      ['{}', is([])],
      ['{"b":1,"a":"02"}', is([entry('b', 1), entry('a', 2)])],
      ['{"":1,"__proto__":2,"é":3}', is([entry('', 1), entry('__proto__', 2), entry('é', 3)])],
      ['{"a":1,"A":2}', is([entry('a', 1), entry('A', 2)])],
      ['{"a":1,"\\u0061":1}', twice('c')],
      ['{"a":null}', missing('c{}')],
      ['{"a":1.5}', notA('c{}', 'an int', 'int')],
      ['{1:1}', notMap],
      ['[]', notMap],
      ['[["a",1]]', notMap],
    ],
  ],
  [
    'map(string, struct(n int?, m map(string, bigint?[])?)?)',
    [
      [
        '{"k":{"n":1,"m":{"x":[9007199254740993,null]}},"l":null}',
        is([entry('k', { n: 1, m: [entry('x', ['9007199254740993', null])] }), entry('l', null)]),
      ],
      ['{"k":{"m":{"x":null}}}', missing('c{}.m{}')],
      ['{"k":{"m":{"x":[1.5]}}}', notA('c{}.m{}[]', 'a bigint', 'bigint')],
      ['{"k":{"m":{"x":[],"x":[]}}}', twice('c{}.m')],
      ['{"k":{"m":[]}}', notA('c{}.m', 'a JSON object', 'map')],
    ],
  ],
];

function nothing() {
  return { id: null, sum: null, d: null, f: null, at: null, day: null, yes: null };
}

function entry(key: string, value: Lossless): Lossless {
  return { key, value };
}

describe.each(tables)('%s', (word, rows) => {
  test('takes what is JSON of its kind, exactly, and tells why it refuses all else', async () => {
    const cast = await castNestedAll(
      word,
      rows.map(([text]) => text),
    );
    expect(rows.map(([text], i) => [text, cast[i]])).toEqual(
      rows.map(([text, value]) => [text, typeof value === 'string' ? { fault: value } : { value: value.is }]),
    );
  });
});

/** RFC 8259: none of them is JSON. */
const notJson = [
  ...['', ' ', '{', '}', '[', '{]', '[}', '[1', '[1,', '["a]', '[]]', '[] []', '[]x', '{}{}'],
  ...['[1,]', '[,1]', '[,]', '[1,,2]', '[1 2]', '["a" "b"]', '["a"1]', '[1"a"]', '{"a":1,}', '{,}'],
  ...['{"a"}', '{"a":}', '{:1}', '{a:1}', "{'a':1}", '{"a" 1}', '{"a",1}', '{"a"::1}', '{1:1}', '{null:1}'],
  ...['[01]', '[-01]', '[1.]', '[.5]', '[+1]', '[--1]', '[-]', '[1e]', '[1e+]', '[0x1]', '[1_0]', '[١]'],
  ...['[NaN]', '[nan]', '[Infinity]', '[-Infinity]', '[inf]', '[True]', '[tru]', '[nul]', '[undefined]'],
  ...['["\\x41"]', '["\\u12"]', '["\\u12g4"]', '["\\"]', '["\n"]', '["\t"]', '["\u0000"]', '["\u001f"]'],
  ...['["\\ud800"]', '["\\udc00"]', '["\\ud800\\u0041"]', '["\\ude00\\ud83d"]'],
  ...['[1]//', '/**/[1]', '[1/**/]', '#\n[1]', '\ufeff[1]', '\u00a0[1]', '[1]\u0000', '[\f1]', '[1]\v'],
];

test.each([
  ['string?[]', notList],
  ['struct(a string?)', notStruct],
  ['map(string, string?)', notMap],
])('%s takes no text that is not JSON', async (word, fault) => {
  const cast = await castNestedAll(word, notJson);
  expect(notJson.map((text, i) => [text, cast[i]])).toEqual(notJson.map((text) => [text, { fault }]));
});

/** Every text of a few of JSON's words, between brackets: what JSON.parse takes of them is JSON. */
test('exactly the texts that JSON.parse takes are JSON', async () => {
  const words = ['{', '}', '[', ']', ',', ':', '"', '"a"', '1', '-', '0', '.5', 'e1', ' ', '\\', 'null'];
  const all = (length: number): string[] =>
    length === 0 ? [''] : all(length - 1).flatMap((text) => words.map((word) => text + word));
  const texts = [...all(1), ...all(2), ...all(3), ...all(4)].map((text) => `[${text}]`);
  const cast = await castNestedAll('string?[]', texts);
  const taken = texts.filter((_, i) => {
    const one = cast[i] ?? { fault: notList };
    return !('fault' in one) || one.fault !== notList;
  });
  expect(taken).toEqual(texts.filter(isJson));
  expect(taken.length).toBeGreaterThan(500);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('F55 100,000 levels of arrays or objects are passed over or refused, and crash nothing', async () => {
  const arrays = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const objects = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  expect(
    await castNestedAll('struct(a int?)', [
      `{"b":${arrays}}`,
      `{"a":${arrays}}`,
      objects,
      '['.repeat(100_000),
    ]),
  ).toEqual([
    { value: { a: null } },
    { fault: notA('c.a', 'an int', 'int') },
    { fault: notA('c.a', 'an int', 'int') },
    { fault: notStruct },
  ]);
});

test("a time within a list lies in the job's timezone, and one that does not exist is refused", async () => {
  const cast = await castNestedAll(
    'struct(at timestamp)[]',
    [
      '[{"at":"2026-10-25 02:30:00"},{"at":"2026-03-29T03:00"},{"at":"2026-10-25T02:30:00+01:00"}]',
      '[{"at":"2026-03-29 02:30:00"}]',
    ],
    'Europe/Amsterdam',
  );
  expect(cast).toEqual([
    {
      value: [{ at: '2026-10-25 00:30:00' }, { at: '2026-03-29 01:00:00' }, { at: '2026-10-25 01:30:00' }],
    },
    { fault: notA('c[].at', 'a timestamp', 'timestamp') },
  ]);
});

/** Words of a job file, in the one spelling of messages, and in Hive's grammar as Athena documents it. */
const words: Array<[written: string, spelled: string, glue: string, duckdb: string]> = [
  ['int[]', 'int[]', 'array<int>', 'INT[]'],
  ['int?[]?', 'int?[]?', 'array<int>', 'INT[]'],
  ['string[][]', 'string[][]', 'array<array<string>>', 'VARCHAR[][]'],
  ['map(string, double)', 'map(string, double)', 'map<string,double>', 'MAP(VARCHAR, DOUBLE)'],
  ['map( string ,date? )?', 'map(string, date?)?', 'map<string,date>', 'MAP(VARCHAR, DATE)'],
  [
    'struct(a int, b string)',
    'struct(a int, b string)',
    'struct<a:int,b:string>',
    'STRUCT("a" INT, "b" VARCHAR)',
  ],
  [
    'struct( a  decimal(10, 2)? ,B_1 boolean )[]',
    'struct(a decimal(10,2)?, B_1 boolean)[]',
    'array<struct<a:decimal(10,2),B_1:boolean>>',
    'STRUCT("a" DECIMAL(10,2), "B_1" BOOLEAN)[]',
  ],
  [
    'map(string, struct(select timestamp, b struct(c tinyint[])))',
    'map(string, struct(select timestamp, b struct(c tinyint[])))',
    'map<string,struct<select:timestamp,b:struct<c:array<tinyint>>>>',
    'MAP(VARCHAR, STRUCT("select" TIMESTAMP, "b" STRUCT("c" TINYINT[])))',
  ],
];

test.each(words)('%s is a type', (written, spelled, glue, duckdb) => {
  const parsed = parseType(written);
  if (parsed === null) throw new Error(`${written} is no type`);
  const { type, nullable } = parsed;
  expect([`${typeWord(type)}${nullable ? '?' : ''}`, glueType(type), duckdbType(type)]).toEqual([
    ...[spelled, glue, duckdb],
  ]);
  expect(parseType(spelled)).toEqual(parsed);
});

test.each([
  ...['[]', 'int[', 'int]', 'int []', 'int[2]', 'int??', 'int[]??', '?int', 'list(int)', 'array<int>'],
  ...[
    'struct',
    'struct()',
    'struct(a)',
    'struct(a int',
    'struct(a int,)',
    'struct(,a int)',
    'struct (a int)',
  ],
  ...['struct(a: int)', 'struct(a int b int)', 'struct(1a int)', 'struct("a" int)', 'struct(a-b int)'],
  ...['struct(a nope)', 'struct(a decimal(39,0))', 'struct<a:int>', 'struct(a int))', ' int[]', 'int[] '],
  ...['map', 'map()', 'map(int)', 'map(string)', 'map(string int)', 'map(int, int)', 'map(string?, int)'],
  ...['map(string, int', 'map(string, int, int)', 'STRUCT(a int)', 'Int[]'],
])('%s is no type', (word) => {
  expect(parseType(word)).toBeNull();
});

test('types are nested ten levels deep, and no deeper', () => {
  const structs = (levels: number) => `${'struct(a '.repeat(levels - 1)}int${')'.repeat(levels - 1)}`;
  const lists = (levels: number) => `int${'[]'.repeat(levels - 1)}`;
  const mixed = (levels: number) =>
    structs(levels - 4)
      .replace('int', 'int[][]')
      .concat('[][]');
  for (const form of [structs, lists, mixed]) {
    expect(parseType(form(10))).not.toBeNull();
    expect(parseType(form(11))).toBeNull();
  }
});

test("a table's columns have Glue's words for nested types", () => {
  const columns = words.map(([written], i) => {
    const parsed = parseType(written);
    if (parsed === null) throw new Error(`${written} is no type`);
    return { name: `c${i}`, ...parsed, from: null };
  });
  const policies = { onRepeatedKey: 'allow' as const, onBadRecord: 'quarantine' as const };
  const contract = { columns, filter: null, key: [], maxRejects: null, ...policies, ...columnDefaults };
  expect(catalogColumns({ contract, privacy: {} }).slice(1)).toEqual(
    words.map(([, , glue], i) => ({ name: `c${i}`, type: glue })),
  );
});
