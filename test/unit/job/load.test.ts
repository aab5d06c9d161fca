import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { outputColumns } from '../../../core/contract/output.ts';
import { loadJobs } from '../../../core/job/load.ts';
import type { CsvFormat } from '../../../core/job/model.ts';
import { canonicalJson, versionOf } from '../../../core/job/version.ts';
import { jobFile, loadOne, withFolder } from './support.ts';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

test('a job that says the least gets every default', async () => {
  expect((await loadOne('orders')).job).toEqual({
    name: 'orders',
    owner: 'sales',
    cadence: 'daily',
    timezone: 'UTC',
    lagSeconds: 0,
    source: { kind: 'inbox' },
    format: {
      kind: 'csv',
      delimiter: ',',
      quote: '"',
      escape: '"',
      header: true,
      headerNames: 'reject',
      skipRows: 0,
      trim: false,
      ragged: 'reject',
      nulls: [''],
      comment: null,
      required: false,
      encoding: 'utf-8',
    },
    contract: {
      columns: [
        { name: 'id', type: { name: 'bigint' }, nullable: false, from: null },
        { name: 'qty', type: { name: 'int' }, nullable: false, from: null },
        { name: 'note', type: { name: 'string' }, nullable: true, from: null },
      ],
      filter: null,
      key: [],
      onRepeatedKey: 'allow',
      onNewColumn: 'discard-column',
      onMissingColumn: 'fail',
      onRetypedColumn: 'discard-record',
      names: 'exact',
      onBadRecord: 'quarantine',
      maxRejects: null,
    },
    envelope: {
      ...{ eventType: 'OrderPlaced', resource: '/orders', version: null },
      ...{ jurisdiction: null, dataSensitivity: null, tags: null },
    },
    privacy: {},
    sinks: [{ kind: 'lake', major: 1 }],
    schedule: null,
    scheduleWindowMinutes: 0,
    freshnessSeconds: null,
    ...{ catchUp: false, arrival: null, after: [], onRevision: 'rerun' },
  });
});

test('everything that a job says is in the job', async () => {
  const said = {
    cadence: "'monthly'",
    timezone: "'America/New_York'",
    lag: "'90m'",
    source: "s3Source({ bucket: 'partner-files', prefix: 'flights/{slice}/' })",
    format:
      "csv({ delimiter: '\\t', quote: \"'\", escape: '\\\\', header: ['No', 'from', 'origin'], skipRows: 2, trim: true, ragged: 'pad', nulls: ['\\\\N', '-'], comment: '#', required: true, encoding: 'windows-1252' })",
    contract: `{
      columns: { no: { type: 'decimal(10, 2)?', from: '"No"' }, origin: { type: 'string', from: '"from"' } },
      filter: "origin <> 'XXX'", key: ['origin'], onRepeatedKey: 'keep-last',
      onBadRecord: 'fail', maxRejects: { count: 3 },
      onNewColumn: 'fail', onMissingColumn: 'evolve', onRetypedColumn: 'discard-column', names: 'ignore-case',
    }`,
    envelope: `{
      eventType: 'FlightListed', resource: '/flights', version: '2',
      jurisdiction: 'us', dataSensitivity: 'public', tags: ['air', 'travel'],
    }`,
    privacy: "{ no: 'mask', origin: 'hash' }",
    schedule: "'rate(1 day)'",
    scheduleWindow: "'15m'",
    freshness: "'6h'",
    catchUp: 'true',
    arrival: "{ quiet: '2m', marker: '_SUCCESS' }",
    after: "['airports']",
    onRevision: "'ignore'",
  };
  const { job } = await loadOne('flights', said, ['airports']);
  expect(job).toEqual({
    ...{
      name: 'flights',
      owner: 'sales',
      cadence: 'monthly',
      timezone: 'America/New_York',
      lagSeconds: 5_400,
    },
    source: { kind: 's3', bucket: 'partner-files', prefix: 'flights/{slice}/' },
    format: {
      ...{ kind: 'csv', delimiter: '\t', quote: "'", escape: '\\', header: ['No', 'from', 'origin'] },
      ...{ headerNames: 'reject', skipRows: 2, trim: true, ragged: 'pad' },
      ...{ nulls: ['\\N', '-'], comment: '#', required: true, encoding: 'windows-1252' },
    },
    contract: {
      columns: [
        { name: 'no', type: { name: 'decimal', precision: 10, scale: 2 }, nullable: true, from: '"No"' },
        { name: 'origin', type: { name: 'string' }, nullable: false, from: '"from"' },
      ],
      ...{ filter: "origin <> 'XXX'", key: ['origin'], onRepeatedKey: 'keep-last' },
      ...{ onBadRecord: 'fail', maxRejects: { count: 3 } },
      ...{ onNewColumn: 'fail', onMissingColumn: 'evolve', onRetypedColumn: 'discard-column' },
      names: 'ignore-case',
    },
    envelope: {
      ...{ eventType: 'FlightListed', resource: '/flights', version: '2' },
      ...{ jurisdiction: 'us', dataSensitivity: 'public', tags: ['air', 'travel'] },
    },
    privacy: { no: 'mask', origin: 'hash' },
    sinks: [{ kind: 'lake', major: 1 }],
    schedule: 'rate(1 day)',
    scheduleWindowMinutes: 15,
    freshnessSeconds: 6 * 3_600,
    catchUp: true,
    arrival: { quietSeconds: 120, marker: '_SUCCESS' },
    after: ['airports'],
    onRevision: 'ignore',
  });
});

