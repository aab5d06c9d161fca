/** docs/job-file.md against the schema of job files, in both directions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { catalogColumns } from '../../../core/contract/output.ts';
import { loadJobs } from '../../../core/job/load.ts';
import { jobSpec } from '../../../core/job/spec.ts';
import { sliceForScheduledTime } from '../../../core/slice.ts';
import { loadOne, withFolder } from './support.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const doc = read('docs/job-file.md');

/** What this test needs to know of zod's schemas. */
interface Definition {
  type: string;
  innerType?: { def: Definition };
  valueType?: { def: Definition };
  element?: { def: Definition };
  options?: Array<{ def: Definition }>;
  shape?: Record<string, { def: Definition }>;
  values?: unknown[];
  defaultValue?: unknown;
}

/** Formats have fields of the same name: each is told by its format as well. */
const ofFormat = (field: string, kind: unknown): string =>
  field.startsWith('format.') ? `${field} of ${kind}` : field;

/** Every field below a schema, by its path; a record's members are `<column>`, a list's items have no path. */
function fieldsOf(def: Definition, path: string): Array<[string, Definition]> {
  const inner = def.innerType?.def;
  if (inner !== undefined) return fieldsOf(inner, path);
  const kind = def.shape?.kind?.def.values?.[0];
  const at = (name: string) => (path === '' ? name : ofFormat(`${path}.${name}`, kind));
  if (def.shape !== undefined) {
    return Object.entries(def.shape)
      .filter(([name]) => name !== 'kind')
      .flatMap(([name, member]) => [[at(name), member.def], ...fieldsOf(member.def, at(name))]);
  }
  if (def.valueType !== undefined) {
    const column = def.valueType.def;
    return [[at('<column>'), column], ...fieldsOf(column, at('<column>'))];
  }
  if (def.element !== undefined) return fieldsOf(def.element.def, path);
  return (def.options ?? []).flatMap((option) => fieldsOf(option.def, path));
}

const fields = new Map(fieldsOf(jobSpec.def as unknown as Definition, ''));

/** Rows of the tables of fields: path, default, allowed, example. A format's are below a heading with its name. */
const rows = doc.split(/\n(?=##+ )/).flatMap((section) => {
  const [, heading] = /^##+ (.*)/.exec(section) ?? [];
  return section
    .split('\n')
    .filter((line) => /^\| `[a-zA-Z.<>]+` \|.*\|.*\|.*\|$/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | ?\|$/g, '').trim()))
    .filter((cells) => cells.length === 4)
    .map(([field = '', standard = '', , example = '']) => ({
      field: ofFormat(field.replaceAll('`', ''), heading),
      ...{ standard, example },
    }));
});

test('the schema has fields at every depth', () => {
  expect([...fields.keys()]).toEqual(
    expect.arrayContaining([
      'name',
      'source.prefix',
      'contract.columns.<column>.from',
      'contract.maxRejects.ratio',
    ]),
  );
});

test('each field of a job file is in the docs, and the docs name none that is not there', () => {
  expect(rows.map(({ field }) => field).sort()).toEqual([...fields.keys()].sort());
});

/** Defaults that come from other fields. */
const derived: Record<string, string> = {
  'format.escape of csv': 'the quote',
  freshness: 'as long as a slice, where there is a schedule',
};

test.each(rows)('the docs have the default of $field', ({ field, standard }) => {
  const def = fields.get(field);
  if (def?.type === 'default') {
    expect(evaluate(standard.replaceAll('`', ''))).toEqual(def.defaultValue);
  } else if (def?.type === 'optional') {
    expect(standard).toBe(derived[field] ?? 'none');
  } else {
    const one = field.startsWith('contract.maxRejects.') ? 'either' : 'required';
    expect(standard).toBe(field === 'privacy.<column>' ? 'none' : one);
  }
});

/** A literal as the docs write it. */
const evaluate = (literal: string): unknown => new Function(`return (${literal});`)();

/** Each complete job of a Markdown file. */
const jobsIn = (file: string): string[] =>
  [...read(file).matchAll(/```ts\n([\s\S]*?)```/g)]
    .map((match) => match[1] ?? '')
    .filter((text) => text.includes('defineJob'));

