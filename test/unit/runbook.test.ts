/** docs/runbook.md against the code: alarms, errors, and the commands that it tells people to run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram, leaves } from '../../cli/program.ts';
import { jobAlarms, sharedAlarms } from '../../core/alarms.ts';
import { terminalNames, transientNames } from '../../core/errors.ts';
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

test("each input of a job's machine in the runbook is a request as the machine reads it", () => {
  const runs = [...doc.matchAll(/stateMachine:forebay-STAGE-JOB \\\n +--input '(.*)'/g)];
  expect(runs.length).toBeGreaterThan(1);
  for (const [, input = ''] of runs) {
    const given = JSON.parse(input);
    expect(readRequest(given)).toMatchObject(given);
  }
});
