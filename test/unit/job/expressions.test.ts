/** What `from` and `filter` may be: docs/types.md#expressions. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyseContract, bind, bindProblems, typedColumns } from '../../../core/contract/analyse.ts';
import { withDuckDB } from '../../../core/contract/duckdb.ts';
import { type Expression, readExpression } from '../../../core/contract/expression.ts';
import { allowedFunctions } from '../../../core/contract/functions.ts';
import type { Contract } from '../../../core/job/model.ts';
import { envelopeFile, readBatch } from '../../support/envelope.ts';
import { columnDefaults } from '../../support/world.ts';
import { loadOne, withFolder } from './support.ts';

const root = join(import.meta.dirname, '..', '..', '..');

const read = (text: string): Promise<Expression> => withDuckDB((duck) => readExpression(duck, text));

describe('allowed', () => {
  test.each<[string, string[]]>([
    ['qty * price', ['qty', 'price']],
    ["status <> 'test'", ['status']],
    ['"Order ID" || \'-\' || qty', ['Order ID', 'qty']],
    ["CASE WHEN qty > 10 THEN 'many' WHEN qty IS NULL THEN '?' ELSE 'few' END", ['qty']],
    ['CAST(qty AS BIGINT) + 1', ['qty']],
    ['TRY_CAST(qty AS INT)', ['qty']],
    ['qty::date', ['qty']],
    ["country IN ('NL', 'BE')", ['country']],
    ['qty BETWEEN 1 AND 5', ['qty']],
    ['qty IS NOT NULL AND NOT (qty = 0 OR qty IS DISTINCT FROM 1)', ['qty']],
    ["email LIKE '%@example.org' AND email NOT ILIKE 'a%'", ['email']],
    ["email SIMILAR TO '.+@.+'", ['email']],
    ["coalesce(note, nick, '')", ['note', 'nick']],
    ["upper(trim(LOWER(name))) || md5('x')", ['name']],
    ["date_trunc('month', placed_at) + INTERVAL 1 DAY", ['placed_at']],
    ["strptime(day, '%d.%m.%Y')", ['day']],
    ['extract(year FROM placed_at)', ['placed_at']],
    ["DATE '2026-03-01' - 1", []],
    ['-qty % 7', ['qty']],
    ['1', []],
    ['NULL', []],
    ["'; SELECT 1 --'", []],
    ['qty -- the number of pieces', ['qty']],
    ['qty /* pieces */ * 2', ['qty']],
  ])('%s', async (text, names) => {
    const found = await read(text);
    expect(found.kind === 'field' ? [found.name] : found.names.sort()).toEqual([...names].sort());
  });

  test('a name alone is the field of exactly this name', async () => {
    expect(await read('customer')).toEqual({ kind: 'field', name: 'customer' });
    expect(await read('"Customer No."')).toEqual({ kind: 'field', name: 'Customer No.' });
    expect(await read('Customer')).toEqual({ kind: 'field', name: 'Customer' });
  });

  test('comments are gone from what will be run', async () => {
    const found = await read('qty /* SELECT */ * 2 -- two');
    expect(found).toMatchObject({ kind: 'expression', sql: expect.not.stringMatching(/SELECT|two/) });
  });
});

const functions = (name: string) =>
  `a function of the list in docs/types.md#expressions; ${name} is not in it`;
const only = (what: string) => `columns, literals and scalar functions; not ${what}`;
const record = (name: string) => `what depends on the record alone; not ${name}`;
const unparsed = 'one SQL expression; this one cannot be parsed';
const statement = 'one SQL expression, not a statement';