test.each([
  ['45s', 45],
  ['30m', 1_800],
  ['2h', 7_200],
  ['1d', 86_400],
])('a lag of %s is %i seconds', async (lag, seconds) => {
  expect((await loadOne('orders', { lag: `'${lag}'` })).job.lagSeconds).toBe(seconds);
});

test('a job of XML reads names without prefixes, unless it says otherwise, and columns by paths', async () => {
  const columns = "{ columns: { freq: { type: 'string', from: '../@g:FREQ' }, v: 'int' } }";
  const { job } = await loadOne('series', {
    format: "xml({ record: '/g:Data/g:Obs', namespaces: 'keep' })",
    contract: columns,
  });
  expect(job.format).toEqual({
    ...{ kind: 'xml', record: '/g:Data/g:Obs', namespaces: 'keep', required: false, encoding: null },
  });
  expect(job.contract.columns.map(({ from }) => from)).toEqual(['../@g:FREQ', null]);
  const { job: plain } = await loadOne('series', {
    format: "xml({ record: 'Obs', required: true, encoding: 'latin-1' })",
  });
  expect(plain.format).toEqual({
    ...{ kind: 'xml', record: 'Obs', namespaces: 'strip', required: true, encoding: 'latin-1' },
  });
});

test('the escape is the quote where the job says nothing else', async () => {
  const { job } = await loadOne('orders', { format: `csv({ quote: "'" })` });
  expect(job.format).toMatchObject({ escape: "'" });
});

test.each([
  ['ndjson()', { kind: 'ndjson', header: null, required: false, encoding: 'utf-8' }],
  [
    "ndjson({ header: 'first-line', required: true })",
    { kind: 'ndjson', header: 'first-line', required: true, encoding: 'utf-8' },
  ],
  [
    "ndjson({ header: ['id', 'qty', 'note'] })",
    { kind: 'ndjson', header: ['id', 'qty', 'note'], required: false, encoding: 'utf-8' },
  ],
  ['json()', { kind: 'json', path: '$', required: false, encoding: 'utf-8' }],
  [
    "json({ path: '$.data.items' })",
    { kind: 'json', path: '$.data.items', required: false, encoding: 'utf-8' },
  ],
  [`json({ path: "$['a b'].c" })`, { kind: 'json', path: "$['a b'].c", required: false, encoding: 'utf-8' }],
])('the format %s gets every default', async (format, expected) => {
  expect((await loadOne('orders', { format })).job.format).toEqual(expected);
});

test('columns come from members by name, by JSON Pointer, and by expressions over both', async () => {
  const { job } = await loadOne('orders', {
    format: 'ndjson()',
    contract: `{ columns: {
      a: { type: 'int', from: '/a/0' }, b: { type: 'string', from: '/m~0n/x~1y' }, c: { type: 'string', from: '@id' },
      d: { type: 'string', from: 'lower("/a/1")' }, e: { type: 'string', from: '"__proto__"' },
    }, filter: '"/s" IS NOT NULL' }`,
  });
  expect(job.contract.columns.map(({ from }) => from)).toEqual([
    '/a/0',
    '/m~0n/x~1y',
    '@id',
    'lower("/a/1")',
    '"__proto__"',
  ]);
});

