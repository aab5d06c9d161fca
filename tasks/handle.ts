/** What every handler has around its task: dependencies made once, and lines in the log that say whose they are. */
import { format } from 'node:util';
import { Logger } from '@aws-lambda-powertools/logger';
import { describeError, placesOf, publicError } from '../core/errors.ts';

const logger = new Logger({ serviceName: 'forebay' });

/** Made when first asked for, kept for a warm function, and made again where making failed. */
export function lazily<D>(make: () => D): () => D {
  let made: D | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/**
 * A handler that logs how each call ended, and ends with what failed. Each line of the call has `fields` of its
 * input, whoever writes it. Of an error only what {@link describeError} keeps and the places of the stack leave the
 * function: its message may quote a record.
 */
export function handle<I, O>(
  task: string,
  fields: (input: I) => Record<string, unknown>,
  work: (input: I) => Promise<O>,
): (input: I, context?: { awsRequestId?: string }) => Promise<O> {
  return async (input, context) => {
    const startedAt = Date.now();
    // A warm function still has what the call before it was about.
    logger.resetKeys();
    const takeBack = takeConsole();
    try {
      logger.appendKeys({ task, requestId: context?.awsRequestId, ...fields(input) });
      const output = await work(input);
      logger.info(`${task} done`, { durationMs: Date.now() - startedAt });
      return output;
    } catch (error) {
      logger.error(`${task} failed`, {
        durationMs: Date.now() - startedAt,
        error: { ...describeError(error), at: placesOf(error) },
      });
      throw publicError(error);
    } finally {
      takeBack();
    }
  };
}

/** More that the lines of this call are to say, from now on. */
export const addToLog = (fields: Record<string, unknown>): void => logger.appendKeys(fields);

const levels = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const;

/** Lines that a library writes to the console go through the logger, which has a console of its own. */
function takeConsole(): () => void {
  const names = Object.keys(levels) as Array<keyof typeof levels>;
  const kept = Object.fromEntries(names.map((name) => [name, console[name]]));
  for (const name of names) console[name] = (...words: unknown[]) => logger[levels[name]](format(...words));
  return () => void Object.assign(console, kept);
}

export const log = (message: string, fields: Record<string, unknown>): void =>
  logger.warn(message, { ...fields });

/** The fields of a run that each log line carries. */
export const runFields = ({
  run,
}: {
  run: { job: string; runId: string; slice: string };
}): Record<string, unknown> => ({
  job: run.job,
  runId: run.runId,
  slice: run.slice,
});

/** The same of a backfill, and of its slice where there is one. */
export const backfillFields = ({
  backfill,
  item,
}: {
  backfill: { job: string; id: string };
  item?: { slice: string };
}): Record<string, unknown> => ({
  job: backfill.job,
  backfill: backfill.id,
  ...(item === undefined ? {} : { slice: item.slice }),
});
