/** What a command tells its caller: one line on stderr and an exit code, never a stack trace. */

export const exitCodes = {
  ok: 0,
  /** The operation failed: a run ended FAILED, a file was not loaded, the cloud refused. */
  failed: 1,
  /** A file as a whole is refused: nothing of it counts as read. */
  refused: 2,
  /** The command line itself is wrong: an unknown job, a slice of the wrong form, a missing file. */
  usage: 64,
} as const;

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const wrongUsage = (message: string): Problem => new Problem(message, exitCodes.usage);
