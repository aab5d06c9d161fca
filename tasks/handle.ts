/** What every handler has around its task: dependencies made once, and a line in the log for each call. */
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
 * A handler that logs how each call ended, with `fields` of its input, and ends with what failed. Of an error only
 * what {@link describeError} keeps and the places of the stack leave the function: its message may quote a record.
 */
export function handle<I, O>(
  task: string,
  fields: (input: I) => Record<string, unknown>,
  work: (input: I) => Promise<O>,
): (input: I) => Promise<O> {
  return async (input) => {
    const startedAt = Date.now();
    try {
      const output = await work(input);
      logger.info(`${task} done`, { task, ...fields(input), durationMs: Date.now() - startedAt });
      return output;
    } catch (error) {
      logger.error(`${task} failed`, {
        task,
        ...fields(input),
        durationMs: Date.now() - startedAt,
        error: { ...describeError(error), at: placesOf(error) },
      });
      throw publicError(error);
    }
  };
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
