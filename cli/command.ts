/** What the commands have in common. */
import type { Command } from 'commander';
import { wrongUsage } from './problem.ts';
import type { Session } from './session.ts';

/** Makes a command's session from the options that were given before or behind its name. */
export type OpenSession = (command: Command) => Session;

export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;

/** The whole number from 1 behind an option. */
export function positive(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw wrongUsage(`${option} is '${text}': give a whole number from 1`);
  return number;
}
