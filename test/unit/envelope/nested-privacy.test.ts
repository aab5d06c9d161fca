/** Privacy rules on nested columns and within them, through a whole Envelope, held against a walk of the test's own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseType } from '../../../core/contract/types.ts';
import type { Job, PrivacyRule } from '../../../core/job/model.ts';
import { protectedValue } from '../../../core/privacy/columns.ts';
import { noKeys } from '../../../core/privacy/rules.ts';
import type { Lossless } from '../../support/duck.ts';
import { envelopeFile, readValues } from '../../support/envelope.ts';
import { decrypt, hashOf, jobOf, secret, tokenOf } from '../../support/privacy.ts';
import { plain } from '../formats/support.ts';

const scratch = mkdtempSync(join(tmpdir(), 'forebay-nested-privacy-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

/** Records of a job whose columns are in this order: each field a JSON text, or null. */
async function shardsOf(job: Job, records: Array<Array<string | null>>, shardBytes = 1_000_000) {
  const field = (text: string | null) => (text === null ? '' : `"${text.replaceAll('"', '""')}"`);
  const lines = records.map((fields) => fields.map(field).join(','));
  const head = job.contract.columns.map(({ name }) => name).join(',');
  const directory = join(scratch, String(folders++));
  const input = Buffer.from(`${head}\n${lines.join('\n')}\n`);
  return envelopeFile({ ...job, timezone: 'UTC', format: plain }, input, { shardBytes, directory });
}

async function valuesOf(...given: Parameters<typeof shardsOf>) {
  const shards = await shardsOf(...given);
  expect(shards.flatMap(({ rejects }) => rejects)).toEqual([]);
  return (await Promise.all(shards.map(({ file }) => readValues(file)))).flat();
}

/** Of every type a text as JSON may have it, and the text of the typed value. */
const everyType: Array<[type: string, given: string, typed: string]> = [
  ['boolean', 'TRUE', 'true'],
  ['tinyint', '-7', '-7'],
  ['smallint', '+300', '300'],
  ['int', '007', '7'],
  ['bigint', '9223372036854775807', '9223372036854775807'],
  ['float', '0.1', '0.1'],
  ['double', '1e3', '1000.0'],
  ['string', 'Zoë "😀"\n', 'Zoë "😀"\n'],
  ['date', '2026-03-01', '2026-03-01'],
  ['timestamp', '2026-03-01T10:00:00+02:00', '2026-03-01 08:00:00'],
  ['decimal(38,10)', '1234567890123456789012345678.5', '1234567890123456789012345678.5000000000'],
];

/** Each place that a value may be in: its type, the way to it, the JSON, and what is read back. */
interface Place {
  type: (word: string) => string;
  path: string;
  json: (value: string) => string;
  is: (value: Lossless) => Lossless;
}
const places: Place[] = [
  {
    type: (word) => `struct(v ${word}?, o ${word}?, w int)?`,
    path: '.v',
    json: (value) => `{"v":${value},"w":5}`,
    is: (value) => ({ v: value, o: null, w: 5 }),
  },
  {
    type: (word) => `${word}?[]?`,
    path: '[]',
    json: (value) => `[${value},null,${value}]`,
    is: (value) => [value, null, value],
  },
  {
    type: (word) => `map(string, ${word}?)?`,
    path: '{}',
    json: (value) => `{"b":${value},"a":null}`,
    is: (value) => [
      { key: 'b', value },
      { key: 'a', value: null },
    ],
  },
  {
    type: (word) => `struct(a struct(v ${word})?, k string)?[]?`,
    path: '[].a.v',
    json: (value) => `[{"a":{"v":${value}},"k":"x"},null,{"a":null,"k":"y"}]`,
    is: (value) => [{ a: { v: value }, k: 'x' }, null, { a: null, k: 'y' }],
  },
  {
    type: (word) => `map(string, map(string, ${word}[])?)?`,
    path: '{}{}[]',
    json: (value) => `{"p":{"q":[${value}],"r":[]},"s":null,"t":{}}`,
    is: (value) => [
      {
        key: 'p',
        value: [
          { key: 'q', value: [value] },
          { key: 'r', value: [] },
        ],
      },
      { key: 's', value: null },
      { key: 't', value: [] },
    ],
  },
];
const cells = everyType.flatMap(([type, given, typed]) =>
  places.map((place, i) => ({ name: `${type.replace(/\W.*/, '')}${i}`, place, type, given, typed })),
);
const cellJob = (rule: PrivacyRule): Job =>
  jobOf(
    Object.fromEntries(cells.map(({ name, place, type }) => [name, place.type(type)])),
    Object.fromEntries(cells.map(({ name, place }) => [`${name}${place.path}`, rule])),
  );