const pages = [
  ...['README.md', 'docs/job-file.md', 'docs/cli.md', 'docs/formats.md', 'docs/types.md'],
  'docs/privacy.md',
];
const examples = pages.flatMap((page) =>
  jobsIn(page).map((text) => ({ page, name: /name: '([^']+)'/.exec(text)?.[1] ?? '', text })),
);

test.each(examples)("the job '$name' in $page is right", async ({ name, text }) => {
  const loaded = await withFolder({ [`${name}.ts`]: text }, loadJobs);
  expect(loaded.map(({ job }) => job.name)).toEqual([name]);
});

test("the nested columns of the docs' example have the types that the docs say", async () => {
  const [text = ''] = jobsIn('docs/privacy.md');
  const [loaded] = await withFolder({ 'purchases.ts': text }, loadJobs);
  const types = Object.fromEntries(
    catalogColumns(loaded?.job ?? expect.fail()).map(({ name, type }) => [name, type]),
  );
  expect(read('docs/privacy.md')).toContain(
    `In the catalog \`address\` is then \`${types.address}\`, and \`contacts\` a \`${types.contacts}\`.`,
  );
});

test('README.md and docs/job-file.md show a job file each', () => {
  expect(examples.map(({ page }) => page)).toEqual(expect.arrayContaining(['README.md', 'docs/job-file.md']));
});

test('each example of a field is allowed there', async () => {
  const value = (field: string) => rows.find((row) => row.field === field)?.example.replaceAll('`', '') ?? '';
  const nameOf = (field: string) =>
    field
      .replace(/ of .*/, '')
      .split('.')
      .at(-1) ?? '';
  const part = (field: string) => `${nameOf(field)}: ${value(field)}`;
  const options = rows.filter(({ field }) => field.endsWith(' of csv') && field !== 'format.header of csv');
  const format = options.map(({ field }) => part(field));
  const triggers = ['schedule', 'scheduleWindow', 'freshness', 'catchUp', 'arrival'];
  const columns = ['onNewColumn', 'onMissingColumn', 'onRetypedColumn', 'names'];
  const contract = ['filter', 'key', ...columns, 'onBadRecord', 'maxRejects'];
  const envelope = rows.filter(({ field }) => field.startsWith('envelope.')).map(({ field }) => part(field));
  const text = `
    import { csv, defineJob, inbox, lake, s3Source } from 'forebay/core/job';
    export default defineJob({
      ${['name', 'owner', 'cadence', 'timezone', 'lag', ...triggers, 'sinks'].map(part).join(', ')},
      source: s3Source({ ${part('source.bucket')}, ${part('source.prefix')} }),
      format: csv({ ${format.join(', ')} }),
      contract: {
        columns: {
          order_id: 'int', email: ${value('contract.columns.<column>')},
          other: { ${part('contract.columns.<column>.type')}, ${part('contract.columns.<column>.from')} },
        },
        ${contract.map((name) => part(`contract.${name}`)).join(', ')},
      },
      envelope: { ${envelope.join(', ')} },
      ${part('privacy')},
    });`;
  const [loaded] = await withFolder({ 'orders.ts': text }, loadJobs);
  expect(loaded?.job.format).toMatchObject({ delimiter: '\t', quote: "'", escape: '\\', nulls: ['', '\\N'] });
  expect(loaded?.job.contract.columns[2]?.from).toBe('"Order ID"');
});

test.each(['ndjson', 'json'])('each example of a field of %s is allowed there', async (kind) => {
  const examples = rows.filter(({ field }) => field.endsWith(` of ${kind}`));
  const options = examples.map(
    ({ field, example }) => `${field.slice('format.'.length).split(' ')[0]}: ${example.replaceAll('`', '')}`,
  );
  const { job } = await loadOne('orders', { format: `${kind}({ ${options.join(', ')} })` });
  expect(Object.keys(job.format).sort()).toEqual(
    ['kind', ...examples.map(({ field }) => field.slice('format.'.length).split(' ')[0])].sort(),
  );
});

test('the problems that the docs show are told in these words', async () => {
  const [, shown = ''] = /```\n(2 problems[\s\S]*?)\n```/.exec(doc) ?? [];
  const wrong = (jobsIn('docs/job-file.md')[0] ?? '')
    .replace("cadence: 'daily'", "cadence: 'weekly'")
    .replace("key: ['order_id']", "key: ['order_ID']");
  const told = await withFolder({ 'orders.ts': wrong }, async (dir) => {
    const error = await loadJobs(dir).catch((reason: Error) => reason);
    return error instanceof Error ? error.message.replaceAll(/\S*orders\.ts/g, 'jobs/orders.ts') : '';
  });
  expect(told).toBe(shown);
});

test("the docs' example of a lag is what a scheduled run does", () => {
  expect(doc).toContain(
    "With `cadence: 'daily'`, `lag: '3h'` and `timezone: 'UTC'`, the run of 02 March 02:15",
  );
  const job = { name: 'orders', cadence: 'daily', timezone: 'UTC', lagSeconds: 3 * 3_600 } as const;
  expect(sliceForScheduledTime(job, '2026-03-02T02:15:00Z').name).toBe('2026-02-28');
});
