/** Privacy rules of job files: what each becomes, what is refused, and what type its column has in the table. */
import { beforeAll, describe, expect, test } from 'vitest';
import { catalogColumns } from '../../../core/contract/output.ts';
import type { PrivacyRule } from '../../../core/job/model.ts';
import { jobFile, loadOne, problemsIn, type Told } from './support.ts';

const types = {
  flag: 'boolean',
  small: 'tinyint',
  whole: 'bigint',
  price: 'decimal(10,2)',
  ratio: 'double',
  name: 'string',
  born: 'date',
  seen: 'timestamp',
};
const contract = (key = '[]') => `{ columns: ${JSON.stringify(types)}, key: ${key} }`;

test.each<[string, PrivacyRule]>([
  ["'hash'", 'hash'],
  ["'mask'", 'mask'],
  ["'drop'", 'drop'],
  ["'encrypt'", 'encrypt'],
  ["'tokenise'", { rule: 'tokenise', scope: 'job' }],
  ["{ rule: 'tokenise' }", { rule: 'tokenise', scope: 'job' }],
  ["{ rule: 'tokenise', scope: 'shared' }", { rule: 'tokenise', scope: 'shared' }],
  ["{ rule: 'truncate', to: 4 }", { rule: 'truncate', to: 4 }],
])('%s becomes %j', async (written, rule) => {
  const { job } = await loadOne('orders', { contract: contract(), privacy: `{ name: ${written} }` });
  expect(job.privacy).toEqual({ name: rule });
});

test('a rule by its word and by its object is the same version', async () => {
  const versions = ["'tokenise'", "{ scope: 'job', rule: 'tokenise' }"].map(
    async (rule) => (await loadOne('orders', { privacy: `{ note: ${rule} }` })).version,
  );
  expect(new Set(await Promise.all(versions)).size).toBe(1);
});

test.each([
  ['flag', "'hash'", 'string'],
  ['whole', "'mask'", 'string'],
  ['price', "'encrypt'", 'string'],
  ['seen', "'tokenise'", 'string'],
  ['name', "{ rule: 'truncate', to: 4 }", 'string'],
  ['small', "{ rule: 'generalise', to: 10 }", 'tinyint'],
  ['price', "{ rule: 'generalise', to: 0.5 }", 'decimal(10,2)'],
  ['ratio', "{ rule: 'generalise', to: 10 }", 'double'],
  ['born', "{ rule: 'generalise', to: 'month' }", 'date'],
  ['seen', "{ rule: 'generalise', to: 'day' }", 'timestamp'],
])('column %s with %s is a %s in the table', async (column, rule, expected) => {
  const { job } = await loadOne('orders', { contract: contract(), privacy: `{ ${column}: ${rule} }` });
  expect(catalogColumns(job)).toContainEqual({ name: column, type: expected });
});

test.each(["'hash'", "'tokenise'", "{ rule: 'tokenise', scope: 'shared' }"])(
  'a column of the key may have %s',
  async (rule) => {
    const change = { contract: contract("['name']"), privacy: `{ name: ${rule} }` };
    expect((await loadOne('orders', change)).job.contract.key).toEqual(['name']);
  },
);

const forms =
  "'hash', 'tokenise', 'encrypt', 'mask', 'drop', { rule: 'tokenise', scope }, { rule: 'truncate', to } " +
  "or { rule: 'generalise', to }";
const length = 'a whole number from 1: how many characters are kept';
const interval = "a width above 0, 'day', 'month' or 'year'";
const forKey = (reason: string) => `hash, tokenise, or no rule: it is a key, and ${reason}`;
const cents = 'a number of at most 2 digits behind the point, above 0.01 and within decimal(10,2)';

