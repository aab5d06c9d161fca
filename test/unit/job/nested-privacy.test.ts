/** Privacy rules within structs, lists and maps: what is taken, what is refused, and the types that come of it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { catalogColumns } from '../../../core/contract/output.ts';
import { jobFile, loadOne, problemsIn, type Told } from './support.ts';

const types = {
  id: 'bigint',
  address: 'struct(street string?, city string?, place struct(x double, y double))?',
  lines: 'struct(sku string, price decimal(10,2)?, born date, tags string[]?)[]',
  prices: 'map(string, decimal(10,2)?)',
  deep: 'map(string, struct(v int[], w map(string, string[])))[]?',
};
const contract = `{ columns: ${JSON.stringify(types)}, key: ['id'] }`;
const typesBehind = async (privacy: string): Promise<Record<string, string>> => {
  const { job } = await loadOne('orders', { contract, privacy });
  return Object.fromEntries(catalogColumns(job).map(({ name, type }) => [name, type]));
};

const before = {
  address: 'struct<street:string,city:string,place:struct<x:double,y:double>>',
  lines: 'array<struct<sku:string,price:decimal(10,2),born:date,tags:array<string>>>',
  prices: 'map<string,decimal(10,2)>',
  deep: 'array<map<string,struct<v:array<int>,w:map<string,array<string>>>>>',
};

test.each<[path: string, rule: string, after: Partial<typeof before>]>([
  ['address', "'hash'", { address: 'string' }],
  ['lines', "'encrypt'", { lines: 'string' }],
  ['prices', "'tokenise'", { prices: 'string' }],
  ['deep', "'mask'", { deep: 'string' }],
  ['address.street', "'hash'", {}],
  ['address.place', "'hash'", { address: 'struct<street:string,city:string,place:string>' }],
  [
    'address.place.x',
    "'mask'",
    { address: 'struct<street:string,city:string,place:struct<x:string,y:double>>' },
  ],
  ['address.place.x', "{ rule: 'generalise', to: 10 }", {}],
  ['address.street', "{ rule: 'truncate', to: 1 }", {}],
  ['address.street', "'drop'", { address: 'struct<city:string,place:struct<x:double,y:double>>' }],
  ['address.place', "'drop'", { address: 'struct<street:string,city:string>' }],
  ['lines[]', "'hash'", { lines: 'array<string>' }],
  [
    'lines[].price',
    "'encrypt'",
    { lines: 'array<struct<sku:string,price:string,born:date,tags:array<string>>>' },
  ],
  ['lines[].born', "{ rule: 'generalise', to: 'year' }", {}],
  ['lines[].price', "'drop'", { lines: 'array<struct<sku:string,born:date,tags:array<string>>>' }],
  [
    'lines[].tags',
    "'tokenise'",
    { lines: 'array<struct<sku:string,price:decimal(10,2),born:date,tags:string>>' },
  ],
  ['lines[].tags[]', "'mask'", {}],
  ['prices{}', "'hash'", { prices: 'map<string,string>' }],
  ['prices{}', "{ rule: 'generalise', to: 0.5 }", {}],
  [
    'deep[]{}.v[]',
    "'hash'",
    { deep: 'array<map<string,struct<v:array<string>,w:map<string,array<string>>>>>' },
  ],
  ['deep[]{}.w{}', "'hash'", { deep: 'array<map<string,struct<v:array<int>,w:map<string,string>>>>' }],
  ['deep[]{}.w', "'drop'", { deep: 'array<map<string,struct<v:array<int>>>>' }],
  ['deep[]{}', "'hash'", { deep: 'array<map<string,string>>' }],
])('a rule on %s: %s', async (path, rule, after) => {
  const expected = { metadata: expect.any(String), id: 'bigint', ...before, ...after };
  expect(await typesBehind(`{ '${path}': ${rule} }`)).toEqual(expected);
});

test('rules on several members of one column stand beside each other', async () => {
  const behind = await typesBehind(
    "{ 'lines[].sku': 'drop', 'lines[].price': 'hash', 'lines[].tags[]': 'encrypt' }",
  );
  expect(behind.lines).toBe('array<struct<price:string,born:date,tags:array<string>>>');
});

const within = (path: string) => `, and a rule may name what is within it, such as ${path}`;

/** Rules, and what is told: field, value, what is allowed. */
const cases: Array<[privacy: string, field: string, value: string | undefined, allowed: string]> = [
  // Unknown paths.
  [
    "{ 'address.stret': 'hash' }",
    'privacy.address.stret',
    '"address.stret"',
    "what there is within address; did you mean 'address.street'?",
  ],
  [
    "{ 'address.Street': 'hash' }",
    'privacy.address.Street',
    '"address.Street"',
    "what there is within address; did you mean 'address.street'?",
  ],
  [
    "{ 'address.postcode': 'hash' }",
    'privacy.address.postcode',
    '"address.postcode"',
    'what there is within address: address.street, address.city, address.place',
  ],
  [
    "{ 'lines.sku': 'hash' }",
    'privacy.lines.sku',
    '"lines.sku"',
    "what there is within lines; did you mean 'lines[].sku'?",
  ],
  [
    "{ 'lines[].quantity': 'hash' }",
    'privacy.lines[].quantity',
    '"lines[].quantity"',
    'what there is within lines[]: lines[].sku, lines[].price, lines[].born, lines[].tags',
  ],
  [
    "{ 'prices.EUR.x': 'hash' }",
    'privacy.prices.EUR.x',
    '"prices.EUR.x"',
    'what there is within prices: prices{}',
  ],
  [
    "{ 'prices[]': 'hash' }",
    'privacy.prices[]',
    '"prices[]"',
    "what there is within prices; did you mean 'prices{}'?",
  ],
  [
    "{ 'adress.street': 'hash' }",
    'privacy.adress.street',
    '"adress.street"',
    "a column of the contract; did you mean 'address.street'?",
  ],
  [
    "{ 'customer.name': 'hash' }",
    'privacy.customer.name',
    '"customer.name"',
    'a column of the contract: id, address, lines, prices, deep',
  ],
  ["{ 'id.x': 'hash' }", 'privacy.id.x', '"id.x"', 'nothing within id, which is bigint'],
  [
    "{ 'address.city.name': 'mask' }",
    'privacy.address.city.name',
    '"address.city.name"',
    'nothing within address.city, which is string',
  ],
  [
    "{ 'address.': 'hash' }",
    'privacy.address.',
    '"address."',
    'what there is within address: address.street, address.city, address.place',
  ],
  // One whole and its part.
  [
    "{ address: 'hash', 'address.street': 'mask' }",
    'privacy.address.street',
    '"mask"',
    'no rule within address, which has one as a whole',
  ],
  [
    "{ 'lines[].tags[]': 'hash', 'lines[]': 'encrypt' }",
    'privacy.lines[].tags[]',
    '"hash"',
    'no rule within lines[], which has one as a whole',
  ],
  [
    "{ deep: 'drop', 'deep[]{}.v[]': 'hash' }",
    'privacy.deep[]{}.v[]',
    '"hash"',
    'no rule within deep, which has one as a whole',
  ],
  // Rules that a part does not take.
  [
    "{ 'lines[]': 'drop' }",
    'privacy.lines[]',
    '"drop"',
    'drop for a column, or for a member of a struct; lines[] is what a list holds',
  ],
  [
    "{ 'prices{}': 'drop' }",
    'privacy.prices{}',
    '"drop"',
    'drop for a column, or for a member of a struct; prices{} is what a map holds',
  ],
  [
    "{ 'address.street': 'drop', 'address.city': 'drop', 'address.place': 'drop' }",
    'privacy',
    '{"address.street":"drop","address.city":"drop","address.place":"drop"}',
    'at least one member of address that is kept',
  ],
  [
    "{ 'deep[]{}.v': 'drop', 'deep[]{}.w': 'drop' }",
    'privacy',
    '{"deep[]{}.v":"drop","deep[]{}.w":"drop"}',
    'at least one member of deep[]{} that is kept',
  ],
  [
    "{ address: { rule: 'generalise', to: 10 } }",
    'privacy.address',
    '{"rule":"generalise","to":10}',
    `generalise for numbers, dates or timestamps; address is a struct${within('address.street')}`,
  ],
  [
    "{ lines: { rule: 'generalise', to: 'year' } }",
    'privacy.lines',
    '{"rule":"generalise","to":"year"}',
    `generalise for numbers, dates or timestamps; lines is a list${within('lines[]')}`,
  ],
  [
    "{ prices: { rule: 'truncate', to: 3 } }",
    'privacy.prices',
    '{"rule":"truncate","to":3}',
    `truncate for type string; prices is a map${within('prices{}')}`,
  ],
  [
    "{ 'address.place': { rule: 'truncate', to: 3 } }",
    'privacy.address.place',
    '{"rule":"truncate","to":3}',
    `truncate for type string; address.place is a struct${within('address.place.x')}`,
  ],
  [
    "{ 'lines[].price': { rule: 'truncate', to: 3 } }",
    'privacy.lines[].price',
    '{"rule":"truncate","to":3}',
    'truncate for type string; lines[].price is decimal(10,2)',
  ],
  [
    "{ 'prices{}': { rule: 'generalise', to: 0.125 } }",
    'privacy.prices{}.to',
    '0.125',
    'a number of at most 2 digits behind the point, above 0.01 and within decimal(10,2), since prices{} is decimal(10,2)',
  ],
  [
    "{ 'lines[].born': { rule: 'generalise' } }",
    'privacy.lines[].born.to',
    undefined,
    "is missing; it is a width above 0, 'day', 'month' or 'year'",
  ],
];

describe('a rule that is wrong is told by itself', () => {
  let byFile: Record<string, Told[]>;
  beforeAll(async () => {
    const files = cases.map(([privacy], n) => [`case${n}.ts`, jobFile(`case${n}`, { contract, privacy })]);
    ({ byFile } = await problemsIn(Object.fromEntries(files)));
  }, 60_000);

  test.each(cases.map(([privacy, ...told], n) => [privacy, n, told] as const))(
    '%s',
    (_, n, [field, value, allowed]) => {
      expect(byFile[`case${n}.ts`]).toEqual([{ field, value, allowed }]);
    },
  );
});

test('a rule is not held against what is within a type that is itself wrong', async () => {
  const { byFile } = await problemsIn({
    'a.ts': jobFile('a', {
      contract: "{ columns: { id: 'bigint', address: 'struct(street text)' } }",
      privacy: "{ 'address.street': 'hash', 'id.x': 'mask' }",
    }),
  });
  expect(byFile['a.ts']?.map(({ field }) => field)).toEqual(['contract.columns.address', 'privacy.id.x']);
});
