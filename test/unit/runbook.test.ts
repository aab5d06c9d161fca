/** docs/runbook.md against the code: alarms, errors, and the commands that it tells people to run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Ledger } from '../../aws/interfaces.ts';
import { ledger } from '../../aws/ledger.ts';
import { buildProgram, leaves } from '../../cli/program.ts';
import { jobAlarms, sharedAlarms } from '../../core/alarms.ts';
import { backfillSuffix } from '../../core/backfill/model.ts';
import { readBackfillInput } from '../../core/backfill/request.ts';
import { terminalNames, transientNames } from '../../core/errors.ts';
import { backfillPlanKey } from '../../core/storage.ts';
import { readRequest } from '../../tasks/run-request.ts';

const doc = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'runbook.md'), 'utf8');

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
  expect(namesIn(section('## Errors')).sort()).toEqual([...terminalNames, ...transientNames].sort());
});

test('each row says what it means or how to see it, and what to run', () => {
  const rows = rowsOf(doc);
  expect(rows.length).toBeGreaterThan(40);
  for (const row of rows) {
    expect(row.length, row[0]).toBeGreaterThanOrEqual(3);
    for (const cell of row) expect(cell.trim(), row[0]).not.toBe('');
  }
});

/** The commands of a text, each as its words. */
const commandsIn = (text: string): string[][] =>
  [...text.matchAll(/`(?:npx )?forebay ([^`]+)`/g)].map(([, command = '']) => command.split(' '));

const quiet = { write: () => true };
const program = buildProgram({ environment: {}, stdout: quiet, stderr: quiet });
const pathOf = (command: Command): string[] =>
  command.parent === null ? [] : [...pathOf(command.parent), command.name()];

test('each command that the runbook names is there, with the options that it is given', () => {
  const known = leaves(program).map((command) => ({ command, path: pathOf(command) }));
  const commands = commandsIn(doc);
  expect(commands.length).toBeGreaterThan(40);
  for (const words of commands) {
    const found = known
      .filter(({ path }) => path.every((word, i) => words[i] === word))
      .sort((a, b) => b.path.length - a.path.length)[0];
    expect(found, words.join(' ')).toBeDefined();
    const options = words.filter((word) => word.startsWith('--'));
    const has = found?.command.options.map(({ long }) => long ?? '') ?? [];
    expect(
      options.filter((option) => !has.includes(option)),
      words.join(' '),
    ).toEqual([]);
  }
});

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
  const handle = async ({ body }: { body: Uint8Array | string }) => {
    requests.push(JSON.parse(Buffer.from(body).toString()));
    return { response: { statusCode: 200, headers: {}, body: Readable.from(['{}']) } };
  };
  const client = new DynamoDBClient({
    ...{ region: 'eu-west-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
    requestHandler: { handle } as never,
  });
  await verb(ledger(client, { slices: 'SLICES_TABLE', runs: 'RUNS_TABLE' }));
  return requests;
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
    const requests = await asked(verbs[verb.slice('dynamodb '.length) as keyof typeof verbs]);
    expect(requests, verb).toContainEqual(expect.objectContaining(told));
  }
});

test("the runbook's place of a backfill's plan is where the machine puts it", () => {
  expect(doc).toContain(`s3://OPS_BUCKET/${backfillPlanKey('JOB', 'my-backfill-1')} `);
});
