import { CommanderError } from 'commander';
import { explain } from './explain.ts';
import { exitCodes, Problem } from './problem.ts';
import { buildProgram, type Streams } from './program.ts';

/** Runs one command line, `node` and the program's name in front as in `process.argv`, and gives its exit code. */
export async function runCommand(argv: readonly string[], streams: Streams): Promise<number> {
  const { environment, stderr } = streams;
  process.exitCode = undefined;
  try {
    await buildProgram(streams).parseAsync([...argv]);
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
