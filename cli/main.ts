import { CommanderError } from 'commander';
import { explain } from './explain.ts';
import { exitCodes, Problem } from './problem.ts';
import { buildProgram } from './program.ts';

async function main(): Promise<number> {
  const { env: environment, stdout, stderr } = process;
  try {
    await buildProgram({ environment, stdout, stderr }).parseAsync(process.argv);
    return typeof process.exitCode === 'number' ? process.exitCode : exitCodes.ok;
  } catch (error) {
    // commander has printed its own; asking for help is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    stderr.write(`forebay: ${explain(error)}\n`);
    // FOREBAY_DEBUG=1 shows where it was thrown, too.
    if (environment.FOREBAY_DEBUG && error instanceof Error) stderr.write(`${error.stack}\n`);
    return error instanceof Problem ? error.exitCode : exitCodes.failed;
  }
}

// A reader that has seen enough (`| head`) closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main();