/** The rule of a column, and what is told: field, value, what is allowed. */
const cases: Array<[column: string, rule: string, ...Array<string | undefined>]> = [
  ['name', "'encrypted'", 'privacy.name', '"encrypted"', forms],
  ['name', '4', 'privacy.name', '4', forms],
  ['name', "{ rule: 'cut', to: 4 }", 'privacy.name', '{"rule":"cut","to":4}', forms],
  ['name', "{ rule: 'hash' }", 'privacy.name', '{"rule":"hash"}', forms],
  ['name', '{ to: 4 }', 'privacy.name', '{"to":4}', forms],
  [
    'name',
    "{ rule: 'truncate', to: 4, from: 1 }",
    'privacy.name.from',
    '1',
    'a field that there is: rule, to',
  ],
  ['name', "{ rule: 'truncate' }", 'privacy.name.to', undefined, `is missing; it is ${length}`],
  ['name', "{ rule: 'truncate', to: 0 }", 'privacy.name.to', '0', length],
  ['name', "{ rule: 'truncate', to: 2.5 }", 'privacy.name.to', '2.5', length],
  ['name', "{ rule: 'truncate', to: '4' }", 'privacy.name.to', '"4"', length],
  ['whole', "{ rule: 'generalise' }", 'privacy.whole.to', undefined, `is missing; it is ${interval}`],
  ['whole', "{ rule: 'generalise', to: 0 }", 'privacy.whole.to', '0', interval],
  ['whole', "{ rule: 'generalise', to: -5 }", 'privacy.whole.to', '-5', interval],
  ['whole', "{ rule: 'generalise', to: Infinity }", 'privacy.whole.to', 'null', interval],
  ['whole', "{ rule: 'generalise', to: 10n }", 'privacy.whole.to', '"10"', interval],
  ['seen', "{ rule: 'generalise', to: 'week' }", 'privacy.seen.to', '"week"', interval],
  [
    'whole',
    "{ rule: 'truncate', to: 4 }",
    'privacy.whole',
    '{"rule":"truncate","to":4}',
    'truncate for type string; whole is bigint',
  ],
  [
    'flag',
    "{ rule: 'generalise', to: 2 }",
    'privacy.flag',
    '{"rule":"generalise","to":2}',
    'generalise for numbers, dates or timestamps; flag is boolean',
  ],
  [
    'name',
    "{ rule: 'generalise', to: 'year' }",
    'privacy.name',
    '{"rule":"generalise","to":"year"}',
    'generalise for numbers, dates or timestamps; name is string',
  ],
  [
    'small',
    "{ rule: 'generalise', to: 200 }",
    'privacy.small.to',
    '200',
    'a whole number, above 1 and within tinyint, since small is tinyint',
  ],
  [
    'price',
    "{ rule: 'generalise', to: 0.125 }",
    'privacy.price.to',
    '0.125',
    `${cents}, since price is decimal(10,2)`,
  ],
  [
    'ratio',
    "{ rule: 'generalise', to: 0.5 }",
    'privacy.ratio.to',
    '0.5',
    'a whole number from 1 to 9007199254740992, since ratio is double',
  ],
  [
    'born',
    "{ rule: 'generalise', to: 'day' }",
    'privacy.born.to',
    '"day"',
    "'month' or 'year', since born is date",
  ],
  [
    'seen',
    "{ rule: 'generalise', to: 60 }",
    'privacy.seen.to',
    '60',
    "'day', 'month' or 'year', since seen is timestamp",
  ],
];

/** The same of a column that is a key. */
const keyCases: typeof cases = [
  ['name', "'mask'", 'privacy.name', '"mask"', forKey('a masked one tells no record from another')],
  ['name', "'drop'", 'privacy.name', '"drop"', forKey('a dropped one tells no record from another')],
  ['name', "'encrypt'", 'privacy.name', '"encrypt"', forKey('an encrypted one is another each time')],
  [
    'name',
    "{ rule: 'truncate', to: 4 }",
    'privacy.name',
    '{"rule":"truncate","to":4}',
    forKey('two that begin alike would be one'),
  ],
  [
    'whole',
    "{ rule: 'generalise', to: 10 }",
    'privacy.whole',
    '{"rule":"generalise","to":10}',
    forKey('two of one interval would be one'),
  ],
];

describe('a privacy rule that is wrong is told by itself', () => {
  const all = [
    ...cases.map((row) => ({ row, key: '[]' })),
    ...keyCases.map((row) => ({ row, key: JSON.stringify([row[0]]) })),
  ];
  let byFile: Record<string, Told[]>;
  beforeAll(async () => {
    const files = all.map(({ row: [column, rule], key }, n) => {
      const change = { contract: contract(key), privacy: `{ ${column}: ${rule} }` };
      return [`case${n}.ts`, jobFile(`case${n}`, change)];
    });
    ({ byFile } = await problemsIn(Object.fromEntries(files)));
  }, 60_000);

  test.each(all.map(({ row, key }, n) => [`${row[0]}: ${row[1]}, key ${key}`, n, row] as const))(
    '%s',
    (_, n, [, , field, value, allowed]) => {
      expect(byFile[`case${n}.ts`]).toEqual([{ field, value, allowed }]);
    },
  );
});

test('a rule is not held against a type that is itself wrong', async () => {
  const { byFile } = await problemsIn({
    'a.ts': jobFile('a', {
      contract: "{ columns: { id: 'bigint', age: 'integer' } }",
      privacy: "{ age: { rule: 'generalise', to: 10 } }",
    }),
  });
  expect(byFile['a.ts']?.map(({ field }) => field)).toEqual(['contract.columns.age']);
});