test.each<[string, Partial<CsvFormat>]>([
  ['{ delimiter: "||" }', { delimiter: '||' }],
  ['{ delimiter: "|-😀-|" }', { delimiter: '|-😀-|' }],
  // a word that names no characters: the quote may be one of its letters
  ['{ delimiter: "detect", quote: "d", comment: "e" }', { delimiter: 'detect', quote: 'd', comment: 'e' }],
  ['{ delimiter: "|#|", comment: "#" }', { delimiter: '|#|', comment: '#' }],
  ['{ quote: null }', { quote: null, escape: null }],
  ['{ headerNames: "rename" }', { header: true, headerNames: 'rename' }],
  ['{ delimiter: "\\t", trim: true }', { delimiter: '\t', trim: true }],
  ['{ ragged: "pad", skipRows: 12 }', { ragged: 'pad', skipRows: 12 }],
])('csv(%s) is a format', async (options, expected) => {
  const { job } = await loadOne('orders', { format: `csv(${options})` });
  expect(job.format).toMatchObject(expected);
});

test('without a header fields go by their numbers', async () => {
  const { job } = await loadOne('orders', {
    format: 'csv({ header: false })',
    contract: "{ columns: { id: { type: 'bigint', from: 'f1' }, sum: { type: 'int', from: 'f2 || f12' } } }",
  });
  expect(job.format).toMatchObject({ header: false, headerNames: 'reject' });
});

test("a job's version is the sha256 of its canonical JSON", async () => {
  const canonical =
    '{"after":[],"arrival":null,"cadence":"daily","catchUp":false,' +
    '"contract":{"columns":[' +
    '{"from":null,"name":"id","nullable":false,"type":{"name":"bigint"}},' +
    '{"from":null,"name":"qty","nullable":false,"type":{"name":"int"}},' +
    '{"from":null,"name":"note","nullable":true,"type":{"name":"string"}}' +
    '],"filter":null,"key":[],"maxRejects":{"ratio":0.01},"names":"exact","onBadRecord":"quarantine",' +
    '"onMissingColumn":"fail","onNewColumn":"discard-column","onRepeatedKey":"allow",' +
    '"onRetypedColumn":"discard-record"},' +
    '"envelope":{"dataSensitivity":null,"eventType":"OrderPlaced","jurisdiction":null,"resource":"/orders",' +
    '"tags":null,"version":null},' +
    '"format":{"comment":null,"delimiter":"\\t","encoding":"utf-8","escape":"\\"","header":true,"headerNames":"reject",' +
    '"kind":"csv","nulls":["","é"],"quote":"\\"","ragged":"reject","required":false,"skipRows":0,"trim":false},' +
    '"freshnessSeconds":null,"lagSeconds":0,"name":"orders","onRevision":"rerun","owner":"sales",' +
    '"privacy":{"note":"mask"},"schedule":null,"scheduleWindowMinutes":0,' +
    '"sinks":[{"kind":"lake","major":1}],"source":{"kind":"inbox"},"timezone":"UTC"}';
  const { version } = await loadOne('orders', {
    format: "csv({ delimiter: '\\t', nulls: ['', 'é'] })",
    contract: "{ columns: { id: 'bigint', qty: 'int', note: 'string?' }, maxRejects: { ratio: 0.01 } }",
    privacy: "{ note: 'mask' }",
  });
  expect(version).toBe(sha256(canonical));
});

test('canonical JSON sorts keys by code units and writes values as ECMAScript does', () => {
  // '\u{1f600}' begins with the code unit d83d, which is less than fb33; its code point is greater.
  const value = { '\ufb33': 1, '\u{1f600}': [true, null, 'a"\u0007'], a: 1e21, A: 0.000001, b: undefined };
  expect(canonicalJson(value)).toBe(
    '{"A":0.000001,"a":1e+21,"\u{1f600}":[true,null,"a\\"\\u0007"],"\ufb33":1}',
  );
});

