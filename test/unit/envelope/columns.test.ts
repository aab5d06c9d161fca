/** Files whose columns are not the contract's, against what the policies' words say, record by record. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Contract, Format, Job } from '../../../core/job/model.ts';
import { envelopeFile, readBatch } from '../../support/envelope.ts';
import { columnDefaults, job as plainJob } from '../../support/world.ts';
import { dialect } from '../formats/support.ts';

const scratch = mkdtempSync(join(tmpdir(), 'forebay-columns-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

type Policies = typeof columnDefaults;

const columns: Contract['columns'] = [
  { name: 'id', type: { name: 'bigint' }, nullable: false, from: null },
  { name: 'qty', type: { name: 'int' }, nullable: true, from: null },
  { name: 'note', type: { name: 'string' }, nullable: false, from: null },
];
const jobOf = (format: Format, policies: Partial<Policies>): Job => ({
  ...plainJob,
  format,
  contract: { ...plainJob.contract, ...columnDefaults, columns, ...policies },
});

interface Made {
  /** Number, id, qty and note of what was written. */
  written: Array<[number, ...Array<string | null>]>;
  rejected: Array<[number, string, string | null]>;
  discarded: number;
}

/** What becomes of a file, or the name of the error that refuses it. */
async function make(job: Job, input: string, shardBytes: number): Promise<Made | string> {
  const directory = join(scratch, String(folders++));
  try {
    const shards = await envelopeFile(job, Buffer.from(input), { shardBytes, directory });
    const records = (await Promise.all(shards.map(({ file }) => readBatch(file)))).flat();
    return {
      written: records.map(({ metadata, data }) => [
        metadata.lineage.record,
        ...columns.map(({ name }) => data[name] ?? null),
      ]),
      rejected: shards.flatMap(({ rejects }) =>
        rejects.map(({ record, code, column }): Made['rejected'][number] => [record, code, column]),
      ),
      discarded: shards.reduce((sum, { discarded }) => sum + (discarded.qty ?? 0), 0),
    };
  } catch (error) {
    return (error as Error).name;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What stands in a field: nothing at all, null, a value of the column's type, or one of another. */
type Cell = 'absent' | 'null' | 'good' | 'bad';
const names = ['id', 'qty', 'note', 'x', 'Y'] as const;
type Row = Record<(typeof names)[number], Cell>;
const texts: Row & Record<string, string> = { id: '7', qty: '8', note: 'n', x: 'v', Y: 'w' } as never;
const textOf = (name: (typeof names)[number], cell: Cell): string =>
  cell === 'bad' && (name === 'id' || name === 'qty') ? 'none' : texts[name];
const has = (row: Row, name: (typeof names)[number]): boolean => row[name] === 'good' || row[name] === 'bad';

/** The policies, in the order in which docs/job-file.md looks at a record. `missing`: in no record of the file. */
function judged(
  row: Row,
  policies: Policies,
  missing: ReadonlySet<string>,
): Array<string | null> | [string, string | null, null] {
  const lacks = (name: 'id' | 'qty' | 'note') => missing.has(name) || row[name] === 'absent';
  if (policies.onNewColumn === 'discard-record' && (has(row, 'x') || has(row, 'Y'))) {
    return ['ColumnUnexpected', null, null];
  }
  if (policies.onMissingColumn === 'discard-record' && (lacks('id') || lacks('qty') || lacks('note'))) {
    return ['ColumnMissing', null, null];
  }
  const spared = (name: 'id' | 'note') => policies.onMissingColumn === 'evolve' && lacks(name);
  if (!has(row, 'id') && !spared('id')) return ['NullNotAllowed', 'id', null];
  if (row.id === 'bad') return ['CastFailed', 'id', null];
  if (row.qty === 'bad' && policies.onRetypedColumn !== 'discard-column') return ['CastFailed', 'qty', null];
  if (!has(row, 'note') && !spared('note')) return ['NullNotAllowed', 'note', null];
  return [
    has(row, 'id') ? '7' : null,
    row.qty === 'good' ? '8' : null,
    has(row, 'note') ? 'n' : null,
    'kept',
  ];
}

function expected(rows: Row[], policies: Policies, missing: ReadonlySet<string> = new Set()): Made {
  const made: Made = { written: [], rejected: [], discarded: 0 };
  for (const [record, row] of rows.entries()) {
    const found = judged(row, policies, missing);
    if (found[3] === 'kept') {
      made.written.push([record, ...found.slice(0, 3)]);
      if (row.qty === 'bad') made.discarded++;
    } else made.rejected.push([record, String(found[0]), found[1] ?? null]);
  }
  return made;
}

const cell = fc.constantFrom<Cell>('absent', 'null', 'good', 'good', 'good', 'bad');
const odd = fc.constantFrom<Cell>('absent', 'absent', 'absent', 'null', 'good');
const row: fc.Arbitrary<Row> = fc.record({ id: cell, qty: cell, note: cell, x: odd, Y: odd });
const anyPolicies: fc.Arbitrary<Policies> = fc.record({
  onNewColumn: fc.constantFrom('discard-column', 'fail', 'discard-record', 'discard-record'),
  onMissingColumn: fc.constantFrom('fail', 'discard-column', 'evolve', 'discard-record'),
  onRetypedColumn: fc.constantFrom('discard-record', 'discard-column'),
  names: fc.constantFrom('exact', 'ignore-case'),
});
const shardSizes = fc.constantFrom(1, 60, 1_000_000);
const runs = { numRuns: 40 };

/** As the n-th record writes it. */
const spelled = (name: string, { names: how }: Policies, n: number): string =>
  how === 'exact' || n % 2 === 0
    ? name
    : name === name.toUpperCase()
      ? name.toLowerCase()
      : name.toUpperCase();

const ndjson = (rows: Row[], policies: Policies): string =>
  rows
    .map((one, n) => {
      const members = names.filter((name) => one[name] !== 'absent');
      const value = (name: (typeof names)[number]) =>
        one[name] === 'null' ? 'null' : JSON.stringify(textOf(name, one[name]));
      return `{${members.map((name) => `"${spelled(name, policies, n)}":${value(name)}`).join(',')}}\n`;
    })
    .join('');

/** XML has no null: what is null is not there. */
const xml = (rows: Row[], policies: Policies): string =>
  `<d>${rows
    .map((one, n) => {
      const elements = names
        .filter((name) => has(one, name))
        .map((name) => {
          const written = spelled(name, policies, n);
          return `<${written}>${textOf(name, one[name])}</${written}>`;
        });
      return `<r>${elements.join('')}</r>\n`;
    })
    .join('')}</d>`;

describe('F40 records with names of their own, in shards of any size', () => {
  const isRefused = (rows: Row[], { onNewColumn }: Policies) =>
    onNewColumn === 'fail' && rows.some((one) => has(one, 'x') || has(one, 'Y'));
  const records = fc.array(row, { minLength: 1, maxLength: 6 });

  test('become what the policies say of each: ndjson and json', async () => {
    await fc.assert(
      fc.asyncProperty(
        records,
        anyPolicies,
        shardSizes,
        fc.boolean(),
        async (rows, policies, size, lines) => {
          const text = ndjson(rows, policies);
          const format: Format = lines
            ? { kind: 'ndjson', header: null, required: false, encoding: 'utf-8' }
            : { kind: 'json', path: '$', required: false, encoding: 'utf-8' };
          const input = lines ? text : `[${text.trimEnd().replaceAll('\n', ',\n')}]`;
          expect(await make(jobOf(format, policies), input, size)).toEqual(
            isRefused(rows, policies) ? 'ColumnUnexpected' : expected(rows, policies),
          );
        },
      ),
      runs,
    );
  }, 120_000);

  test('become what the policies say of each: xml', async () => {
    const format: Format = { kind: 'xml', record: 'r', namespaces: 'strip', required: false, encoding: null };
    await fc.assert(
      fc.asyncProperty(records, anyPolicies, shardSizes, async (rows, policies, size) => {
        const there = rows.map((one) => {
          const seen = Object.entries(one).map(([name, found]) => [
            name,
            found === 'null' ? 'absent' : found,
          ]);
          return Object.fromEntries(seen) as Row;
        });
        expect(await make(jobOf(format, policies), xml(there, policies), size)).toEqual(
          isRefused(there, policies) ? 'ColumnUnexpected' : expected(there, policies),
        );
      }),
      runs,
    );
  }, 120_000);
});

describe('F40 files with a header, in shards of any size', () => {
  /** What refuses the file, before a record is looked at; `null`: nothing. */
  function refusal(missing: ReadonlySet<string>, unread: boolean, policies: Policies): string | null {
    if (unread && policies.onNewColumn === 'fail') return 'ColumnUnexpected';
    const needed = ['id', 'qty', 'note'].filter((name) => missing.has(name));
    const { onMissingColumn } = policies;
    const lacking = onMissingColumn === 'discard-column' ? needed.filter((name) => name !== 'qty') : needed;
    const isSpared = onMissingColumn === 'evolve' || onMissingColumn === 'discard-record';
    return isSpared || lacking.length === 0 ? null : 'ColumnMissing';
  }

  test('become what the policies say of the file, or of each record: csv, and ndjson of arrays', async () => {
    // an absent field of a record is null: the file has it, or not
    const inFile = row.map((one) =>
      Object.fromEntries(
        Object.entries(one).map(([name, found]) => [name, found === 'absent' ? 'null' : found]),
      ),
    ) as fc.Arbitrary<Row>;
    const header = fc.shuffledSubarray([...names], { minLength: 1 });
    const records = fc.array(inFile, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        header,
        records,
        anyPolicies,
        shardSizes,
        fc.boolean(),
        async (fields, rows, policies, size, arrays) => {
          const missing = new Set(names.filter((name) => !fields.includes(name)));
          const there = rows.map((one) => {
            const seen = names.map((name) => [name, missing.has(name) ? 'null' : one[name]]);
            return Object.fromEntries(seen) as Row;
          });
          const written = fields.map((name, n) => spelled(name, policies, n));
          const cells = there.map((one) =>
            fields.map((name) => (one[name] === 'null' ? null : textOf(name, one[name]))),
          );
          const input = arrays
            ? [written, ...cells].map((line) => `${JSON.stringify(line)}\n`).join('')
            : [written, ...cells.map((line) => line.map((text) => text ?? '\\N'))]
                .map((line) => `${line.join(',')}\n`)
                .join('');
          const format: Format = arrays
            ? { kind: 'ndjson', header: 'first-line', required: false, encoding: 'utf-8' }
            : dialect({ nulls: ['\\N'] });
          const unread = fields.some((name) => name === 'x' || name === 'Y');
          expect(await make(jobOf(format, policies), input, size)).toEqual(
            refusal(missing, unread, policies) ?? expected(there, policies, missing),
          );
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);
});

test('a job version from before there were policies is read as ever', async () => {
  const job = jobOf({ kind: 'ndjson', header: null, required: false, encoding: 'utf-8' }, {});
  const { onNewColumn: _, onMissingColumn: __, onRetypedColumn: ___, names: ____, ...before } = job.contract;
  const input = '{"id":1,"note":"n","x":1}\n{"id":"none","note":"n"}\n{"Id":1,"note":"n"}\n';
  const old = { ...job, contract: before as Contract };
  expect(await make(old, input, 1)).toEqual({
    written: [[0, '1', null, 'n']],
    rejected: [
      [1, 'CastFailed', 'id'],
      [2, 'NullNotAllowed', 'id'],
    ],
    discarded: 0,
  });
  expect(await make({ ...old, format: dialect({}) }, 'id,note,x\n1,a,b\n', 1)).toBe('ColumnMissing');
});

describe('what stands in a header may be data', () => {
  const refused = (header: string) =>
    envelopeFile(jobOf(dialect({}), { onNewColumn: 'fail' }), Buffer.from(`${header}\n1,2,3,4\n`), {
      ...{ shardBytes: 1, directory: join(scratch, String(folders++)) },
    });

  test.each([
    ['id,qty,note,_New2', "field '_New2' of"],
    [`id,qty,note,${'n'.repeat(64)}`, `field '${'n'.repeat(64)}' of`],
    [`id,qty,note,${'n'.repeat(65)}`, 'field 4 of'],
    ['id,alice@example.org,qty,note', 'field 2 of'],
    ['id,qty,0612345678,note', 'field 3 of'],
    ['id,qty,note,Müller', 'field 4 of'],
  ])('of %s a name is told only where it looks like one', async (header, told) => {
    await expect(refused(header)).rejects.toMatchObject({
      name: 'ColumnUnexpected',
      persistence: 'terminal',
      message: expect.stringContaining(`nothing in job orders reads ${told} the file's 4`),
    });
  });
});
