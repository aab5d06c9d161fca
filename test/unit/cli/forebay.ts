/** The command line within this process: what it prints, and the exit code that it ends with. */
import { explain } from '../../../cli/explain.ts';
import { exitCodes, Problem } from '../../../cli/problem.ts';
import { buildProgram } from '../../../cli/program.ts';

export interface Ended {
  code: number;
  out: string;
  err: string;
}

export async function forebay(...args: string[]): Promise<Ended> {
  const ended: Ended = { code: exitCodes.ok, out: '', err: '' };
  const program = buildProgram({
    environment: {},
    stdout: { write: (text) => (ended.out += text) },
    stderr: { write: (text) => (ended.err += text) },
  });
  try {
    await program.parseAsync(['node', 'forebay', ...args]);
  } catch (error) {
    ended.err += explain(error);
    ended.code = error instanceof Problem ? error.exitCode : exitCodes.failed;
  }
  return ended;
}

/** Lines of NDJSON; numbers as a double holds them. */
export const linesOf = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