const cellRecords = [
  cells.map(({ place, given }) => place.json(JSON.stringify(given))),
  cells.map(() => null),
];

test.each<[string, PrivacyRule, (text: string) => string]>([
  ['hash', 'hash', hashOf],
  ['mask', 'mask', () => '***'],
  ['tokenise', { rule: 'tokenise', scope: 'job' }, (text) => tokenOf(secret('token'), text)],
  ['tokenise shared', { rule: 'tokenise', scope: 'shared' }, (text) => tokenOf(secret('sharedToken'), text)],
])(
  '%s takes a value of every type in every place, and leaves nulls and what is around',
  async (_, rule, of) => {
    const [full, empty] = await valuesOf(cellJob(rule), cellRecords);
    for (const { name, place, typed } of cells) expect(full?.[name], name).toEqual(place.is(of(typed)));
    expect(Object.values(empty ?? {})).toEqual(cells.map(() => null));
  },
);

/** The first encrypted value within a value. */
function sealedIn(value: Lossless): string {
  const [, found = ''] = /"(fb1:[^"]*)"/.exec(JSON.stringify(value)) ?? [];
  return found;
}

test('encrypt takes a value of every type in every place, and each is read by the way to it', async () => {
  const [full, empty] = await valuesOf(cellJob('encrypt'), cellRecords);
  for (const { name, place, typed } of cells) {
    const text = sealedIn(full?.[name] ?? null);
    expect(decrypt(text, 'orders', `${name}${place.path}`)).toBe(typed);
    expect(() => decrypt(text, 'orders', name)).toThrow();
  }
  expect(Object.values(empty ?? {})).toEqual(cells.map(() => null));
});