test('the order of fields and of privacy rules makes no other version, nor does what is a default', async () => {
  const given = {
    contract: "{ columns: { id: 'bigint', note: 'string?' }, key: ['id'] }",
    privacy: "{ id: 'hash', note: 'mask' }",
  };
  const { version } = await loadOne('orders', given);
  const turned = await withFolder(
    {
      'orders.ts': [
        "import { csv, defineJob, inbox, lake } from 'forebay/core/job';",
        "export default defineJob({ sinks: [lake()], privacy: { note: 'mask', id: 'hash' }, lag: '0m',",
        "  envelope: { resource: '/orders', eventType: 'OrderPlaced' }, timezone: 'UTC',",
        "  contract: { onBadRecord: 'quarantine', key: ['id'], columns: { id: { type: 'bigint' }, note: 'string?' } },",
        "  format: csv({ escape: '\"', header: true }), source: inbox(), cadence: 'daily', owner: 'sales', name: 'orders' });",
      ].join('\n'),
    },
    loadJobs,
  );
  expect(turned.map((one) => one.version)).toEqual([version]);
});

test('the order of columns is the order of the job file, and makes another version', async () => {
  const forth = await loadOne('orders', { contract: "{ columns: { b: 'int', a: 'int' } }" });
  const back = await loadOne('orders', { contract: "{ columns: { a: 'int', b: 'int' } }" });
  expect(forth.job.contract.columns.map(({ name }) => name)).toEqual(['b', 'a']);
  expect(back.job.contract.columns.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(forth.version).not.toBe(back.version);
});

test('a job is plain JSON: it reads back as itself, with its version', async () => {
  const { job, version } = await loadOne('orders', { lag: "'1h'", privacy: "{ note: 'drop' }" });
  const again = JSON.parse(canonicalJson(job));
  expect(again).toEqual(job);
  expect(versionOf(again).version).toBe(version);
});

test('every TypeScript file of a folder is a job, in the order of names; other files and folders are not', async () => {
  const files = {
    'payments.ts': jobFile('payments'),
    'orders.ts': jobFile('orders', { owner: 'team' }).replace(
      'export default',
      "import { team } from './lib/team.ts';\nexport default",
    ),
    'lib/team.ts': "export const team: string = 'sales';",
    'types.d.ts': 'declare const nothing: number;',
    'README.md': '# Jobs',
  };
  const loaded = await withFolder(files, loadJobs);
  expect(loaded.map(({ job }) => [job.name, job.owner])).toEqual([
    ['orders', 'sales'],
    ['payments', 'sales'],
  ]);
});

test('an empty folder has no jobs', async () => {
  expect(await withFolder({}, loadJobs)).toEqual([]);
});

test('a folder is read anew each time, and nothing stays behind', async () => {
  await withFolder({ 'orders.ts': jobFile('orders'), 'tmp/nothing.txt': '' }, async (dir) => {
    vi.stubEnv('TMPDIR', join(dir, 'tmp'));
    const first = await loadJobs(dir);
    await writeFile(join(dir, 'orders.ts'), jobFile('orders', { owner: "'finance'" }));
    const second = await loadJobs(dir);
    expect([...first, ...second].map(({ job }) => job.owner)).toEqual(['sales', 'finance']);
    expect(await readdir(join(dir, 'tmp'))).toEqual(['nothing.txt']);
  });
  vi.unstubAllEnvs();
});

test("the repository's own jobs are right", async () => {
  const jobs = await loadJobs(fileURLToPath(new URL('../../../jobs', import.meta.url)));
  expect(jobs.map(({ job }) => job.name)).toContain('orders');
});

test('a column may be called as what every object has, and gets no privacy rule by it', async () => {
  const { job } = await loadOne('orders', {
    contract: "{ columns: { constructor: 'int', valueOf: 'int', toString: 'int' }, key: ['constructor'] }",
    privacy: "{ toString: 'mask' }",
  });
  expect(outputColumns(job).map(({ column, type }) => [column.name, type.name])).toEqual([
    ['constructor', 'int'],
    ['valueOf', 'int'],
    ['toString', 'string'],
  ]);
});

test("F40 names of a header that the job gives are the contract's in another case, where case does not count", async () => {
  const { job } = await loadOne('orders', {
    format: "csv({ header: ['ID', 'Qty', 'NOTE'] })",
    contract: `{
      columns: { id: 'bigint', qty: 'int', note: 'string?', twice: { type: 'int', from: 'QTY * 2' } },
      names: 'ignore-case', onNewColumn: 'fail',
    }`,
  });
  expect(job.contract).toMatchObject({ names: 'ignore-case', onNewColumn: 'fail' });
});
