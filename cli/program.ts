/** The command line: what commands there are, and what they have in common. */
import { Command, Option } from 'commander';
import { examples, type OpenSession } from './command.ts';
import { addBackfill } from './commands/backfill.ts';
import { addDecrypt } from './commands/decrypt.ts';
import { addDlq } from './commands/dlq.ts';
import { addEvents } from './commands/events.ts';
import { addInfer } from './commands/infer.ts';
import { addJobs } from './commands/jobs.ts';
import { addLoad } from './commands/load.ts';
import { addLocal } from './commands/local.ts';
import { addQuery } from './commands/query.ts';
import { addRaw } from './commands/raw.ts';
import { addRead } from './commands/read.ts';
import { addRejects } from './commands/rejects.ts';
import { addRun } from './commands/run.ts';
import { addRuns } from './commands/runs.ts';
import { addSecrets } from './commands/secrets.ts';
import { addStatus } from './commands/status.ts';
import type { Sink } from './output.ts';
import { createSession, type GlobalOptions } from './session.ts';

export interface Streams {
  environment: NodeJS.ProcessEnv;
  stdout: Sink;
  stderr: Sink;
}

export const exitCodeHelp = `
Exit codes:
  0   done
  1   the operation failed, e.g. a run ended FAILED or a file was not loaded
  2   a file as a whole is refused, and nothing of it counts as read
  64  the command line is wrong`;

export function buildProgram(streams: Streams): Command {
  const program = new Command('forebay')
    .description('Brings batches of data into a data lake and proves that nothing was lost on the way')
    .addHelpText('after', exitCodeHelp)
    .addHelpText('after', examples('forebay local up', 'forebay load orders orders.csv --slice 2026-03-01'))
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    })
    .exitOverride()
    .showHelpAfterError('(--help shows what is allowed)');
  const open: OpenSession = (command) =>
    createSession(command.optsWithGlobals<GlobalOptions>(), streams.environment, streams);
  const adders = [
    addLocal,
    addStatus,
    addJobs,
    addRead,
    addInfer,
    addLoad,
    addRun,
    addRuns,
    addBackfill,
    addRejects,
    addRaw,
    addDlq,
    addEvents,
    addQuery,
    addSecrets,
    addDecrypt,
  ];
  for (const add of adders) add(program, open);
  for (const command of [program, ...leaves(program)]) addCommonOptions(command);
  return program;
}

/** Common options are allowed before a command's name and behind it. */
function addCommonOptions(command: Command): void {
  command
    .addOption(new Option('--json', 'print JSON: one document, or one a line where there are many results'))
    .addOption(new Option('--jobs <dir>', 'folder of the job files (FOREBAY_JOBS; default: jobs/)'))
    .addOption(new Option('--stage <name>', 'stage that is deployed (FOREBAY_STAGE; default: local)'));
}

/** The commands that do something, as opposed to those that only group others. */
export function leaves(command: Command): Command[] {
  return command.commands.flatMap((child) => (child.commands.length > 0 ? leaves(child) : [child]));
}