test('an encrypted value within a list is another one each time, under an IV of its own', async () => {
  const job = jobOf(
    { id: 'int', tags: 'string[]', lines: 'struct(a string, b string)[]' },
    { 'tags[]': 'encrypt', 'lines[].a': 'encrypt', 'lines[].b': 'encrypt' },
  );
  const line = '{"a":"same","b":"same"}';
  const records = Array.from({ length: 5_000 }, (_, i) => [
    String(i),
    `[${Array.from({ length: i % 4 }, () => '"same"').join(',')}]`,
    `[${Array.from({ length: i % 3 }, () => line).join(',')}]`,
  ]);
  const values = await valuesOf(job, records, 60_000);
  expect(values.length).toBe(5_000);
  const ivs = JSON.stringify(values).match(/(?<=fb1:[^:"]*:[^:"]*:)[^:"]*/g) ?? [];
  // 0 to 3 tags, 0 to 2 lines of two values each.
  const count = records.reduce((sum, _, i) => sum + (i % 4) + 2 * (i % 3), 0);
  expect(ivs.length).toBe(count);
  expect(new Set(ivs).size).toBe(count);
  for (const [i, { tags, lines }] of values.entries()) {
    const clear = (all: Lossless, path: string) =>
      (all as string[]).map((text) => decrypt(text, 'orders', path));
    if (i % 100 !== 11) continue;
    expect(clear(tags ?? [], 'tags[]')).toEqual(Array.from({ length: i % 4 }, () => 'same'));
    const bs = (lines as Array<{ b: string }>).map(({ b }) => b);
    expect(clear(bs, 'lines[].b')).toEqual(Array.from({ length: i % 3 }, () => 'same'));
  }
}, 60_000);

/** DuckDB works on 2,048 rows at a time, and a list's elements lie beyond such edges. */
test('ten thousand records of lists of any length keep their own elements', async () => {
  const job = jobOf(
    { lines: 'struct(id bigint, sku string, n int?)[]', tags: 'map(string, string[])' },
    {
      'lines[].id': { rule: 'tokenise', scope: 'job' },
      'lines[].sku': 'hash',
      'lines[].n': { rule: 'generalise', to: 10 },
      'tags{}[]': 'mask',
    },
  );
  const lines = (i: number) =>
    Array.from({ length: (i * i) % 5 }, (_, k) => ({ id: i + k, sku: `s${i}-${k}`, n: k === 2 ? null : i }));
  const records = Array.from({ length: 10_000 }, (_, i) => [
    JSON.stringify(lines(i)),
    JSON.stringify({ a: Array.from({ length: i % 3 }, () => `t${i}`), [`k${i}`]: [] }),
  ]);
  const expected = records.map((_, i) => ({
    lines: lines(i).map(({ id, sku, n }) => ({
      id: tokenOf(secret('token'), String(id)),
      sku: hashOf(sku),
      n: n === null ? null : n - (n % 10),
    })),
    tags: [
      { key: 'a', value: Array.from({ length: i % 3 }, () => '***') },
      { key: `k${i}`, value: [] },
    ],
  }));
  expect(await valuesOf(job, records)).toEqual(expected);
}, 60_000);

test('what is truncated or generalised within keeps its type', async () => {
  const job = jobOf(
    { people: 'struct(name string, age int, born date)[]', prices: 'map(string, decimal(6,2)?)' },
    {
      'people[].name': { rule: 'truncate', to: 1 },
      'people[].age': { rule: 'generalise', to: 10 },
      'people[].born': { rule: 'generalise', to: 'year' },
      'prices{}': { rule: 'generalise', to: 0.5 },
    },
  );
  const people = '[{"name":"😀x","age":-3,"born":"1990-07-04"},{"name":"","age":37,"born":"2001-12-31"}]';
  const [values] = await valuesOf(job, [[people, '{"a":1.99,"b":null}']]);
  expect(values).toEqual({
    people: [
      { name: '😀', age: -10, born: '1990-01-01' },
      { name: '', age: 30, born: '2001-01-01' },
    ],
    prices: [
      { key: 'a', value: '1.50' },
      { key: 'b', value: null },
    ],
  });
});

test('a dropped member is gone, and a struct all of whose members are null is not null', async () => {
  const job = jobOf(
    { a: 'struct(x string?, y string?, z struct(u int?, v int)?)?', b: 'struct(x int, y int?)?[]' },
    { 'a.x': 'drop', 'a.y': 'hash', 'a.z.v': 'drop', 'b[].x': 'drop', 'b[].y': 'mask' },
  );
  const values = await valuesOf(job, [
    ['{"x":"secret","z":{"v":1}}', '[{"x":1},null]'],
    ['{}', '[]'],
    [null, '[null]'],
  ]);
  expect(values).toEqual([
    { a: { y: null, z: { u: null } }, b: [{ y: null }, null] },
    { a: { y: null, z: null }, b: [] },
    { a: null, b: [null] },
  ]);
});

/** By the words of docs/privacy.md#the-text-of-a-nested-value, written out by hand. */
const wholes: Array<[type: string, given: string, text: string]> = [
  [
    'struct(flag boolean, small tinyint, id bigint, none int?, z struct(a int))',
    '{"z":{"a":1},"id":"9223372036854775807","small":-7,"flag":"TRUE","more":1}',
    '{"flag":true,"small":-7,"id":9223372036854775807,"none":null,"z":{"a":1}}',
  ],
  [
    'decimal(38,10)?[]',
    '[1234567890123456789012345678.0123456789,-0.1,null,0]',
    '[1234567890123456789012345678.0123456789,-0.1000000000,null,0.0000000000]',
  ],
  ['decimal(18,17)[]', '[0.12345678901234567, 1.1]', '[0.12345678901234567,1.10000000000000000]'],
  ['decimal(2,2)[]', '[0.5,-0.05,0]', '[0.50,-0.05,0.00]'],
  ['decimal(38,38)[]', '[0.5]', `[0.5${'0'.repeat(37)}]`],
  ['decimal(4,0)[]', '[-12]', '[-12]'],
  ['float[]', '[0.1,16777216,1e22,3.4028235e38]', '[0.1,16777216.0,1e+22,3.4028235e+38]'],
  [
    'double[]',
    '[0.1,-0.0,1e15,1e16,0.0001,0.00001,5e-324,1.7976931348623157e308]',
    '[0.1,-0.0,1000000000000000.0,1e+16,0.0001,1e-05,5e-324,1.7976931348623157e+308]',
  ],
  ['date[]', '["0001-01-01","9999-12-31"]', '["0001-01-01","9999-12-31"]'],
  [
    'timestamp[]',
    '["2026-03-01T10:00:00.500000+02:00","0001-01-01T00:00Z","1969-12-31 23:59:59.999999"]',
    '["2026-03-01 08:00:00.5","0001-01-01 00:00:00","1969-12-31 23:59:59.999999"]',
  ],
  [
    'string?[]',
    '["é😀/","a\\"b\\\\","\\u0000\\u001f\\b\\t\\n\\f\\r\\u007f\\u2028", null, "", 1.10]',
    '["é😀/","a\\"b\\\\","\\u0000\\u001F\\b\\t\\n\\f\\r\u007f\u2028",null,"","1.10"]',
  ],
  ['int?[]', '[]', '[]'],
  ['map(string, int?)', '{"b":1,"a":null,"":0,"\\"":7}', '{"b":1,"a":null,"":0,"\\"":7}'],
  ['map(string, int[]?)', '{ }', '{}'],
  [
    'map(string, struct(v int?[]?, w map(string, date)?)?)[]',
    '[{"k":{"v":[1,null],"w":{"d":"2026-03-01"}},"l":null},{"m":{}}]',
    '[{"k":{"v":[1,null],"w":{"d":"2026-03-01"}},"l":null},{"m":{"v":null,"w":null}}]',
  ],
];

test.each(wholes)('the text of a %s made of %s', async (type, given, text) => {
  const columns = { a: `${type}?`, b: `${type}?`, c: `struct(x ${type}?)`, d: `${type}?` };
  const tokenise = { rule: 'tokenise', scope: 'job' } as const;
  const job = jobOf(columns, { a: 'encrypt', b: 'hash', 'c.x': tokenise, d: 'mask' });
  const [full, empty] = await valuesOf(job, [
    [given, given, `{"x":${given}}`, given],
    [null, null, '{}', null],
  ]);
  expect(decrypt(String(full?.a), 'orders', 'a')).toBe(text);
  expect(full).toMatchObject({ b: hashOf(text), c: { x: tokenOf(secret('token'), text) }, d: '***' });
  expect(empty).toEqual({ a: null, b: null, c: { x: null }, d: null });
});

test('no protected value is in the batch, nor in what is said of a reject', async () => {
  const columns = {
    whole: 'struct(v string)',
    lines: 'struct(a string, b string, c string, d int)[]',
    prices: 'map(string, string)',
    derived: `string[] = '["' || derived || '"]'`,
  };
  const job = jobOf(columns, {
    whole: 'encrypt',
    'lines[].a': 'drop',
    'lines[].b': { rule: 'truncate', to: 3 },
    'lines[].c': { rule: 'tokenise', scope: 'job' },
    'prices{}': 'mask',
    'derived[]': 'hash',
  });
  const lines = (d: string) => `[{"a":"SecretA","b":"SecretB","c":"SecretC","d":${d}}]`;
  const [shard] = await shardsOf(job, [
    ['{"v":"SecretW"}', lines('1'), '{"k":"SecretP"}', 'SecretT'],
    ['{"v":"SecretW"}', lines('"SecretD"'), '{"k":"SecretP"}', 'SecretT'],
    ['{"v":"SecretW"}', lines('1'), '{"k":{"SecretK":1}}', 'SecretT'],
  ]);
  expect([shard?.rows, shard?.rejects.map(({ message }) => message)]).toEqual([
    1,
    ['lines[].d: not an int (see docs/types.md#int)', 'prices{}: not a string (see docs/types.md#string)'],
  ]);
  expect(readFileSync(shard?.file ?? '', 'latin1')).not.toMatch(/Secret/);
  expect(JSON.stringify(await readValues(shard?.file ?? ''))).not.toMatch(/Secret/);
  expect(JSON.stringify(shard?.rejects)).not.toMatch(/Secret/);
});

test('a column without a rule is left as it is, and of one with a rule the members that have none', () => {
  const type = parseType('struct(a string, b struct(c int, d int), e string[])')?.type;
  const sql = (privacy: Job['privacy']) =>
    protectedValue({ privacy }, noKeys, { path: 'v', type: type ?? expect.fail(), sql: 'v0' });
  expect(sql({ w: 'mask', 'vv.b': 'mask' })).toBe('v0');
  const b = "struct_extract(v0, 'b')";
  expect(sql({ 'v.a': 'drop', 'v.e': 'drop' })).toBe(
    `CASE WHEN v0 IS NOT NULL THEN struct_pack("b" := ${b}) END`,
  );
});