describe('refused', () => {
  test.each([
    // what reads more than the record
    ['(SELECT 1)', only('a subquery')],
    ['qty IN (SELECT qty FROM source)', only('a subquery')],
    ['EXISTS (SELECT 1)', only('a subquery')],
    ["(SELECT content FROM read_text('/etc/passwd'))", only('a subquery')],
    ['sum(qty)', functions('sum')],
    ['count(*)', functions('count_star')],
    ['max(qty) > 1', functions('max')],
    ['list(qty)', functions('list')],
    ['row_number() OVER ()', only('a window function')],
    ['sum(qty) OVER (ORDER BY id)', only('a window function')],
    ['lag(qty) OVER ()', only('a window function')],
    ['*', only('*')],
    ["COLUMNS('q.*')", only('*')],
    ['lower(DISTINCT name)', 'scalar functions; lower is called as an aggregate'],
    ['lower(name) FILTER (WHERE qty > 1)', 'scalar functions; lower is called as an aggregate'],
    ['lower(name ORDER BY qty)', 'scalar functions; lower is called as an aggregate'],
    // clock, chance, session, files
    ['now()', functions('now')],
    ['NOW() > placed_at', functions('now')],
    ['today()', functions('today')],
    ['get_current_timestamp()', functions('get_current_timestamp')],
    ['current_date', record('current_date')],
    ['current_timestamp', record('current_timestamp')],
    ['CURRENT_TIME', record('CURRENT_TIME')],
    ['localtimestamp', record('localtimestamp')],
    ['placed_at < current_date', record('current_date')],
    ['current_user', record('current_user')],
    ['rowid', record('rowid')],
    ['random()', functions('random')],
    ['uuid()', functions('uuid')],
    ['gen_random_uuid()', functions('gen_random_uuid')],
    ["nextval('s')", functions('nextval')],
    ["current_setting('TimeZone')", functions('current_setting')],
    ["getenv('HOME')", functions('getenv')],
    ['version()', functions('version')],
    ['error(name)', functions('error')],
    ['main.now()', functions('now')],
    // time zones
    ["placed_at AT TIME ZONE 'UTC'", functions('timezone')],
    ['placed_at::timestamptz', 'casts to types without a time zone; not TIMESTAMP WITH TIME ZONE'],
    [
      'CAST(x AS TIMESTAMP WITH TIME ZONE)',
      'casts to types without a time zone; not TIMESTAMP WITH TIME ZONE',
    ],
    ["TIMETZ '10:00:00+02'", 'casts to types without a time zone; not TIME WITH TIME ZONE'],
    ['TRY_CAST(x AS timestamptz[])', 'casts to types without a time zone; not TIMESTAMP WITH TIME ZONE'],
    ['x::STRUCT(a TIMESTAMPTZ)', 'casts to types without a time zone; not TIMESTAMP WITH TIME ZONE'],
    ['x::"timestamptz"', 'casts to types without a time zone; not TIMESTAMP WITH TIME ZONE'],
    // what is no scalar of columns
    ['list_transform([1], lambda x: x + 1)', functions('list_transform')],
    ['[qty]', functions('list_value')],
    ["{'a': qty}", functions('struct_pack')],
    ['qty COLLATE nocase', only('collate')],
    ['?', only('parameter')],
    ['$1', only('parameter')],
    ['$name', only('parameter')],
    ['#1', only('positional_reference')],
    ['DEFAULT', only('default')],
    ['source.qty', 'a field\'s name without a table; quote one that holds a dot: "source.qty"'],
    ['_fb', 'a name other than _fb, which is our own'],
    // more or less than one expression
    ['', unparsed],
    ['-- nothing', unparsed],
    ['qty >', unparsed],
    ['qty AS q', unparsed],
    ['qty /* open', unparsed],
    ["'open", unparsed],
    ['SELECT 1', only('a subquery')],
    ['qty; DROP TABLE source', unparsed],
    ['1); SELECT (2', 'one SQL expression, without ;'],
    ['1); DROP TABLE source; SELECT (1', unparsed],
    ['1), (2', statement],
    ['qty) FROM (SELECT 1 AS qty', statement],
    ["qty) FROM (VALUES ('/etc/passwd')", statement],
    ['1) UNION ALL SELECT (2', statement],
    ['qty) WHERE (qty > 1', statement],
    ['qty) GROUP BY (qty', statement],
    ['qty) HAVING (true', statement],
    ['qty) ORDER BY (qty', statement],
    ['qty) LIMIT (1', statement],
    ['qty) QUALIFY (true', statement],
    ['qty --\r) WHERE (true', statement],
  ])('%j', async (text, allowed) => {
    await expect(read(text)).rejects.toMatchObject({ name: 'ExpressionProblem', message: allowed });
  });
});

