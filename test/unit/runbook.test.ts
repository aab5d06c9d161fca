/** docs/runbook.md against the code: alarms, errors, and the commands that it tells people to run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import type { Ledger } from '../../aws/interfaces.ts';
import { ledger } from '../../aws/ledger.ts';
import { confirm } from '../../cli/commands/dlq-redrive.ts';
import { undelivered } from '../../cli/failures/dead-letters.ts';
import { type FilterOptions, filterOf } from '../../cli/failures/select.ts';
import { buildProgram, leaves } from '../../cli/program.ts';
import { jobAlarms, sharedAlarms } from '../../core/alarms.ts';
import { backfillSuffix } from '../../core/backfill/model.ts';
import { readBackfillInput } from '../../core/backfill/request.ts';
import { terminalNames, transientNames } from '../../core/errors.ts';
import type { FailureRecord } from '../../core/failure.ts';
import { backfillPlanKey } from '../../core/storage.ts';
import { readRequest } from '../../tasks/run-request.ts';

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8');
const doc = read('runbook.md');

function section(heading: string): string {
  const [, behind = ''] = doc.split(`\n${heading}\n`);
  const level = heading.slice(0, heading.indexOf(' '));
  return behind.split(new RegExp(`\\n${level.replace(/#$/, '#?')} `))[0] ?? '';
}

const rowsOf = (text: string): string[][] =>
  [...text.matchAll(/^\| (`\w+` \| .*) \|$/gm)].map(([, row = '']) => row.split(/ \| /));
const namesIn = (text: string): string[] => rowsOf(text).map(([name = '']) => name.replaceAll('`', ''));

test('the runbook has each alarm of a job, and of what jobs share, and no other', () => {
  expect(namesIn(section('### Of a job')).sort()).toEqual([...jobAlarms].sort());
  expect(namesIn(section('### Of all jobs')).sort()).toEqual([...sharedAlarms].sort());
});

test('the runbook has each error, and no other', () => {
  const [before = ''] = section('## Errors').split('\n### Deliveries\n');
  expect(namesIn(before).sort()).toEqual([...terminalNames, ...transientNames].sort());
});

test('what has no name of its own is in the runbook and in docs/errors.md as the CLI calls it', () => {
  expect(namesIn(section('### Deliveries'))).toContain(undelivered);
  expect(read('errors.md').split('\n## Other names\n')[1]).toContain(`\`${undelivered}\``);
  expect(read('job-file.md')).toContain(`[\`${undelivered}\`](runbook.md#deliveries)`);
});

test('each row says what it means or how to see it, and what to run', () => {
  const rows = rowsOf(doc);
  expect(rows.length).toBeGreaterThan(40);
  for (const row of rows) {
    expect(row.length, row[0]).toBeGreaterThanOrEqual(3);
    for (const cell of row) expect(cell.trim(), row[0]).not.toBe('');
  }
});

interface Parsed {
  command: string;
  args: unknown[];
  options: FilterOptions & { yes?: boolean; dryRun?: boolean };
}

/** What the program makes of a command line, short of doing it. */
async function parsed(line: string): Promise<Parsed> {
  const quiet = { write: () => true };
  const program = buildProgram({ environment: {}, stdout: quiet, stderr: quiet });
  let found: Parsed | null = null;
  for (const leaf of leaves(program)) {
    leaf.action((...given: unknown[]) => {
      const command = `${leaf.parent === program ? '' : `${leaf.parent?.name()} `}${leaf.name()}`;
      found = { command, args: given.slice(0, -2), options: leaf.opts() };
    });
  }
  await program.parseAsync(['node', 'forebay', ...line.split(' ')]);
  if (found === null) throw new Error(`\`forebay ${line}\` is no command`);
  return found;
}

const commandsIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/`(?:npx )?forebay ([^`]+)`/g)].map(([, command = '']) => command)),
];

test.each(commandsIn(doc))('the runbook says `forebay %s`, which the program takes', async (line) => {
  const { command, args, options } = await parsed(line);
  if (command === 'raw forget') expect([options.yes, options.dryRun]).toContain(true);
  if (command !== 'dlq redrive' && command !== 'dlq discard') return;
  const ids = args[0] as string[];
  const filters = Object.keys(filterOf(options, new Date()));
  expect(ids.length > 0, 'it says which, by ids or by filters').not.toBe(filters.length > 0);
  const many = [{ id: 'a' }, { id: 'b' }] as FailureRecord[];
  expect(() => confirm(many, ids, options.yes, 'do it to'), 'as soon as two match').not.toThrow();
});

test.each(commandsIn(read('errors.md')))(
  'docs/errors.md says `forebay %s`, which the program takes',
  async (line) => {
    await expect(parsed(line)).resolves.toBeDefined();
  },
);

/** The `aws` commands of the page: what they do, and each option with its value. */
const awsCommands = [...doc.matchAll(/^```sh\n([^`]*)^```/gm)]
  .flatMap(([, block = '']) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
  .flatMap((line) => /aws .*/.exec(line.replaceAll("'$n'", '7').replace(/; done$/, '')) ?? [])
  .map((command) => ({
    verb: command.split(' ').slice(1, 3).join(' '),
    options: new Map(
      [...command.matchAll(/--([a-z-]+) ('[^']*'|\S+)/g)].map(([, name = '', value = '']) => [
        name,
        value.replaceAll("'", ''),
      ]),
    ),
  }));

/** What the machines of that name are started with. */
const inputsOf = (machine: string): unknown[] =>
  awsCommands
    .filter(({ verb, options }) => {
      return verb === 'stepfunctions start-execution' && options.get('state-machine-arn')?.endsWith(machine);
    })
    .map(({ options }) => JSON.parse(options.get('input') ?? ''));

test("each input of a job's machine in the runbook is a request as the machine reads it", () => {
  const inputs = inputsOf('stateMachine:forebay-STAGE-JOB');
  expect(inputs.length).toBeGreaterThan(1);
  for (const given of inputs) expect(readRequest(given)).toMatchObject(given as object);
});

test('each input of a backfill machine in the runbook is one as the machine reads it', () => {
  const inputs = inputsOf(`stateMachine:forebay-STAGE-JOB${backfillSuffix}`);
  expect(inputs.length).toBeGreaterThan(2);
  for (const given of inputs) expect(readBackfillInput(given)).toMatchObject(given as object);
});

/** What a verb of the ledger asks of DynamoDB, as JSON. */
async function asked(verb: (ours: Ledger) => Promise<unknown>): Promise<object[]> {
  const requests: object[] = [];
  const handle = async ({ body }: { body: Uint8Array }) => {
    requests.push(JSON.parse(new TextDecoder().decode(body)));
    return { response: { statusCode: 200, headers: {}, body: Readable.from(['{}']) } };
  };
  const client = new DynamoDBClient({
    ...{ region: 'eu-west-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
    requestHandler: { handle } as never,
  });
  await verb(ledger(client, { slices: 'SLICES_TABLE', runs: 'RUNS_TABLE' }));
  return requests;
}

/** The keys' conditions of a command, by attribute, as DynamoDB takes them without an expression. */
function keyConditions(expression: string, values: Record<string, unknown>): object {
  const known = /(\w+) = (:\w+)|begins_with\((\w+), (:\w+)\)|(\w+) BETWEEN (:\w+) AND (:\w+)/g;
  const read = [...expression.matchAll(known)].map(([whole, ...parts]) => {
    const [name = '', ...of] = parts.filter((part) => part !== undefined);
    const operator = whole.startsWith('begins_with')
      ? 'BEGINS_WITH'
      : whole.includes(' BETWEEN ')
        ? 'BETWEEN'
        : 'EQ';
    return { name, operator, whole, values: of.map((each) => values[each]) };
  });
  expect(read.map(({ whole }) => whole).join(' AND ')).toBe(expression);
  return Object.fromEntries(
    read.map(({ name, operator, values }) => [
      name,
      { ComparisonOperator: operator, AttributeValueList: values },
    ]),
  );
}

const pascal = (name: string): string =>
  name.replaceAll(/(?:^|-)([a-z])/g, (_, letter) => letter.toUpperCase());

test("each of the runbook's commands to DynamoDB is what a verb of the ledger asks", async () => {
  const [job, id] = ['JOB', 'my-backfill-1'];
  const [at, pause] = ['2026-03-02T09:00:00.000Z', { by: 'me', reason: 'why' }];
  const range = { from: '2026-01-01', to: '2026-01-31' };
  const verbs = {
    'update-item': (ours: Ledger) => ours.cancelBackfill(job, id, at),
    'get-item': (ours: Ledger) => ours.getBackfill(job, id),
    'put-item': (ours: Ledger) => ours.putPause(job, { at, ...pause }),
    'delete-item': (ours: Ledger) => ours.removePause(job),
    query: async (ours: Ledger) => {
      await Promise.all([
        ours.listBackfills({ job }),
        ours.listBackfillSlices(id),
        ours.listSlices(job, range),
      ]);
    },
  };
  const commands = awsCommands.filter(({ verb }) => verb.startsWith('dynamodb '));
  expect(commands.map(({ verb }) => verb.slice('dynamodb '.length)).sort()).toEqual([
    ...['delete-item', 'get-item', 'put-item', 'query', 'query', 'query', 'update-item'],
  ]);
  for (const { verb, options } of commands) {
    const told = Object.fromEntries(
      [...options].map(([name, value]) => [pascal(name), value.startsWith('{') ? JSON.parse(value) : value]),
    );
    const { KeyConditionExpression, ExpressionAttributeValues, ...rest } = told;
    const wanted =
      KeyConditionExpression === undefined
        ? told
        : { ...rest, KeyConditions: keyConditions(KeyConditionExpression, ExpressionAttributeValues) };
    const requests = await asked(verbs[verb.slice('dynamodb '.length) as keyof typeof verbs]);
    expect(requests, verb).toContainEqual(expect.objectContaining(wanted));
  }
});

test("the runbook's place of a backfill's plan is where the machine puts it", () => {
  expect(doc).toContain(`s3://OPS_BUCKET/${backfillPlanKey('JOB', 'my-backfill-1')} `);
});
