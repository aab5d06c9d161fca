import type { Command } from 'commander';
import { examples, type OpenSession } from '../command.ts';
import { down, type LocalDeps, type LocalStatus, reset, status, up } from '../local/local.ts';
import type { Output } from '../output.ts';
import { exitCodes } from '../problem.ts';

export function addLocal(program: Command, open: OpenSession): void {
  const local = program.command('local').description('the local cloud: the whole app on this machine');
  const deps = (command: Command): LocalDeps => {
    const { environment, output, jobsDir } = open(command);
    return { environment, output, jobs: jobsDir };
  };
  local
    .command('up')
    .description(
      'start the local cloud, deploy the app, make the keys that jobs need; again: deploy what changed',
    )
    .addHelpText('after', examples('forebay local up', 'FOREBAY_PORT=4600 forebay local up'))
    .action(async (_options: object, command: Command) => up(deps(command)));
  local
    .command('down')
    .description('stop the local cloud; all that it stored is gone')
    .addHelpText('after', examples('forebay local down'))
    .action(async (_options: object, command: Command) => down(deps(command)));
  local
    .command('status')
    .description('say whether the local cloud runs, and where (exit code 1 where it does not)')
    .addHelpText('after', examples('forebay local status', 'forebay local status --json'))
    .action(async (_options: object, command: Command) => {
      const at = deps(command);
      const found = await status(at);
      at.output.result(found, (out) => printStatus(out, found));
      if (!found.healthy) process.exitCode = exitCodes.failed;
    });
  local
    .command('reset')
    .description('empty the local cloud and deploy the app anew')
    .addHelpText('after', examples('forebay local reset'))
    .action(async (_options: object, command: Command) => reset(deps(command)));
}

function printStatus(out: Output, found: LocalStatus): void {
  if (!found.running) {
    out.line('the local cloud is not running: `forebay local up` starts it');
    return;
  }
  const state = found.healthy
    ? out.paint('green', 'running')
    : out.paint('red', 'running, but it does not answer');
  out.line(`${state} at ${found.endpoint} (${found.region}), pid ${found.pid}, since ${found.startedAt}`);
  out.line(`state in ${found.stateDirectory}, log in ${found.log}`);
  out.line('its objects live in memory: stopping it loses them');
}
