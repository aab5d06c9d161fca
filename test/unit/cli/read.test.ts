import { createHash, createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { v5 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../cli/local/process.ts';
import { formatFlags } from '../../../cli/read/flags.ts';
import { forebay, linesOf } from './forebay.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forebay-read-test-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

const head = 'order_id,placed_at,qty,price,email,note';

/** A job of orders but for some fields, in a file. */
function jobFile(name: string, change: Record<string, string> = {}): string {
  const fields: Record<string, string> = {
    name: `'${name}'`,
    ...{
      owner: "'sales'",
      cadence: "'daily'",
      timezone: "'Europe/Amsterdam'",
      source: 'inbox()',
      format: 'csv()',
    },
    contract: `{ columns: {
      order_id: 'bigint', placed_at: 'timestamp', qty: 'int', price: 'decimal(38,2)', email: 'string', note: 'string?',
    } }`,
    envelope: "{ eventType: 'OrderPlaced', resource: '/orders', tags: ['a', 'b'] }",
    sinks: '[lake()]',
    ...change,
  };
  const members = Object.entries(fields).map(([field, value]) => `${field}: ${value}`);
  const text = `import { csv, defineJob, inbox, lake, ndjson } from 'forebay/core/job';\nexport default defineJob({ ${members.join(', ')} });\n`;
  return file(`${name}.ts`, text);
}

describe('without a job', () => {
  test('each CSV value is a string as it stands there, and null only for the texts that mean null', async () => {
    const path = file(
      'plain.csv',
      'id,name\n00123," a ""b"" "\n12345678901234567890,\n1.50,""\n=cmd|x,é😀\n',
    );
    const { code, out, err } = await forebay('read', path, '--format', 'csv');
    expect(out).toBe(
      [
        '{"id":"00123","name":" a \\"b\\" "}',
        '{"id":"12345678901234567890","name":null}',
        '{"id":"1.50","name":""}',
        '{"id":"=cmd|x","name":"é😀"}',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
    expect(err).toMatch(/^4 records, 0 rejected; 70 B in \d+\.\d s\n$/);
  });

  test('the flags of a format are the options of a job file', async () => {
    const path = file('flags.dat', "1;'a;b';\\N\n# no record\n2;'it\\'s';-\n");
    const given = [
      '--delimiter',
      ';',
      '--quote',
      "'",
      '--escape',
      '\\',
      '--comment',
      '#',
      '--header',
      'a,b,c',
    ];
    const { out } = await forebay('read', path, '--format', 'csv', ...given, '--null', '\\N', '--null', '-');
    expect(linesOf(out)).toEqual([
      { a: '1', b: 'a;b', c: null },
      { a: '2', b: "it's", c: null },
    ]);
  });

  test('a tab may be written as \\t, and names with commas as a JSON list', async () => {
    const path = file('tabs.tsv', '1\t2\n');
    const { out } = await forebay(
      'read',
      path,
      '--format',
      'csv',
      '--delimiter',
      '\\t',
      '--header',
      '["a,b","c"]',
    );
    expect(out).toBe('{"a,b":"1","c":"2"}\n');
  });

  test('a field may have any name, __proto__ too', async () => {
    const path = file('proto.csv', '__proto__,constructor\n1,2\n');
    const { out } = await forebay('read', path, '--format', 'csv');
    expect(out).toBe('{"__proto__":"1","constructor":"2"}\n');
  });

  test('--envelope says where each record came from', async () => {
    const text = 'a\n1\n2\n';
    const path = file('enveloped.csv', text);
    const { out } = await forebay('read', path, '--format', 'csv', '--envelope');
    const records = linesOf(out) as Array<{ metadata: Record<string, unknown>; data: unknown }>;
    expect(records.map(({ data }) => data)).toEqual([{ a: '1' }, { a: '2' }]);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const namespace = v5(JSON.stringify(['read', 'once', sha256]), '6f1c1f8e-3a94-5d0b-8c52-9b7f2f1d4e60');
    expect(records[1]?.metadata).toMatchObject({
      ...{ id: v5('1', namespace), eventType: 'RecordRead', resource: path, source: 'forebay/read' },
      ...{ hostPlatform: 'local', lineage: { runId: 'local', slice: 'once', rawObject: path, record: 1 } },
    });
  });

  test('a rejected record is told with its place, its neighbours are printed, and the exit code is 0', async () => {
    const path = file('ragged.csv', 'a,b\n1,2\n3\n"4"x,5\n6,7\n8,9,10\n');
    const rejects = join(dir, 'ragged-rejects.ndjson');
    const { code, out, err } = await forebay('read', path, '--format', 'csv', '--rejects', rejects);
    expect(linesOf(out)).toEqual([
      { a: '1', b: '2' },
      { a: '6', b: '7' },
    ]);
    const place = { column: null, object: path, in: 'raw' };
    expect(linesOf(readFileSync(rejects, 'utf8'))).toEqual([
      {
        ...place,
        ...{ code: 'RaggedRow', record: 1, offset: 8, length: 1, message: '2 fields expected, 1 found' },
      },
      {
        ...place,
        ...{ code: 'InvalidQuote', record: 2, offset: 10, length: 6 },
        message: "a closing quote is followed by neither a delimiter nor the record's end",
      },
      {
        ...place,
        ...{ code: 'RaggedRow', record: 4, offset: 21, length: 6, message: '2 fields expected, 3 found' },
      },
    ]);
    expect(err).toMatch(/^5 records, 3 rejected: RaggedRow 2, InvalidQuote 1; 28 B in /);
    expect(code).toBe(0);
  });

  test('--limit bounds what is printed; all the same the whole file is read and counted', async () => {
    const path = file('limit.csv', `a,b\n${'1,2\n'.repeat(99)}3\n`);
    const { out, err } = await forebay('read', path, '--format', 'csv', '--limit', '2');
    expect(linesOf(out)).toHaveLength(2);
    expect(err).toMatch(/^100 records, 1 rejected: RaggedRow 1; /);
  });

  test('a file that lies in several shards is read as one', async () => {
    const wide = 'x'.repeat(1_000_000);
    const path = file(
      'shards.csv',
      `a,b\n${Array.from({ length: 20 }, (_, i) => `${i},${wide}\n`).join('')}20\n`,
    );
    const rejects = join(dir, 'shards-rejects.ndjson');
    const { out, err } = await forebay('read', path, '--format', 'csv', '--rejects', rejects);
    expect((linesOf(out) as Array<{ a: string }>).map(({ a }) => Number(a))).toEqual([...Array(20).keys()]);
    expect(linesOf(readFileSync(rejects, 'utf8'))).toMatchObject([
      { record: 20, offset: 20_000_074, length: 2 },
    ]);
    expect(err).toMatch(/^21 records, 1 rejected: RaggedRow 1; 20\.0 MB in /);
  });
});

describe('with a job', () => {
  test('its types, expressions, filter and privacy rules apply, and numbers have all their digits', async () => {
    const text = [
      `${head},status`,
      '9223372036854775807,2026-03-01T09:30:00.5+01:00,2,123456789012345678901234567890123456.78,a@example.org,,new',
      '2,2026-07-01 10:00:00,1,0.50,b@example.org,"say ""hi""",new',
      '3,2026-03-01 10:00:00,1,1.00,t@example.org,,test',
      '4,2026-03-01 10:00:00,1.5,1.00,c@example.org,,new',
      '',
    ].join('\n');
    const path = file('orders.csv', text);
    const job = jobFile('orders', {
      contract: `{ columns: {
        order_id: 'bigint', placed_at: 'timestamp', day: { type: 'date', from: 'CAST(placed_at AS date)' },
        qty: 'int', price: 'decimal(38,2)', ratio: { type: 'double', from: 'qty / 4' }, email: 'string', note: 'string?',
        many: { type: 'boolean', from: 'qty > 1' },
      }, filter: "status <> 'test'" }`,
      privacy: "{ email: 'mask' }",
    });
    const rejects = join(dir, 'orders-rejects.ndjson');
    const { code, out, err } = await forebay('read', path, '--job-file', job, '--rejects', rejects);
    expect(out).toBe(
      [
        '{"order_id":9223372036854775807,"placed_at":"2026-03-01T08:30:00.5Z","day":"2026-03-01","qty":2,' +
          '"price":123456789012345678901234567890123456.78,"ratio":0.5,"email":"***","note":null,"many":true}',
        '{"order_id":2,"placed_at":"2026-07-01T08:00:00Z","day":"2026-07-01","qty":1,"price":0.50,"ratio":0.25,' +
          '"email":"***","note":"say \\"hi\\"","many":false}',
        '',
      ].join('\n'),
    );
    expect(linesOf(readFileSync(rejects, 'utf8'))).toEqual([
      {
        ...{
          code: 'CastFailed',
          column: 'qty',
          record: 3,
          object: path,
          in: 'raw',
          offset: text.indexOf('4,2026'),
          length: 49,
        },
        message: 'qty: not an int (see docs/types.md#int)',
      },
    ]);
    expect(err).toMatch(/^4 records, 1 filtered, 1 rejected: CastFailed 1; \d+ B in /);
    expect(code).toBe(0);
  });

  test('--envelope prints the metadata of the envelope, with the id that a run of the slice gives', async () => {
    const text = `${head}\n1,2026-03-01 10:00:00,1,1.00,a@example.org,\n`;
    const path = file('envelope.csv', text);
    const { out } = await forebay(
      ...['read', path, '--job-file', jobFile('envelope'), '--envelope', '--slice', '2026-03-01'],
    );
    const [{ metadata, data } = { metadata: {}, data: {} }] = linesOf(out) as Array<Record<string, object>>;
    const sha256 = createHash('sha256').update(text).digest('hex');
    const forebays = '6f1c1f8e-3a94-5d0b-8c52-9b7f2f1d4e60';
    const id = v5('0', v5(JSON.stringify(['envelope', '2026-03-01', sha256]), forebays));
    expect(metadata).toEqual({
      ...{
        id,
        user: 'forebay/manual',
        resource: '/orders',
        source: 'forebay/envelope',
        hostPlatform: 'local',
      },
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ...{ timestampHuman: expect.any(String), requestTimeEpoch: expect.any(Number) },
      ...{ owner: 'sales', eventType: 'OrderPlaced', tags: ['a', 'b'] },
      lineage: {
        ...{ runId: 'local', slice: '2026-03-01', rawObject: path, record: 0 },
        jobVersion: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    });
    const { timestamp, requestTimeEpoch } = metadata as { timestamp: string; requestTimeEpoch: number };
    expect(Date.parse(timestamp)).toBe(requestTimeEpoch);
    expect(data).toMatchObject({ order_id: 1, note: null });
  });

  test('hashes are made with a key of the call alone, which is said: they are not those of a run', async () => {
    const path = file('hashed.csv', `${head}\n${'1,2026-03-01 10:00:00,1,1.00,a@example.org,\n'.repeat(2)}`);
    const job = jobFile('hashed', { privacy: "{ email: 'hash' }" });
    const calls = [
      await forebay('read', path, '--job-file', job),
      await forebay('read', path, '--job-file', job),
    ];
    const emails = calls.map(({ out }) =>
      (linesOf(out) as Array<{ email: string }>).map(({ email }) => email),
    );
    expect(emails[0]?.[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(emails[0]?.[0]).toBe(emails[0]?.[1]);
    expect(emails[0]?.[0]).not.toBe(emails[1]?.[0]);
    expect(emails.flat()).not.toContain(createHmac('sha256', '').update('a@example.org').digest('hex'));
    expect(calls[0]?.err.match(/privacy keys are not on this machine/g)).toHaveLength(1);
  });

  test('--job finds it by its name in the folder of the jobs', async () => {
    const jobs = join(dir, 'jobs');
    mkdirSync(jobs);
    writeFileSync(join(jobs, 'named.ts'), readFileSync(jobFile('named')));
    const path = file('named.csv', `${head}\n1,2026-03-01 10:00:00,1,1.00,a@example.org,\n`);
    expect((await forebay('--jobs', jobs, 'read', path, '--job', 'named')).out).toContain('"order_id":1,');
    expect(await forebay('--jobs', jobs, 'read', path, '--job', 'nmaed')).toMatchObject({
      ...{ code: 64, out: '', err: expect.stringContaining("did you mean 'named'?") },
    });
  });

  test.each([
    ['BadRecord', { contract: "{ columns: { a: 'int' }, onBadRecord: 'fail' }" }, 'a\n1\nx\n'],
    [
      'RejectThresholdExceeded',
      { contract: "{ columns: { a: 'int' }, maxRejects: { count: 1 } }" },
      'a\nx\ny\n',
    ],
    ['BadRecord', { contract: "{ columns: { a: 'int' }, onRetypedColumn: 'fail' }" }, 'a\n1\nx\n'],
    [
      'ColumnUnexpected',
      { format: 'ndjson()', contract: "{ columns: { a: 'int' }, onNewColumn: 'fail' }" },
      '{"a":1}\n{"a":1,"b":2}\n',
    ],
    ['SourceEmpty', { format: 'csv({ required: true })', contract: "{ columns: { a: 'int' } }" }, 'a\n'],
  ])(
    "all of a file that a run would fail by is read, and the run's %s is told",
    async (error, change, text) => {
      const { code, err } = await forebay(
        'read',
        file('fails.csv', text),
        '--job-file',
        jobFile('fails', change),
      );
      expect(err).toContain(`a run of fails would fail by this file: ${error}`);
      expect(code).toBe(0);
    },
  );

  test('F40 a header with a field that is new refuses the file where the job says so, before a record is printed', async () => {
    const job = jobFile('strict', { contract: "{ columns: { a: 'int' }, onNewColumn: 'fail' }" });
    const { code, out, err } = await forebay('read', file('new.csv', 'a,b\n1,\n'), '--job-file', job);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain("ColumnUnexpected: nothing in job strict reads field 'b' of the file's 2");
  });

  test('F40 values that are discarded are in the summary', async () => {
    const contract = "{ columns: { a: 'int?', b: 'int?' }, onRetypedColumn: 'discard-column' }";
    const path = file('discarded.csv', 'a,b\n1,x\ny,2\nz,3\n');
    const { code, out, err } = await forebay('read', path, '--job-file', jobFile('discarding', { contract }));
    expect(linesOf(out)).toEqual([
      { a: 1, b: null },
      { a: null, b: 2 },
      { a: null, b: 3 },
    ]);
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/^3 records, 0 rejected, values discarded: a 2, b 1; /),
    ]);
  });

  test('nothing is left in the temporary folder', async () => {
    const left = () =>
      readdirSync(tmpdir()).filter((name) => name.startsWith('forebay-read-') && !dir.endsWith(name));
    const before = left();
    await forebay(
      'read',
      file('left.csv', 'a\n1\n'),
      '--job-file',
      jobFile('left', { contract: "{ columns: { a: 'int' } }" }),
    );
    await forebay(
      'read',
      file('left.csv', 'b\n1\n'),
      '--job-file',
      jobFile('left', { contract: "{ columns: { a: 'int' } }" }),
    );
    expect(left().filter((name) => !before.includes(name))).toEqual([]);
  });
});

describe('a job that takes columns from its data', () => {
  const job = () =>
    jobFile('sizes', {
      contract: "{ columns: { id: 'bigint', qty: 'int' }, onNewColumn: 'evolve', onRetypedColumn: 'evolve' }",
    });

  test('has those of the file alone, and types as wide as its values', async () => {
    const path = file('sizes.csv', 'id,qty,colour,size\n1,2147483648,,1.5\n2,1,red,2\n');
    const { code, out } = await forebay('read', path, '--job-file', job());
    expect([code, out]).toEqual([
      0,
      '{"id":1,"qty":2147483648,"colour":null,"size":1.5}\n{"id":2,"qty":1,"colour":"red","size":2.0}\n',
    ]);
  });

  test('refuses a file with a field that cannot be a column', async () => {
    const path = file('named.csv', 'id,qty,order id\n1,1,1\n');
    const { code, out, err } = await forebay('read', path, '--job-file', job());
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/is refused at byte 0: ColumnNameInvalid: field 1 of those/);
  });
});

describe('a file without records', () => {
  test.each([
    ['empty', ''],
    ['of a byte order mark', '\ufeff'],
    ['of a header alone', 'a,b\n'],
  ])('%s is read: no records, exit code 0', async (_, text) => {
    const path = file('none.csv', text);
    const { code, out, err } = await forebay('read', path, '--format', 'csv');
    expect([code, out]).toEqual([0, '']);
    expect(err).toMatch(/^0 records, 0 rejected; \d B in /);
  });
});

describe('a file that is refused as a whole', () => {
  const big = 'x'.repeat(17 * 1024 * 1024);
  const refused: Array<[string, string | Uint8Array, RegExp]> = [
    [
      'a quote that never closes',
      `a\n1\n"${big}`,
      /at byte 4: RecordTooLarge: a quote that opens at byte 4 /,
    ],
    ['two fields of one name', 'a,a\n1,2\n', /at byte 0: HeaderInvalid: /],
    ['two fields of one name and no record', '\ufeffa,a\n', /at byte 3: HeaderInvalid: /],
    ['UTF-32', Uint8Array.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0), /at byte 0: EncodingUnsupported: /],
  ];

  test.each(refused)('for %s: exit code 2, the reason, the byte, and no record', async (_, text, reason) => {
    const path = file('refused.csv', text);
    const rejects = join(dir, 'refused-rejects.ndjson');
    writeFileSync(rejects, 'of another file\n');
    const { code, out, err } = await forebay('read', path, '--format', 'csv', '--rejects', rejects);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(reason);
    expect(readFileSync(rejects, 'utf8')).toBe('');
  });

  test('for a field that the job reads and the file lacks, also where no record follows the header', async () => {
    const job = jobFile('lacking', { contract: "{ columns: { a: 'int', gone: 'int?' } }" });
    for (const text of ['\ufeffa,b\n1,2\n', '\ufeffa,b\n']) {
      const { code, out, err } = await forebay('read', file('lacking.csv', text), '--job-file', job);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(/lacking\.csv is refused at byte 3: ColumnMissing: the file has no field 'gone'/);
    }
  });
});

describe('wrong usage is exit code 64, and says what is allowed', () => {
  test.each([
    [['--format', 'csv', '--delimiter', ''], /--delimiter is "". Allowed: one /],
    [['--format', 'csv', '--delimiter', '"'], /--delimiter is .*Allowed: .* other than quote and escape/],
    [['--format', 'csv', '--quote', 'é'], /--quote is "é". Allowed: one ASCII character/],
    [['--format', 'csv', '--header', 'a,a'], /--header is "a". Allowed: each name once/],
    [['--format', 'csv', '--path', '$.a'], /--path: not with csv, which takes --delimiter, /],
    [['--format', 'tsv'], /--format is 'tsv'; there is csv/],
    [['--format', 'csv', '--limit', '0'], /--limit is '0': give a whole number from 1/],
    [['--format', 'csv', '--slice', '2026-03-01'], /--slice is the slice of a job/],
    [[], /give --job, --job-file or --format/],
    [['--job', 'orders', '--job-file', 'x.ts'], /give --job or --job-file, not both/],
    [
      ['--job', 'orders', '--format', 'csv', '--no-quote'],
      /the job says its format: leave out --format, --quote/,
    ],
    [['--job', 'orders', '--slice', 'monday'], /write it as 2026-03-01/],
    [['--job-file', '/nowhere/x.ts'], /x\.ts: cannot be read/],
    [
      ['--format', 'csv', '--rejects', '/nowhere/x.ndjson'],
      /--rejects \/nowhere\/x\.ndjson cannot be written \(ENOENT\)/,
    ],
  ])('%j', async (flags, message) => {
    const { code, out, err } = await forebay('read', file('usage.csv', 'a\n1\n'), ...flags);
    expect(err).toMatch(message);
    expect([code, out]).toEqual([64, '']);
  });

  test.each([
    ['no file', () => join(dir, 'gone.csv'), /there is no file .*gone\.csv/],
    ['a folder', () => dir, /is a folder: name one file/],
    ['what can be read once only', () => '/dev/null', /is no file on disk/],
  ])('%s', async (_, path, message) => {
    const { code, err } = await forebay('read', path(), '--format', 'csv');
    expect(err).toMatch(message);
    expect(code).toBe(64);
  });

  test('rejects never take the place of the file that is read', async () => {
    const path = file('same.csv', 'a\n1\n');
    const { code, err } = await forebay('read', path, '--format', 'csv', '--rejects', `${dir}/./same.csv`);
    expect(err).toMatch(/is the file that is read: name another/);
    expect([code, readFileSync(path, 'utf8')]).toEqual([64, 'a\n1\n']);
  });
});

test('each option of a format is a flag', async () => {
  const { formatSpec } = await import('../../../core/job/format/format.ts');
  const fields = new Set(formatSpec.options.flatMap(({ shape }) => Object.keys(shape)));
  const flags = formatFlags.map(({ field }) => field);
  // a slice may have to bring records; a file is what it is
  expect([...fields].filter((field) => !flags.includes(field))).toEqual(['kind', 'required']);
});

describe('the process', () => {
  const launch = (args: string[]) => run(process.execPath, [join(root, 'bin', 'forebay.mjs'), ...args], {});

  test('ends with the exit codes of the docs', async () => {
    const good = await launch(['read', file('exit.csv', 'a\n1\n'), '--format', 'csv']);
    expect([good.code, good.stdout]).toEqual([0, '{"a":"1"}\n']);
    expect((await launch(['read', file('exit2.csv', 'a,a\n1\n'), '--format', 'csv'])).code).toBe(2);
    expect((await launch(['read', join(dir, 'exit.csv'), '--fromat', 'csv'])).code).toBe(64);
  }, 60_000);

  test('ends quietly where the reader of its pipe has seen enough, and leaves nothing behind', async () => {
    const path = file('pipe.csv', `a\n${'some text\n'.repeat(400_000)}`);
    const job = jobFile('pipe', { contract: "{ columns: { a: 'string' } }" });
    const temporary = join(dir, 'temporary');
    mkdirSync(temporary);
    const command = `"${process.execPath}" bin/forebay.mjs read "${path}" --job-file "${job}" | head -2`;
    const { stdout, stderr } = await run('bash', ['-c', `set -o pipefail; ${command}; echo "exit $?"`], {
      cwd: root,
      env: { ...process.env, TMPDIR: temporary },
    });
    expect(stdout).toBe('{"a":"some text"}\n{"a":"some text"}\nexit 0\n');
    expect(stderr).toBe('');
    expect(readdirSync(temporary).filter((name) => name.startsWith('forebay-'))).toEqual([]);
  }, 60_000);
});