test('each function of the list is a scalar of DuckDB that is the same for the same record', async () => {
  const found = await withDuckDB(async (duck) => {
    const reader = await duck.runAndReadAll(
      "SELECT DISTINCT function_name, function_type, stability FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro')",
    );
    return reader.getRows().map((row) => row.map(String));
  });
  const wrong = [...allowedFunctions].filter((name) => {
    const kinds = found.filter(([known]) => known === name);
    return kinds.some(
      ([, kind, stability]) => kind !== 'macro' && (kind !== 'scalar' || stability === 'VOLATILE'),
    );
  });
  expect(wrong).toEqual([]);
});

const columns = (words: Record<string, string | null>): Contract['columns'] =>
  Object.entries(words).map(([name, from]) => ({
    ...{ name, nullable: false, from },
    type: name.startsWith('n') ? { name: 'int' } : { name: 'string' },
  }));

const contractOf = (words: Record<string, string | null>, filter: string | null = null): Contract => ({
  ...{ columns: columns(words), filter, key: [], onRepeatedKey: 'allow' },
  ...{ onBadRecord: 'quarantine', maxRejects: null },
  ...columnDefaults,
});

test('F40 names that differ in case only are one where case does not count, and stay two in paths', async () => {
  const words = {
    n: null,
    n2: 'N + 1',
    renamed: '"Full Name"',
    n3: 'length("FULL NAME") + N',
    path: "./Value[@id='F']",
    other: "./Value[@id='f']",
  };
  const contract = { ...contractOf(words, 'RENAMED IS NOT NULL'), names: 'ignore-case' as const };
  const { analysed, problems } = await withDuckDB(async (duck) => {
    const found = await analyseContract(duck, contract);
    const { columns: all, ...rest } = found.analysed;
    const plain = all.filter(({ column }) => !['path', 'other'].includes(column.name));
    const fields = rest.fields.filter((name) => !name.startsWith('./'));
    return { ...found, problems: await bindProblems(duck, { ...rest, columns: plain, fields }) };
  });
  expect(analysed.fields).toEqual(['n', 'Full Name', "./Value[@id='F']", "./Value[@id='f']", 'RENAMED']);
  expect(problems).toEqual([]);
  expect(typedColumns(analysed).map(({ name }) => name)).toEqual(['n']);
});

describe('names', () => {
  const contract = contractOf(
    { n: null, text: null, n2: 'n + 1', renamed: '"Full Name"', n3: 'n2 || total' },
    "lower(text) <> total AND renamed = 'x'",
  );
  let fields: string[];
  let typed: string[];
  beforeAll(async () => {
    await withDuckDB(async (duck) => {
      const { analysed, problems } = await analyseContract(duck, contract);
      expect(problems).toEqual([]);
      fields = analysed.fields;
      typed = typedColumns(analysed).map(({ name }) => name);
    });
  });

  test('each field that the contract reads is there once, by its exact name', () => {
    expect([...fields].sort()).toEqual(['Full Name', 'n', 'n2', 'renamed', 'text', 'total']);
  });

  test('a column without a from is typed; one with a from is not seen by others', () => {
    expect(typed).toEqual(['n', 'text']);
  });

  test('a typed column has its type in expressions, any other field is text', async () => {
    const types = await withDuckDB(async (duck) => {
      const { analysed } = await analyseContract(duck, contract);
      await bindProblems(duck, analysed);
      return Promise.all(['n + 1', 'n / 2', 'text', 'total', 'n2', 'n > 1'].map((sql) => bind(duck, sql)));
    });
    expect(types).toEqual(['INTEGER', 'DOUBLE', 'VARCHAR', 'VARCHAR', 'VARCHAR', 'BOOLEAN']);
  });
});

describe('types', () => {
  const problems = (contract: Contract) =>
    withDuckDB(async (duck) => {
      const { analysed, problems: found } = await analyseContract(duck, contract);
      return [...found, ...(await bindProblems(duck, analysed))];
    });

  test('an expression whose result can be cast to the column has no problem', async () => {
    expect(
      await problems(contractOf({ n: null, n2: "CASE WHEN n > 1 THEN '1' ELSE '2' END" }, 'n > 1')),
    ).toEqual([]);
  });

  test.each([
    ['n2', "date_trunc('month', n)"],
    ['n2', 'text + 1'],
    ['n2', 'sqrt()'],
    ['n2', "strptime(text, '%Y-%m-%d')"],
    ['n2', 'CAST(text AS DATE)'],
    ['n2', 'INTERVAL 1 DAY'],
    ['n2', "DATE '2026-03-01' + INTERVAL 1 DAY"],
  ])('column %s, an int, does not come from %s', async (name, from) => {
    expect(await problems(contractOf({ n: null, text: null, [name]: from }))).toEqual([
      {
        field: `contract.columns.${name}.from`,
        value: from,
        allowed: 'SQL over fields (text, or typed columns) whose result can become int',
      },
    ]);
  });

  test.each([
    ['n > 1', 'n2'],
    ['n * 1.5', 'n2'],
    ['text', 'n2'],
    ["strptime(text, '%Y-%m-%d')", 'day'],
    ['n / 2', 'half'],
    ['n', 'text2'],
    ['INTERVAL 1 DAY', 'text2'],
  ])('%s may become column %s', async (from, name) => {
    expect(await problems(contractOf({ n: null, text: null, [name]: from }))).toEqual([]);
  });

  test.each(['n', 'n + 1', 'lower(text)', "'true'", 'NULL', '1'])('a filter is not %s', async (filter) => {
    const found = await problems(contractOf({ n: null, text: null }, filter));
    expect(found).toMatchObject([{ field: 'contract.filter', allowed: 'SQL that is true or false' }]);
  });

  test('a contract of constants is bound, too', async () => {
    expect(await problems(contractOf({ n: '1', text: "'x'" }, "'x' = 'y'"))).toEqual([]);
    expect(await problems(contractOf({ n: 'sqrt()' }))).toHaveLength(1);
  });

  test('two fields that differ in case only cannot both be read', async () => {
    expect(await problems(contractOf({ n: null, n2: 'N * 2' }))).toEqual([
      { field: 'contract', value: 'N', allowed: 'one spelling: n is read, too, and differs in case only' },
    ]);
  });
});

test("a text with an offset becomes a timestamp by UTC, not by the machine's zone", async () => {
  const { job } = await loadOne('orders', {
    contract:
      "{ columns: { moment: { type: 'timestamp', from: \"strptime(written, '%d.%m.%Y %H:%M %z')\" } } }",
  });
  await withFolder({}, async (directory) => {
    // DuckDB asks for the machine's zone once, so it needs a process of its own.
    const script = `
      import { envelopeFile, readBatch } from './test/support/envelope.ts';
      const input = Buffer.from('written\\n01.01.2026 01:30 +0200\\n');
      const options = { shardBytes: 1_000, directory: ${JSON.stringify(directory)} };
      const [shard] = await envelopeFile(${JSON.stringify(job)}, input, options);
      console.log(JSON.stringify(await readBatch(shard.file)));`;
    const printed = execFileSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { cwd: root, env: { ...process.env, TZ: 'America/New_York' }, encoding: 'utf8' },
    );
    expect(JSON.parse(printed)).toMatchObject([{ data: { moment: '2025-12-31 23:30:00' } }]);
  });
});

test('a column that is called as what every object has is written as it came', async () => {
  const { job } = await loadOne('orders', {
    contract: "{ columns: { constructor: 'int', valueOf: 'string' }, key: ['constructor'] }",
    privacy: "{ valueOf: 'mask' }",
  });
  await withFolder({}, async (directory) => {
    const input = Buffer.from('constructor,valueOf\n7,x\n');
    const [shard] = await envelopeFile(job, input, { shardBytes: 1_000, directory });
    const records = await readBatch(shard?.file ?? '');
    expect(records.map(({ data }) => data)).toEqual([{ constructor: '7', valueOf: '***' }]);
  });
});
